"""What the overfitting criteria find in the curves of a run.

The criteria read whole curves. The curves of a run that has ended do not change, so the results
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
    """What a criterion says of a run that has ended.

    Attributes:
        outcome: What its curves show.
        at_best: The epoch before overfitting began, None where it did not.
        jump: The change of the learning rate that made its loss jump, if one did.
    """

    outcome: Outcome
    at_best: EpochRecord | None
    jump: RateChange | None


def finding(run: Run, criterion: str) -> Finding:
    """What a criterion finds in a run that has at least one epoch."""
    return _findings(run.id, run.version, run.config.metric, run.config.classes)[criterion]


@lru_cache(maxsize=256)
def _findings(run_id: str, _version: int, metric: str, classes: int) -> dict[str, Finding]:
    """By criterion; the run's version tells whether what was found before still holds."""
    records = lab.store.curves(run_id)
    curves = Curves.of(records)
    jump = rate_jump(curves.loss, np.array([record.learning_rate for record in records]))
    found = {}
    for key, criterion in CRITERIA.items():
        point = criterion.find(curves)
        at_best = records[point.best_epoch - 1] if point.best_epoch else None
        found[key] = Finding(outcome(curves, point, metric, classes=classes), at_best, jump)
    return found
