"""Data types of all tasks: data set, and training, validation and test set.

The three sets share no samples. The network is trained on the training set. The validation set
measures generalisation during training and decides on settings, such as the number of epochs. The
test set is used once, after all decisions, so that its result is not biased by them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.i18n import mark
from mnist_core.tasks.quantity import Quantity

SIDE = 28
"""Height and width of an image, in pixels."""
Images = NDArray[np.uint8]
"""Grey images: uint8, shape (n, 28, 28), 0 (background) to 255 (stroke)."""
Table = NDArray[np.float64]
"""A row for each sample and a column for each feature: float64, shape (n, columns)."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """All samples of a task in their original form; the arrays are read-only.

    Attributes:
        x_train: The samples for training and validation.
        y_train: Their targets: class labels uint8 (n,), or numbers float32 (n,).
        x_test: The samples of the test set.
        y_test: Their targets.
        classes: Number of classes; 0 for regression.
        validation_pool: Start and end (exclusive) of the samples reserved for validation; used
            if the sizes of both sets allow it.
        vocabulary: For texts the words by token index, else empty.
    """

    x_train: Any
    y_train: NDArray[Any]
    x_test: Any
    y_test: NDArray[Any]
    classes: int
    validation_pool: tuple[int, int]
    vocabulary: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Part:
    """A training, validation or test set, in the order of sampling; the arrays are read-only.

    Attributes:
        inputs: Images uint8 (n, 28, 28) from 0 to 255, texts, or table rows float32 (n, columns),
            standardised by the mean and standard deviation of the training set.
        labels: The targets: class labels int64 (n,), with label noise, or numbers float32 (n,).
        indices: int64 (n,), the index of each sample in the dataset's training or test array.
        wrong: bool (n,), true where label noise has replaced the label.
    """

    inputs: Any
    labels: NDArray[Any]
    indices: NDArray[np.int64]
    wrong: NDArray[np.bool_]

    @property
    def images_u8(self) -> Images:
        """The inputs of a task with images, uint8 (n, 28, 28)."""
        images: Images = self.inputs
        return images


@dataclass(frozen=True, eq=False)
class Standard:
    """Standardisation of a table's columns: (value - mean) / standard deviation.

    Attributes:
        mean: float64 (columns,), the mean over the training set.
        deviation: float64 (columns,), the standard deviation over the training set; 1 for a
            constant column.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Table) -> Standard:
        """Return the standardisation by the mean and standard deviation of rows."""
        deviation = rows.std(axis=0)
        return cls(rows.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def apply(self, rows: Table) -> NDArray[np.float32]:
        """Return standardised rows, float32 (n, columns)."""
        return ((rows - self.mean) / self.deviation).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Splits:
    """Training, validation and test set, without a common sample.

    Attributes:
        train: The training set.
        validation: The validation set, which determines the best epoch; may be empty.
        test: The dataset's test set, in its original order.
        standard: For tables, the standardisation of all three sets.
    """

    train: Part
    validation: Part
    test: Part
    standard: Standard | None = None


@dataclass(frozen=True)
class Task:
    """A task: a data set, and the loss and metric of its networks.

    Attributes:
        key: Its name in a configuration.
        label: A short title.
        summary: A sentence for beginners.
        inputs: The type of the samples: "images", "texts" or "table".
        classes: The name of each class, by label; empty for regression.
        loss: Keras's name of the loss. "sparse_categorical_crossentropy" is the categorical
            cross-entropy of the tutorials, with integer labels instead of one-hot labels.
        metric: Keras's name of the metric, "accuracy" or "mae".
        samples: Number of samples for training and validation.
        test_samples: Number of samples in the test set.
        load: Returns the verified data; cached in each process.
        columns: The names of a table's columns.
        columns_explained: The meaning and the unit of each column.
        quantity: The predicted quantity; None for classification.
        noun: The word for a sample.
        nouns: Its plural.
        row: The word for a table's row, if it differs from `noun`.
        class_labels: The class names on pages, by label, if they differ from `classes`.
        source: The source of the data, and remarks on it.
    """

    key: str
    label: str
    summary: str
    inputs: str
    classes: tuple[str, ...]
    loss: str
    metric: str
    samples: int
    test_samples: int
    load: Callable[[], Dataset]
    columns: tuple[str, ...] = ()
    columns_explained: tuple[str, ...] = ()
    quantity: Quantity | None = None
    source: str = ""
    noun: str = mark("image")
    nouns: str = mark("images")
    row: str = ""
    class_labels: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether the task is regression, not classification."""
        return self.quantity is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names on pages, by label."""
        return self.class_labels or self.classes
