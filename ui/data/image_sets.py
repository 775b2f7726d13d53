"""The images of a task as sets to look through: all of them, or an experiment's three parts.

Each image has one number, its place in the whole collection (training images first, test images
after them), so that it is called the same in whichever set it is met. Sets hold numbers and
labels; the images themselves stay where they are, once for all sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from mnist_core.experiment.architectures import architectures_for
from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import Dataset, draw, task

#: The sets, in the order of the page: everything, then an experiment's parts.
SETS = ("all", "train", "validation", "test")
#: Settings that decide which images are drawn; all others leave the sets as they are.
DECIDING = (
    "task", "train_size", "validation_size", "sampling", "folds", "fold", "seed", "label_noise",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Some images of a task, in order.

    Attributes:
        task: Key of the task.
        numbers: int64 (n,), places in the whole collection.
        labels: int64 (n,), the classes that they are said to be of.
        wrong: bool (n,), true where that was made wrong on purpose.
    """

    task: str
    numbers: NDArray[np.int64]
    labels: NDArray[np.int64]
    wrong: NDArray[np.bool_]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """int64 (classes,): how many are said to be of each class."""
        return np.bincount(self.labels, minlength=len(task(self.task).classes))

    @cached_property
    def wrong_counts(self) -> NDArray[np.int64]:
        """int64 (classes,): how many of those are said so wrongly."""
        return np.bincount(self.labels[self.wrong], minlength=len(task(self.task).classes))

    def chosen(self, label: int | None = None, *, wrong: bool = False) -> ImageSet:
        """Those of one class (None for every one), or only those with a wrong label."""
        keep = self.wrong if wrong else np.ones(len(self.numbers), bool)
        if label is not None:
            keep = keep & (self.labels == label)
        return self._at(np.flatnonzero(keep))

    def page(self, page: int, size: int) -> ImageSet:
        """The images of a page, counted from 1."""
        return self._at(np.arange(len(self.numbers))[size * (page - 1) : size * page])

    def label_of(self, number: int) -> int | None:
        """The class that an image is said to be of, None if it is not in the set."""
        places = np.flatnonzero(self.numbers == number)
        return int(self.labels[places[0]]) if len(places) else None

    def _at(self, places: NDArray[np.int64]) -> ImageSet:
        return ImageSet(self.task, self.numbers[places], self.labels[places], self.wrong[places])


def image_set(name: str, config: TrainingConfig) -> ImageSet:
    """One of ``SETS``, for an experiment; made once for all sessions that look at the same.

    Args:
        name: "all", "train", "validation" or "test".
        config: The experiment; "all" and "test" depend on its task alone.

    Raises:
        DataError: The data cannot be read.
    """
    deciding = {field: getattr(config, field) for field in DECIDING}
    any_network = next(iter(architectures_for(config.task)))
    return _sets(TrainingConfig(**deciding, architecture=any_network))[name]


def images(key: str, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Images of a task by their numbers.

    Args:
        key: The task.
        numbers: int64 (n,).

    Returns:
        uint8 (n, 28, 28), 0 to 255.
    """
    data = task(key).load()
    taught = len(data.y_train)
    found = np.empty((len(numbers), *data.x_train.shape[1:]), data.x_train.dtype)
    in_test = numbers >= taught
    found[~in_test] = data.x_train[numbers[~in_test]]
    found[in_test] = data.x_test[numbers[in_test] - taught]
    return found


def truth(key: str, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """What images of a task really are.

    Returns:
        int64 (n,).
    """
    return _truth(key)[numbers]


def has_pictures(key: str) -> bool:
    """Whether a task's samples are pictures: what this module can show."""
    return task(key).inputs == "images"


@lru_cache(maxsize=4)
def _truth(key: str) -> NDArray[np.int64]:
    data = task(key).load()
    return np.concatenate([data.y_train, data.y_test]).astype(np.int64)


@lru_cache(maxsize=8)
def _sets(config: TrainingConfig) -> dict[str, ImageSet]:
    data: Dataset = task(config.task).load()
    train, validation = draw(data, config)
    taught, everyone = len(data.y_train), np.arange(len(data.y_train) + len(data.y_test))
    known = _truth(config.task)

    def right(numbers: NDArray[np.int64]) -> ImageSet:
        return ImageSet(config.task, numbers, known[numbers], np.zeros(len(numbers), bool))

    return {
        "all": right(everyone),
        "train": ImageSet(config.task, train.indices, train.labels, train.wrong),
        "validation": right(validation.indices),
        "test": right(everyone[taught:]),
    }
