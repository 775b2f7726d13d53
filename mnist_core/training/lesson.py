"""A lesson: a class's drawings, and MNIST images to mix them with. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.runs.drawings import unpack
from mnist_core.tasks import Part

#: From so many on, every fifth one is kept aside.
FEWEST_TO_KEEP_ASIDE = 20
KEPT_ASIDE = 5
#: The drawings' share of what is seen in an epoch, each as often as it takes.
SHARE = 1 / 4


@dataclass(frozen=True, eq=False)
class Lesson:
    """Drawings to learn from, and drawings to judge by.

    Attributes:
        taught: Images uint8 (n, 28, 28) and labels int64 (n,) to learn from.
        judged: Those kept aside; where there are too few for that, the same as ``taught``.
    """

    taught: tuple[NDArray[np.uint8], NDArray[np.int64]]
    judged: tuple[NDArray[np.uint8], NDArray[np.int64]]

    @classmethod
    def of(cls, x: NDArray[np.uint8], y: NDArray[np.int64]) -> Lesson:
        """Divide drawings, each digit's every fifth to judge by."""
        if len(y) < FEWEST_TO_KEEP_ASIDE:
            return cls((x, y), (x, y))
        order = np.argsort(y, kind="stable")
        aside = np.zeros(len(y), dtype=bool)
        aside[order[KEPT_ASIDE - 1 :: KEPT_ASIDE]] = True
        return cls((x[~aside], y[~aside]), (x[aside], y[aside]))

    @classmethod
    def from_bytes(cls, content: bytes) -> Lesson:
        """The lesson in a run's file."""
        return cls.of(*unpack(content))


def mixed(part: Part, drawings: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> Part:
    """MNIST images with drawings, which are repeated until they have their share of the mixture.

    Args:
        part: MNIST's share.
        drawings: Images uint8 (n, 28, 28) and labels int64 (n,).

    Returns:
        Both; a drawing's place in the dataset is -1.
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


def with_figures(
    lesson: Mapping[str, Any], *, before: float, after: float, test: float
) -> dict[str, Any]:
    """A run's lesson with what came of it, accuracies from 0 to 1."""
    return dict(lesson) | {
        "before": {"drawings": before, "test": lesson["before"]["test"]},
        "after": {"drawings": after, "test": test},
    }
