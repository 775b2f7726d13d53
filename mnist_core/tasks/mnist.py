"""MNIST: 70,000 handwritten digits, and their preprocessing.

The data file is part of this package and verified by its SHA-256. Training images and drawings
are preprocessed by the same functions, because a network's predictions are wrong if the pixels
are scaled otherwise than in training.

The data is by Yann LeCun and Corinna Cortes, CC BY-SA 3.0; see data/LICENSE-mnist.md.
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
#: Start and end of the images reserved for validation: as in the tutorials, the last 10,000.
VALIDATION_POOL = (50_000, 60_000)
PIXEL_FACTORS = {"unit": np.float32(1 / 255), "raw": np.float32(1)}
"""The factor of grey levels from 0 to 255 for each pixel scaling."""

_loading = Lock()


def load(path: Path = DATA_FILE) -> Dataset:
    """Return MNIST from the file in this package; it is not downloaded.

    The SHA-256 of the file is verified first, and nothing is unpickled. The result is cached in
    each process.

    Args:
        path: The data file.

    Returns:
        60,000 training and 10,000 test images uint8 (n, 28, 28) with labels uint8 (n,), read-only.

    Raises:
        DataError: The file is missing, unreadable, incomplete or altered.
    """
    with _loading:
        return _read(path)


@cache
def _read(path: Path) -> Dataset:
    with np.load(io.BytesIO(_verified(path)), allow_pickle=False) as arrays:
        parts = {name: arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    return dataset_of(parts)


def dataset_of(arrays: Mapping[str, NDArray[np.uint8]]) -> Dataset:
    """Return arrays as a dataset, with the last 10,000 of 60,000 images for validation.

    Args:
        arrays: "x_train", "y_train", "x_test" and "y_test"; they become read-only.
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
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        problem = mark("The data file {file} is missing.")
        raise DataError(problem, remedy, file=path.name) from error
    except OSError as error:
        problem = mark("The data file {file} cannot be read: {reason}.")
        reason = error.strerror or type(error).__name__
        raise DataError(problem, remedy, file=path.name, reason=reason) from error
    if len(content) < DATA_BYTES:
        raise DataError(
            mark("The data file {file} is incomplete: it has {size} of {expected} bytes."),
            remedy,
            file=path.name,
            size=len(content),
            expected=DATA_BYTES,
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest != DATA_SHA256:
        raise DataError(
            mark("The data file {file} was altered: its SHA-256 is {digest}…, not {expected}…."),
            remedy,
            file=path.name,
            digest=digest[:12],
            expected=DATA_SHA256[:12],
        )
    return content


def arrange(images_u8: Images, *, input_shape: tuple[int, ...]) -> Images:
    """Reshape grey images to the input shape of a network, without scaling.

    Args:
        images_u8: uint8, shape (n, 28, 28), 0 (background) to 255 (stroke).
        input_shape: Shape of one sample, (784,), (28, 28) or (28, 28, 1).

    Returns:
        uint8, shape (n, *input_shape); a view if possible.

    Raises:
        DataError: The images have another data type or shape.
        ConfigError: The input shape is unknown.
    """
    if images_u8.dtype != np.uint8 or images_u8.shape[1:] != (SIDE, SIDE):
        raise DataError(
            mark("The images have the data type {type} and the shape {shape}."),
            mark("Give images of type uint8, from 0 to 255, in the shape (n, 28, 28)."),
            type=images_u8.dtype,
            shape=images_u8.shape,
        )
    if input_shape not in ((SIDE * SIDE,), (SIDE, SIDE), (SIDE, SIDE, 1)):
        raise ConfigError(
            mark("The input shape {shape} does not fit images of 28 by 28 pixels."),
            mark("Use (784,), (28, 28) or (28, 28, 1)."),
            shape=shown(input_shape),
        )
    return images_u8.reshape(len(images_u8), *input_shape)


def pixel_factor(scaling: str) -> np.float32:
    """Return the factor of grey levels: 1/255 for "unit", 1 for "raw".

    Raises:
        ConfigError: The scaling is unknown.
    """
    if scaling not in PIXEL_FACTORS:
        raise unknown_name("pixel_scaling", scaling, PIXEL_FACTORS)
    return PIXEL_FACTORS[scaling]


def prepare(
    images_u8: Images, *, scaling: str, input_shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Preprocess grey images for a network, as training does.

    The training loop keeps uint8 images and multiplies batch by batch, with the same result.

    Args:
        images_u8: uint8, shape (n, 28, 28), 0 (background) to 255 (stroke).
        scaling: "unit" for values from 0 to 1, "raw" for 0 to 255.
        input_shape: Shape of one sample, (784,), (28, 28) or (28, 28, 1).

    Returns:
        float32, shape (n, *input_shape); a new array.

    Raises:
        DataError: The images have another data type or shape.
        ConfigError: The scaling or the input shape is unknown.
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
