"""Predictions of trained models for images."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnist_core.inference.answers import Prediction
from mnist_core.inference.models import load
from mnist_core.runs import Store


def predict_each(
    store: Store, models: Sequence[tuple[str, str]], image_u8: NDArray[np.uint8]
) -> list[Prediction]:
    """Return the predictions of several models for an image.

    Args:
        store: The store that has the runs.
        models: For each model the id of its run and "best" or "last".
        image_u8: uint8 (28, 28), from :mod:`mnist_core.drawing.digit`.

    Raises:
        StoreError: A run or its model does not exist.
        DataError: A model cannot be loaded.
    """
    return [predict(store, run_id, checkpoint, image_u8[None])[0] for run_id, checkpoint in models]


def predict(
    store: Store, run_id: str, checkpoint: str, images_u8: NDArray[np.uint8]
) -> list[Prediction]:
    """Return the predictions of a model for images.

    Args:
        store: The store that has the run.
        run_id: Id of the run.
        checkpoint: "best" or "last".
        images_u8: uint8 (n, 28, 28).

    Raises:
        StoreError: The run or its model does not exist.
        DataError: The model cannot be loaded.
    """
    model = load(store, run_id, checkpoint)
    predictions = []
    for image in images_u8:
        began = time.perf_counter()
        probabilities = model.probabilities(image[None])[0]
        seconds = time.perf_counter() - began
        predictions.append(Prediction(tuple(map(float, probabilities)), seconds))
    return predictions
