"""Results of the overfitting criteria for a run.

The criteria evaluate whole curves. The curves of a run that has ended do not change, so the results
are cached.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mnist_core.evaluation.outcome import Outcome, outcome, rate_jump
from mnist_core.evaluation.overfitting import CRITERIA, Curves
from mnist_core.runs import EpochRecord, RateChange, Run
from ui.common.lab import lab


@dataclass(frozen=True)
class Finding:
    """The result of a criterion for a run that has ended.

    Attributes:
        outcome: What the curves show.
        at_best: The last epoch before overfitting; None without overfitting.
        jump: The change of the learning rate that made the loss jump, if any.
    """

    outcome: Outcome
    at_best: EpochRecord | None
    jump: RateChange | None


def finding(run: Run, criterion: str) -> Finding:
    """Return the result of a criterion for a run with at least one epoch."""
    return _findings(run.id, run.version, run.config.metric, run.config.classes)[criterion]


@lru_cache(maxsize=256)
def _findings(run_id: str, _version: int, metric: str, classes: int) -> dict[str, Finding]:
    """Return the finding of each criterion; the run's version is part of the cache key."""
    records = lab.store.curves(run_id)
    curves = Curves.of(records)
    jump = rate_jump(curves.loss, np.array([record.learning_rate for record in records]))
    found = {}
    for key, criterion in CRITERIA.items():
        point = criterion.find(curves)
        at_best = records[point.best_epoch - 1] if point.best_epoch else None
        found[key] = Finding(outcome(curves, point, metric, classes=classes), at_best, jump)
    return found
