"""What every task has in common: samples with answers in, three disjoint parts out.

Three parts because they answer three questions. Training samples are learned from, validation
samples judge the learning while choices are still open, and test samples are looked at once, at
the end, when nothing is left to choose.
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
"""Grey images: uint8, shape (n, 28, 28), 0 (background) to 255 (ink)."""
Table = NDArray[np.float64]
"""One row for each sample, one column for each thing measured: float64, shape (n, columns)."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """All samples of a task with their answers, as they came; nothing in it can be written to.

    Attributes:
        x_train: The samples that training and validation share.
        y_train: Their answers: uint8 (n,), the number of a class, or float32 (n,), a number.
        x_test: The samples of the test set.
        y_test: Their answers.
        classes: How many classes there are; 0 where the answer is a number.
        validation_pool: Where validation samples come from if the sizes allow it, as the first
            and the last place + 1; training samples then come from the others.
        vocabulary: For texts the words by number, else empty.
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
    """Some samples of a dataset, in the order in which they were drawn; not to be written to.

    Attributes:
        inputs: Images uint8 (n, 28, 28) from 0 to 255, texts, or table rows float32 (n, columns)
            that are standardised by the training part.
        labels: The answers that training is told: int64 (n,), the number of a class, wrong ones
            included, or float32 (n,), a number.
        indices: int64 (n,), where each sample stands in the dataset's training or test array.
        wrong: bool (n,), true where the label was made wrong on purpose.
    """

    inputs: Any
    labels: NDArray[Any]
    indices: NDArray[np.int64]
    wrong: NDArray[np.bool_]

    @property
    def images_u8(self) -> Images:
        """The inputs, of a task with images."""
        found: Images = self.inputs
        return found


@dataclass(frozen=True, eq=False)
class Standard:
    """How a table is brought to one scale: (value - mean) / deviation, column by column.

    Attributes:
        mean: float64 (columns,), over the training part.
        deviation: float64 (columns,), likewise; 1 for a column that never changes.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Table) -> Standard:
        """The scale of some rows."""
        deviation = rows.std(axis=0)
        return cls(rows.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def apply(self, rows: Table) -> NDArray[np.float32]:
        """Rows on this scale."""
        return ((rows - self.mean) / self.deviation).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Splits:
    """Three parts that share no sample.

    Attributes:
        train: What the network learns from.
        validation: What judges it during training; chooses the best epoch. Empty where the number
            of epochs has been chosen before.
        test: The dataset's whole test set, in its own order; chooses nothing.
        standard: For tables, the scale on which all three are.
    """

    train: Part
    validation: Part
    test: Part
    standard: Standard | None = None


@dataclass(frozen=True)
class Task:
    """One entry of the table of tasks.

    Attributes:
        key: Its name in a configuration.
        label: A short title.
        summary: One sentence that a beginner understands.
        inputs: What a sample is: "images", "texts" or "table".
        classes: The name of each class, by label; empty where the answer is a number.
        loss: Keras's name of the loss. "sparse_categorical_crossentropy" takes the labels as
            whole numbers; it is the same function as the tutorials' categorical cross-entropy
            on one-hot labels, -log of the probability given to the right class, without a
            table of ones and zeros in memory.
        metric: Keras's name of the figure shown beside the loss, "accuracy" or "mae".
        samples: How many samples training and validation share.
        test_samples: How many samples the test set has.
        load: Returns the data, checked; the same object at each call of a process.
        columns: The names of a table's columns.
        columns_explained: What each of them measures, and in which unit.
        quantity: The number that is predicted; None where the answer is a class.
        noun: What one sample is called.
        nouns: What several of them are called.
        row: What one row of a table stands for, where that is not the noun.
        class_labels: What pages call the classes, by label, where that is not their name.
        source: Where the data comes from, and what is to be known of it.
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
        """Whether a number is to be found (regression), and not a class."""
        return self.quantity is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """What pages call the classes, by label."""
        return self.class_labels or self.classes
