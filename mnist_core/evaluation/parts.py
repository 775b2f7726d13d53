"""The training, validation and test set of a run, and their samples in readable form."""

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
"""The evaluation of a classifier or of a regression network."""
#: The sets of a run. For a fine-tuned model they do not include the drawings.
PARTS = ("test", "validation", "train")


def parts_of(run: Run) -> tuple[str, ...]:
    """Return the sets on which a run's models can be evaluated.

    The training set of an imported model is unknown, so it is evaluated on the test set only.

    Args:
        run: The run.

    Returns:
        Names of :data:`PARTS`, without "validation" if the run has no validation set.
    """
    if run.imported is not None:
        return PARTS[:1]
    return tuple(part for part in PARTS if part != "validation" or run.config.validation_size)


def check_part(run: Run, part: str) -> None:
    """Check that a run's models can be evaluated on a set.

    Args:
        run: The run.
        part: The name of the set.

    Raises:
        ConfigError: The name is unknown, or the run has no such set.
    """
    if part not in PARTS:
        raise unknown_name("part", part, PARTS)
    if part not in parts_of(run):
        problem = mark(
            "The training and validation sets of “{name}” are unknown, because the model was "
            "imported."
        )
        if run.imported is None:
            problem = mark("“{name}” has no validation set.")
        raise ConfigError(
            problem,
            mark("Evaluate it on the test set."),
            name=run.name,
            part=part,
        )


def samples_of(run: Run, part: str, indices: NDArray[np.int64]) -> Any:
    """Return samples in their original form: images, texts, or table rows in the data's units.

    Args:
        run: A run of the task.
        part: One of :data:`PARTS`.
        indices: Indices in the dataset, as in an evaluation, int64 (n,).

    Raises:
        DataError: The data set cannot be loaded.
    """
    data = task(run.config.task).load()
    return (data.x_test if part == "test" else data.x_train)[indices]


def texts_of(run: Run, part: str, indices: NDArray[np.int64]) -> list[str]:
    """Return texts of a set as words; for the arguments see :func:`samples_of`."""
    texts: Texts = samples_of(run, part, indices)
    vocabulary = task(run.config.task).load().vocabulary
    return [read_back(texts.text(number), vocabulary) for number in range(len(texts))]
