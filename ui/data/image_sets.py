"""The samples of a task as sets to browse: all of them, training, validation and test set.

Each sample has a number, its position in the whole data set (training samples first, then test
samples), which is the same in every set. Sets hold numbers and labels; the samples themselves are
in memory once, for all sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from mnist_core.experiment.architectures import architectures_for
from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import Dataset, draw, task

#: The sets in the order of the page: all samples, then the three sets of an experiment.
SETS = ("all", "train", "validation", "test")
#: The settings that determine the sets.
SAMPLING_FIELDS = (
    "task", "train_size", "validation_size", "sampling", "folds", "fold", "seed", "label_noise",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Some samples of a task, in order.

    Attributes:
        task: Key of the task.
        numbers: int64 (n,), positions in the whole data set.
        labels: int64 (n,), the labels.
        wrong: bool (n,), True where label noise changed the label.
    """

    task: str
    numbers: NDArray[np.int64]
    labels: NDArray[np.int64]
    wrong: NDArray[np.bool_]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """int64 (classes,): the number of samples with each label."""
        return np.bincount(self.labels, minlength=len(task(self.task).classes))

    @cached_property
    def wrong_counts(self) -> NDArray[np.int64]:
        """int64 (classes,): how many of those labels are wrong."""
        return np.bincount(self.labels[self.wrong], minlength=len(task(self.task).classes))

    def chosen(self, label: int | None = None, *, wrong: bool = False) -> ImageSet:
        """The samples with one label (None for all), or only those with a wrong label."""
        keep = self.wrong if wrong else np.ones(len(self.numbers), bool)
        if label is not None:
            keep = keep & (self.labels == label)
        return self._at(np.flatnonzero(keep))

    def page(self, page: int, size: int) -> ImageSet:
        """The samples of a page, counted from 1."""
        return self._at(np.arange(len(self.numbers))[size * (page - 1) : size * page])

    def label_of(self, number: int) -> int | None:
        """The label of a sample, None if it is not in the set."""
        places = np.flatnonzero(self.numbers == number)
        return int(self.labels[places[0]]) if len(places) else None

    def _at(self, places: NDArray[np.int64]) -> ImageSet:
        return ImageSet(self.task, self.numbers[places], self.labels[places], self.wrong[places])


def image_set(name: str, config: TrainingConfig) -> ImageSet:
    """One of ``SETS`` of an experiment, cached for all sessions.

    Args:
        name: "all", "train", "validation" or "test".
        config: The experiment; "all" and "test" depend on its task alone.

    Raises:
        DataError: The data cannot be read.
    """
    fields = {field: getattr(config, field) for field in SAMPLING_FIELDS}
    any_network = next(iter(architectures_for(config.task)))
    return _sets(TrainingConfig(**fields, architecture=any_network))[name]


def images(key: str, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Images of a task by their numbers.

    Args:
        key: The task.
        numbers: int64 (n,).

    Returns:
        uint8 (n, 28, 28), 0 to 255.
    """
    data = task(key).load()
    train_count = len(data.y_train)
    found = np.empty((len(numbers), *data.x_train.shape[1:]), data.x_train.dtype)
    in_test = numbers >= train_count
    found[~in_test] = data.x_train[numbers[~in_test]]
    found[in_test] = data.x_test[numbers[in_test] - train_count]
    return found


def true_classes(key: str, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The true classes of samples of a task.

    Returns:
        int64 (n,).
    """
    return _true_classes(key)[numbers]


def has_images(key: str) -> bool:
    """Whether the samples of a task are images."""
    return task(key).inputs == "images"


@lru_cache(maxsize=4)
def _true_classes(key: str) -> NDArray[np.int64]:
    data = task(key).load()
    return np.concatenate([data.y_train, data.y_test]).astype(np.int64)


@lru_cache(maxsize=8)
def _sets(config: TrainingConfig) -> dict[str, ImageSet]:
    data: Dataset = task(config.task).load()
    train, validation = draw(data, config)
    train_count, total = len(data.y_train), len(data.y_train) + len(data.y_test)
    truth = _true_classes(config.task)

    def correct(numbers: NDArray[np.int64]) -> ImageSet:
        return ImageSet(config.task, numbers, truth[numbers], np.zeros(len(numbers), bool))

    return {
        "all": correct(np.arange(total)),
        "train": ImageSet(config.task, train.indices, train.labels, train.wrong),
        "validation": correct(validation.indices),
        "test": correct(np.arange(train_count, total)),
    }
