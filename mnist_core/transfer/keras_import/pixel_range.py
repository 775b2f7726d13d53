"""What a network from a file does with digits: how it wants its pixels, and how well it reads."""

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
from mnist_core.transfer.keras_import.legacy import CONVOLUTIONS, turned_round
from mnist_core.transfer.keras_import.refusal import RefusedError

TASK = "mnist"
#: How a network may want its pixels, see ``mnist_core.tasks.pixel_factor``.
SCALINGS = ("unit", "raw")
#: Other ways in which people prepare pixels: what those from 0 to 255 are multiplied by, and what
#: is added. The last one is by the mean and the deviation of all pixels of MNIST.
OTHER_WAYS = {
    "centred": (1 / 127.5, -1.0),
    "inverted": (-1 / 255, 1.0),
    "inverted_raw": (-1.0, 255.0),
    "standardised": (1 / (255 * 0.3081), -0.1307 / 0.3081),
}
#: Digits that are read at a time, which the largest network does in some seconds, and so many for
#: a glance.
PIECE = 100
GLANCE = 500
#: Glances and measuring end after so many seconds each; a model that slow has no figure.
GLANCE_SECONDS, MEASURING_SECONDS = 10.0, 15.0
#: How far the answers of a softmax may be from a sum of 1.
TOLERANCE = 1e-3
#: A loss so many times lower tells which pixels are the right ones, too.
CLEARLY_LOWER = 1.5


@dataclass(frozen=True)
class Glance:
    """What a network does with a few training digits.

    Attributes:
        accuracy: 0 to 1.
        loss: Cross-entropy; infinite where its answers are no probabilities.
    """

    accuracy: float
    loss: float


def glances(model: Any) -> dict[str, Glance]:
    """A few digits, read with the pixels prepared in each way; a slow network reads fewer."""
    data = task(TASK).load()
    until = time.monotonic() + GLANCE_SECONDS
    found: dict[str, Glance] = {}
    for way in (*SCALINGS, *OTHER_WAYS):
        if way not in SCALINGS and time.monotonic() > until:
            break
        answers = _answers(model, data.x_train[:GLANCE], way, until)
        total = answers.sum(axis=1)
        if np.isfinite(answers).all() and answers.min() >= 0 and abs(total - 1).max() <= TOLERANCE:
            loss, accuracy = _figures(answers, data.y_train)
            found[way] = Glance(accuracy, loss)
        else:
            found[way] = Glance(0.0, math.inf)
    return found


def with_kernels_turned(model: Any, found: dict[str, Glance]) -> tuple[dict[str, Glance], bool]:
    """Turn the kernels of convolutions round if that is clearly better: Theano has them so.

    Args:
        model: A network of Keras 1, whose files do not say what it computed with.
        found: What it does as it is.

    Returns:
        What it does as it is left, and whether its kernels were turned.
    """
    layers = [layer for layer in model.layers if type(layer).__name__ in CONVOLUTIONS]
    if not layers:
        return found, False
    _turn_kernels(layers)
    turned = glances(model)
    if _best(turned) > _best(found) + CLEARLY_BETTER:
        return turned, True
    _turn_kernels(layers)
    return found, False


def _turn_kernels(layers: list[Any]) -> None:
    for layer in layers:
        layer.kernel.assign(turned_round(np.asarray(layer.kernel)))


def _best(found: Mapping[str, Glance]) -> float:
    return max(found[one].accuracy for one in SCALINGS)


def check_answers(glance: Glance) -> None:
    """Refuse a network whose answers are no probabilities.

    Raises:
        RefusedError: They are none.
    """
    if not math.isfinite(glance.loss):
        raise RefusedError(
            mark("Shown digits, it does not answer with probabilities that sum to 1."),
            mark("Let the last layer be Dense(10) with softmax, or with no activation."),
        )


def better(found: Mapping[str, Glance]) -> tuple[str, str]:
    """The range of pixels that is probably the right one, and what tells so.

    Returns:
        "unit" or "raw", and "accuracy" or "loss"; "unclear" where both do nearly as well.
    """
    worse, best = sorted(SCALINGS, key=lambda one: found[one].accuracy)
    if found[best].accuracy > found[worse].accuracy + CLEARLY_BETTER:
        return best, "accuracy"
    lower, higher = sorted(SCALINGS, key=lambda one: found[one].loss)
    if found[higher].loss > found[lower].loss * CLEARLY_LOWER:
        return lower, "loss"
    return lower, "unclear"


def other_way(found: Mapping[str, Glance]) -> str | None:
    """The other way of preparing pixels that is clearly better than both ranges, if one is."""
    best = max(found, key=lambda one: found[one].accuracy)
    clear = found[best].accuracy > max(_best(found) + CLEARLY_BETTER, LOW)
    return best if clear else None


def measured(model: Any, scaling: str) -> tuple[float | None, float | None, int]:
    """Loss and accuracy on the test digits, and how many it has read in the time that it has.

    Both are None if it did not read all of them.
    """
    data = task(TASK).load()
    answers = _answers(model, data.x_test, scaling, time.monotonic() + MEASURING_SECONDS)
    if len(answers) < len(data.y_test):
        return None, None, len(answers)
    return *_figures(answers, data.y_test), len(answers)


def _answers(
    model: Any, images_u8: NDArray[np.uint8], way: str, until: float
) -> NDArray[np.float32]:
    """Its answers to the images, or to the first ones, of which there is at least one piece."""
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
