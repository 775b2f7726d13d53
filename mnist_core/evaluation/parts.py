"""The parts of a run's data on which its networks are evaluated, and their samples."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import ConfigError, unknown_name
from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.i18n import mark
from mnist_core.runs import Run
from mnist_core.tasks import Texts, task
from mnist_core.tasks.text_data import read_back

AnyEvaluation: TypeAlias = "Evaluation | RegressionEvaluation"
"""Of a task with classes, or of one whose answer is a number."""
#: The parts of a run's data. A lesson's training images are MNIST's share of them.
PARTS = ("test", "validation", "train")


def parts_of(run: Run) -> tuple[str, ...]:
    """The parts that a run's networks can be judged on.

    Of a model that came in as a file nobody knows what it learned from, so the test samples are
    the only ones that it may be presumed not to know. Some runs have no validation samples.
    """
    if run.imported is not None:
        return PARTS[:1]
    return tuple(part for part in PARTS if part != "validation" or run.config.validation_size)


def check_part(run: Run, part: str) -> None:
    """See that a run's networks can be judged on a part.

    Raises:
        ConfigError: There is no such part, or not of this run.
    """
    if part not in PARTS:
        raise unknown_name("part", part, PARTS)
    if part not in parts_of(run):
        why = mark("It was imported from a file; which samples it was trained on is not known.")
        if run.imported is None:
            why = mark("It was trained without any.")
        raise ConfigError(
            mark("“{name}” is to be evaluated on its {part} samples."),
            why,
            mark("Evaluate it on the test samples."),
            name=run.name,
            part=part,
        )


def samples_of(run: Run, part: str, indices: NDArray[np.int64]) -> Any:
    """Samples of a part as they came: images, texts, or rows of a table in their own units.

    Args:
        run: Of which task they are.
        part: One of :data:`PARTS`.
        indices: Their places, as an evaluation has them.

    Raises:
        DataError: The data is not there.
    """
    data = task(run.config.task).load()
    return (data.x_test if part == "test" else data.x_train)[indices]


def texts_of(run: Run, part: str, indices: NDArray[np.int64]) -> list[str]:
    """Texts of a part in words, as :func:`samples_of` otherwise."""
    texts: Texts = samples_of(run, part, indices)
    vocabulary = task(run.config.task).load().vocabulary
    return [read_back(texts.text(number), vocabulary) for number in range(len(texts))]
