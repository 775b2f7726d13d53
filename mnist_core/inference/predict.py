"""What trained networks read in a picture, asked of a worker.

A page and the command line ask with plain words and arrays; TensorFlow is loaded by whoever
answers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.runs import Run, RunStatus, Store

#: The two models that a run leaves.
CHECKPOINTS = ("best", "last")


def checkpoints_of(run: Run) -> tuple[str, ...]:
    """Which of them differ.

    A model that came in as a file is its own best and last, and where no validation sample
    judges, no epoch is the best one: both are the last. Of a run that failed only the best was
    kept.
    """
    if run.status is RunStatus.FAILED:
        return CHECKPOINTS[:1]
    judged = run.imported is None and run.config.validation_size > 0
    return CHECKPOINTS if judged else CHECKPOINTS[:1]


@dataclass(frozen=True)
class Prediction:
    """What a network reads in one picture.

    Attributes:
        probabilities: One for each digit, 0 to 1; together 1.
        seconds: How long the network took, without loading it.
    """

    probabilities: tuple[float, ...]
    seconds: float

    @property
    def digit(self) -> int:
        """The digit with the highest probability."""
        return int(np.argmax(self.probabilities))

    @property
    def runner_up(self) -> int:
        """The digit with the second highest probability."""
        return int(np.argsort(self.probabilities)[-2])

    @property
    def confidence(self) -> float:
        """The probability of the digit that it reads."""
        return self.probabilities[self.digit]


def predict_each(
    store: Store, models: Sequence[tuple[str, str]], image_u8: NDArray[np.uint8]
) -> list[Prediction]:
    """Show one picture to several models.

    Args:
        store: Where the runs are.
        models: A run's id and "best" or "last", for each.
        image_u8: uint8 (28, 28), from :mod:`mnist_core.drawing.digit`.

    Raises:
        StoreError: A run or its model is not there.
        DataError: A model cannot be loaded.
    """
    return [predict(store, run_id, checkpoint, image_u8[None])[0] for run_id, checkpoint in models]


def predict(
    store: Store, run_id: str, checkpoint: str, images_u8: NDArray[np.uint8]
) -> list[Prediction]:
    """Show pictures to one model.

    Args:
        store: Where the run is.
        run_id: The run.
        checkpoint: "best" or "last".
        images_u8: uint8 (n, 28, 28).

    Raises:
        StoreError: The run or its model is not there.
        DataError: The model cannot be loaded.
    """
    from mnist_core.workers.setup import load_tensorflow

    load_tensorflow()
    from mnist_core.inference.models import load

    model = load(store, run_id, checkpoint)
    predictions = []
    for image in images_u8:
        began = time.perf_counter()
        probabilities = model.probabilities(image[None])[0]
        seconds = time.perf_counter() - began
        predictions.append(Prediction(tuple(map(float, probabilities)), seconds))
    return predictions
