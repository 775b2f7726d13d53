"""Measurement of an imported model's accuracy on MNIST, and of the pixel range that it expects."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.i18n import mark
from mnist_core.tasks import prepare, task
from mnist_core.transfer.keras_import.findings import CLEARLY_BETTER, LOW
from mnist_core.transfer.keras_import.legacy import CONVOLUTIONS, rotated
from mnist_core.transfer.keras_import.refusal import RefusedError

TASK = "mnist"
#: Pixel ranges that the lab supports, see ``mnist_core.tasks.pixel_factor``.
SCALINGS = ("unit", "raw")
#: Other usual preparations: factor and offset for pixels from 0 to 255. "standardised" uses the
#: mean and the standard deviation of all pixels of MNIST.
OTHER_WAYS = {
    "centred": (1 / 127.5, -1.0),
    "inverted": (-1 / 255, 1.0),
    "inverted_raw": (-1.0, 255.0),
    "standardised": (1 / (255 * 0.3081), -0.1307 / 0.3081),
}
#: Images in one prediction, which takes the largest network some seconds, and images in a trial.
PIECE = 100
TRIAL_IMAGES = 500
#: Time limits of all trials and of the measurement; a slower model gets no figures.
TRIAL_SECONDS, MEASURING_SECONDS = 10.0, 15.0
#: Largest valid difference between the sum of a softmax's outputs and 1.
TOLERANCE = 1e-3
#: Ratio of the losses above which the pixel range with the lower loss is the right one.
CLEARLY_LOWER = 1.5


@dataclass(frozen=True)
class Trial:
    """Figures of a network on a few training images.

    Attributes:
        accuracy: 0 to 1.
        loss: Cross-entropy; infinite if the outputs are not probabilities.
    """

    accuracy: float
    loss: float


def run_trials(model: Any) -> dict[str, Trial]:
    """Measure the accuracy for each preparation of the pixels; a slow network predicts fewer."""
    data = task(TASK).load()
    until = time.monotonic() + TRIAL_SECONDS
    found: dict[str, Trial] = {}
    for way in (*SCALINGS, *OTHER_WAYS):
        if way not in SCALINGS and time.monotonic() > until:
            break
        answers = _answers(model, data.x_train[:TRIAL_IMAGES], way, until)
        total = answers.sum(axis=1)
        if np.isfinite(answers).all() and answers.min() >= 0 and abs(total - 1).max() <= TOLERANCE:
            loss, accuracy = _figures(answers, data.y_train)
            found[way] = Trial(accuracy, loss)
        else:
            found[way] = Trial(0.0, math.inf)
    return found


def with_rotated_kernels(model: Any, found: dict[str, Trial]) -> tuple[dict[str, Trial], bool]:
    """Rotate the convolution kernels if that is clearly better: Theano stored them so.

    Args:
        model: A network of Keras 1, whose files do not state the backend.
        found: The trials of the network as it is.

    Returns:
        The trials of the network as it is left, and whether its kernels were rotated.
    """
    layers = [layer for layer in model.layers if type(layer).__name__ in CONVOLUTIONS]
    if not layers:
        return found, False
    _rotate_kernels(layers)
    rotated_trials = run_trials(model)
    if _best(rotated_trials) > _best(found) + CLEARLY_BETTER:
        return rotated_trials, True
    _rotate_kernels(layers)
    return found, False


def _rotate_kernels(layers: list[Any]) -> None:
    for layer in layers:
        layer.kernel.assign(rotated(np.asarray(layer.kernel)))


def _best(found: Mapping[str, Trial]) -> float:
    return max(found[one].accuracy for one in SCALINGS)


def check_probabilities(trial: Trial) -> None:
    """Reject a network whose outputs are not probabilities.

    Raises:
        RefusedError: The outputs are not probabilities.
    """
    if not math.isfinite(trial.loss):
        raise RefusedError(
            mark("The model's outputs for digits are not probabilities that sum to 1."),
            mark("Use Dense(10) with softmax or without activation as the last layer."),
        )


def better_range(found: Mapping[str, Trial]) -> tuple[str, str]:
    """Return the pixel range that is probably the right one, and the reason.

    Returns:
        "unit" or "raw", and "accuracy", "loss", or "unclear" if the ranges hardly differ.
    """
    worse, best = sorted(SCALINGS, key=lambda one: found[one].accuracy)
    if found[best].accuracy > found[worse].accuracy + CLEARLY_BETTER:
        return best, "accuracy"
    lower, higher = sorted(SCALINGS, key=lambda one: found[one].loss)
    if found[higher].loss > found[lower].loss * CLEARLY_LOWER:
        return lower, "loss"
    return lower, "unclear"


def other_way(found: Mapping[str, Trial]) -> str | None:
    """Return another preparation of the pixels if it is clearly better than both ranges."""
    best = max(found, key=lambda one: found[one].accuracy)
    clear = found[best].accuracy > max(_best(found) + CLEARLY_BETTER, LOW)
    return best if clear else None


def measured(model: Any, scaling: str) -> tuple[float | None, float | None, int]:
    """Return loss and accuracy on the test set, and the number of images that were predicted.

    Loss and accuracy are None if the time limit was reached first.
    """
    data = task(TASK).load()
    answers = _answers(model, data.x_test, scaling, time.monotonic() + MEASURING_SECONDS)
    if len(answers) < len(data.y_test):
        return None, None, len(answers)
    return *_figures(answers, data.y_test), len(answers)


def _answers(
    model: Any, images_u8: NDArray[np.uint8], way: str, until: float
) -> NDArray[np.float32]:
    """Return the outputs for the images, or for the first images if the time is up."""
    shape = tuple(model.input_shape[1:])
    pieces: list[NDArray[np.float32]] = []
    for start in range(0, len(images_u8), PIECE):
        if pieces and time.monotonic() > until:
            break
        some = images_u8[start : start + PIECE]
        if way in SCALINGS:
            x = prepare(some, scaling=way, input_shape=shape)
        else:
            factor, added = (np.float32(one) for one in OTHER_WAYS[way])
            x = prepare(some, scaling="raw", input_shape=shape) * factor + added
        pieces.append(model.predict_on_batch(x))
    return np.concatenate(pieces)


def _figures(answers: NDArray[np.float32], labels: NDArray[Any]) -> tuple[float, float]:
    labels = labels[: len(answers)]
    right = answers[np.arange(len(answers)), labels]
    loss = float(-np.log(np.clip(right, 1e-7, 1)).mean())
    return loss, float((answers.argmax(axis=1) == labels).mean())
