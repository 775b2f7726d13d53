"""MNIST: 70,000 handwritten digits, read from this package and turned into what a network takes.

The file is checked against a pinned hash before it is read, so that two people who compare
curves compare the same digits. One function turns images into numbers, for training and for a
drawing alike: a network shown pixels on another scale than it learned from answers nonsense.

The data is Yann LeCun's and Corinna Cortes's, CC BY-SA 3.0; see data/LICENSE-mnist.md.
"""

import hashlib
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import ConfigError, DataError, shown, unknown_name
from mnist_core.i18n import mark
from mnist_core.tasks.base import SIDE, Dataset, Images, Task

DATA_FILE = Path(__file__).resolve().parent.parent / "data" / "mnist.npz"
DATA_BYTES = 11_490_519
DATA_SHA256 = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"

CLASSES = tuple("0123456789")
#: Where validation images come from, as in the tutorials: the last 10,000 of the 60,000.
VALIDATION_POOL = (50_000, 60_000)
PIXEL_FACTORS = {"unit": np.float32(1 / 255), "raw": np.float32(1)}
"""What a grey level from 0 to 255 is multiplied by, for each pixel scaling."""

_loading = Lock()


def load(path: Path = DATA_FILE) -> Dataset:
    """Return MNIST, from the file in this package and never from a network.

    The file's SHA-256 is checked before anything in it is read, and nothing in it is unpickled.
    A process reads the file once.

    Args:
        path: Another copy of the same file.

    Returns:
        The dataset: 60,000 training and 10,000 test images with their labels, read-only.

    Raises:
        DataError: If the file is missing, cannot be read, is cut short or was altered.
    """
    with _loading:
        return _read(path)


@cache
def _read(path: Path) -> Dataset:
    with np.load(io.BytesIO(_verified(path)), allow_pickle=False) as arrays:
        parts = {name: arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    return dataset_of(parts)


def dataset_of(arrays: Mapping[str, NDArray[np.uint8]]) -> Dataset:
    """The dataset of some arrays, which can then no longer be written to.

    Training images come from the first 50,000 of the 60,000, validation images from the rest.
    """
    for array in arrays.values():
        array.setflags(write=False)
    return Dataset(
        x_train=arrays["x_train"],
        y_train=arrays["y_train"],
        x_test=arrays["x_test"],
        y_test=arrays["y_test"],
        classes=len(CLASSES),
        validation_pool=VALIDATION_POOL,
    )


def _verified(path: Path) -> bytes:
    remedy = mark(
        "Restore it with `git checkout -- mnist_core/data/mnist.npz`, or install the project again."
    )
    missing = mark("It holds the digits, and they are never downloaded in its place.")
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        received = mark("The data file {file} is missing.")
        raise DataError(received, missing, remedy, file=path.name) from error
    except OSError as error:
        received = mark("The data file {file} cannot be read ({reason}).")
        reason = error.strerror or type(error).__name__
        raise DataError(received, missing, remedy, file=path.name, reason=reason) from error
    if len(content) < DATA_BYTES:
        raise DataError(
            mark("The data file {file} has {size} bytes."),
            mark("It is cut short: all of it is {expected} bytes."),
            remedy,
            file=path.name,
            size=len(content),
            expected=DATA_BYTES,
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest != DATA_SHA256:
        raise DataError(
            mark("The data file {file} has the SHA-256 {digest}…."),
            mark("It was altered: the verified file has {expected}…."),
            remedy,
            file=path.name,
            digest=digest[:12],
            expected=DATA_SHA256[:12],
        )
    return content


def arrange(images_u8: Images, *, input_shape: tuple[int, ...]) -> Images:
    """Lay the pixels of grey images out as a network takes them, still as grey levels.

    Args:
        images_u8: uint8, shape (n, 28, 28), 0 (background) to 255 (ink).
        input_shape: One sample's shape, (784,), (28, 28) or (28, 28, 1).

    Returns:
        uint8, shape (n, *input_shape); a view of the same memory where that is possible.

    Raises:
        DataError: If the images are of another type or shape.
        ConfigError: If the input shape is unknown.
    """
    if images_u8.dtype != np.uint8 or images_u8.shape[1:] != (SIDE, SIDE):
        raise DataError(
            mark("The images are of type {type} and shape {shape}."),
            mark("A network here takes whole numbers of 8 bits, 28 by 28 for each image."),
            mark("Give uint8 pixels from 0 to 255 in the shape (n, 28, 28)."),
            type=images_u8.dtype,
            shape=images_u8.shape,
        )
    if input_shape not in ((SIDE * SIDE,), (SIDE, SIDE), (SIDE, SIDE, 1)):
        raise ConfigError(
            mark("The input shape is {shape}. An image of 28 by 28 pixels does not fit in it."),
            mark("Use (784,), (28, 28) or (28, 28, 1)."),
            shape=shown(input_shape),
        )
    return images_u8.reshape(len(images_u8), *input_shape)


def pixel_factor(scaling: str) -> np.float32:
    """Return what grey levels are multiplied by: 1/255 for "unit", 1 for "raw".

    Raises:
        ConfigError: If the scaling is unknown.
    """
    if scaling not in PIXEL_FACTORS:
        raise unknown_name("pixel_scaling", scaling, PIXEL_FACTORS)
    return PIXEL_FACTORS[scaling]


def prepare(
    images_u8: Images, *, scaling: str, input_shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Turn grey images into what a network sees, in training and for a drawing alike.

    The training loop keeps the grey levels, a quarter of the memory, and does the same
    multiplication on each batch.

    Args:
        images_u8: uint8, shape (n, 28, 28), 0 (background) to 255 (ink).
        scaling: "unit" for values from 0 to 1, "raw" for 0 to 255.
        input_shape: One sample's shape, (784,), (28, 28) or (28, 28, 1).

    Returns:
        float32, shape (n, *input_shape); a new array.

    Raises:
        DataError: If the images are of another type or shape.
        ConfigError: If the scaling or the input shape is unknown.
    """
    factor = pixel_factor(scaling)
    return arrange(images_u8, input_shape=input_shape).astype(np.float32) * factor


MNIST = Task(
    key="mnist",
    label=mark("Handwritten digits (MNIST)"),
    summary=mark("Classify an image of 28 by 28 grey pixels as one of the digits 0 to 9."),
    inputs="images",
    classes=CLASSES,
    loss="sparse_categorical_crossentropy",
    metric="accuracy",
    samples=60_000,
    test_samples=10_000,
    load=load,
    source=mark("Y. LeCun and C. Cortes, the MNIST database of handwritten digits, CC BY-SA 3.0"),
)
