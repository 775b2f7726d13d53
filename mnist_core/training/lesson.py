"""Fine-tuning samples: labelled drawings mixed with MNIST images. Does not import TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.runs.drawings import unpack
from mnist_core.tasks import Part

#: Fewest drawings of which a part is held out.
FEWEST_TO_HOLD_OUT = 20
#: Of every five drawings of a digit one is held out.
HOLD_OUT_EVERY = 5
#: Fraction of the samples of an epoch that are drawings; they are repeated to reach it.
SHARE = 1 / 4


@dataclass(frozen=True, eq=False)
class Lesson:
    """Labelled drawings for fine-tuning, divided into training and held-out drawings.

    Attributes:
        training: Images uint8 (n, 28, 28) and labels int64 (n,) for training.
        held_out: Images and labels for validation; the same as ``training`` if there are fewer
            than `FEWEST_TO_HOLD_OUT` drawings.
    """

    training: tuple[NDArray[np.uint8], NDArray[np.int64]]
    held_out: tuple[NDArray[np.uint8], NDArray[np.int64]]

    @classmethod
    def of(cls, x: NDArray[np.uint8], y: NDArray[np.int64]) -> Lesson:
        """Divide drawings; every fifth drawing, in the order of the labels, is held out.

        Args:
            x: Images uint8 (n, 28, 28).
            y: Labels int64 (n,), 0 to 9.
        """
        if len(y) < FEWEST_TO_HOLD_OUT:
            return cls((x, y), (x, y))
        order = np.argsort(y, kind="stable")
        held_out = np.zeros(len(y), dtype=bool)
        held_out[order[HOLD_OUT_EVERY - 1 :: HOLD_OUT_EVERY]] = True
        return cls((x[~held_out], y[~held_out]), (x[held_out], y[held_out]))

    @classmethod
    def from_bytes(cls, content: bytes) -> Lesson:
        """Return the drawings in the content of a run's file."""
        return cls.of(*unpack(content))


def mixed(part: Part, drawings: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> Part:
    """Return MNIST images and drawings together, the drawings repeated to their `SHARE`.

    Args:
        part: MNIST images.
        drawings: Images uint8 (n, 28, 28) and labels int64 (n,).

    Returns:
        A part with both; the index of a drawing is -1.
    """
    x, y = drawings
    times = max(1, round(len(part.labels) * SHARE / (1 - SHARE) / len(y)))
    count = times * len(y)
    return Part(
        inputs=np.concatenate([part.images_u8, np.tile(x, (times, 1, 1))]),
        labels=np.concatenate([part.labels, np.tile(y, times)]),
        indices=np.concatenate([part.indices, np.full(count, -1)]),
        wrong=np.concatenate([part.wrong, np.zeros(count, dtype=bool)]),
    )


def with_accuracies(
    lesson: Mapping[str, Any], *, before: float, after: float, test: float
) -> dict[str, Any]:
    """Return a run's `lesson` with the accuracies before and after fine-tuning, 0 to 1.

    Args:
        lesson: The run's stored `lesson`.
        before: Accuracy of the base model on the held-out drawings.
        after: Accuracy of the fine-tuned model on the held-out drawings.
        test: Accuracy of the fine-tuned model on the test set.
    """
    return dict(lesson) | {
        "before": {"drawings": before, "test": lesson["before"]["test"]},
        "after": {"drawings": after, "test": test},
    }
