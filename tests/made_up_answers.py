"""Generated predictions, in place of a worker's."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.parts import AnyEvaluation
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.inference.answers import TableAnswer, TextAnswer, WordPush
from mnist_core.tasks import task
from ui.common.lab import lab

#: Maximum number of evaluated samples.
COUNT = 90


def judgement(name: str, part: str) -> AnyEvaluation:
    """Return the evaluation of generated predictions for real samples."""
    entry, data = task(name), task(name).load()
    y = (data.y_test if part == "test" else data.y_train)[:COUNT]
    dice = np.random.default_rng(len(part))
    if entry.quantity is not None:
        spread = {"train": 0.5, "validation": 2, "test": 3}[part]
        return RegressionEvaluation.of(
            y, y + dice.normal(0, spread, len(y)), unit=entry.quantity.unit
        )
    sums = dice.normal(0, 1, (COUNT, len(entry.classes)))
    # For texts most predictions are class 1 ("for", or "earn"), so one cell is very full.
    sums[:, min(1, len(entry.classes) - 1)] += 3 if entry.inputs == "texts" else 0
    sums[np.arange(COUNT), y] += {"train": 4, "validation": 2, "test": 1}[part]
    powers = np.exp(sums)
    return Evaluation.of(
        y.astype(int), powers / powers.sum(axis=1, keepdims=True), classes=entry.classes
    )


def answer(function: str, *arguments: Any, **_kind: Any) -> Any:
    """Replace ``lab.ask``: return a worker's answer to a request of the page Ask."""
    run = lab.store.get(arguments[0])
    entry = task(run.config.task)
    if function.endswith(":answer_table"):
        return TableAnswer(25.0, 21.0, (4.0,) + (0.0,) * (len(entry.columns) - 1))
    assert function.endswith(":answer_text"), function
    others = len(entry.classes) - 2
    chances = (0.2, 0.8 - 0.01 * others, *[0.01] * others)
    return TextAnswer(chances, 1, (WordPush("great", 2.0, 0.35),), ("zorble",))
