"""What every task has in common: labelled images in, three disjoint parts out.

Three parts because they answer three questions. Training images are learned from, validation
images judge the learning while choices are still open, and test images are looked at once, at
the end, when nothing is left to choose.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""Grey images: uint8, shape (n, 28, 28), 0 (background) to 255 (ink)."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """All images of a task with their labels, as they came; the arrays cannot be written to.

    Attributes:
        x_train: uint8, shape (60000, 28, 28), 0 to 255.
        y_train: uint8, shape (60000,), the class of each image.
        x_test: uint8, shape (10000, 28, 28), 0 to 255.
        y_test: uint8, shape (10000,).
    """

    x_train: Images
    y_train: NDArray[np.uint8]
    x_test: Images
    y_test: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Part:
    """Some images of a dataset, in the order in which they were drawn; not to be written to.

    Attributes:
        images_u8: uint8, shape (n, 28, 28), 0 to 255.
        labels: int64, shape (n,), the classes that training is told, wrong ones included.
        indices: int64, shape (n,), where each image stands in the dataset's training or test
            array.
        wrong: bool, shape (n,), true where the label was made wrong on purpose.
    """

    images_u8: Images
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]
    wrong: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Splits:
    """Three parts that share no image.

    Attributes:
        train: What the network learns from.
        validation: What judges it during training; chooses the best epoch.
        test: The dataset's whole test set, in its own order; chooses nothing.
    """

    train: Part
    validation: Part
    test: Part


@dataclass(frozen=True)
class Task:
    """One entry of the table of tasks.

    Attributes:
        key: Its name in a configuration.
        label: A short title.
        summary: One sentence that a beginner understands.
        classes: The name of each class, by label.
        loss: Keras's name of the loss. "sparse_categorical_crossentropy" takes the labels as
            whole numbers; it is the same function as the tutorials' categorical cross-entropy
            on one-hot labels, -log of the probability given to the right class, without a
            table of ones and zeros in memory.
        metric: Keras's name of the figure shown beside the loss.
        load: Returns the data, checked; the same object at each call of a process.
    """

    key: str
    label: str
    summary: str
    classes: tuple[str, ...]
    loss: str
    metric: str
    load: Callable[[], Dataset]
