"""MNIST: 70,000 handwritten digits, and how an experiment takes its share of them.

What can be learned here is how much depends on the choice of images. The parts never overlap,
each is drawn by a random stream of its own, and so one thing can be changed while the rest
stays as it was: more training images keep the ones already drawn and the validation images,
wrong labels fall on the same images.

The data is Yann LeCun's and Corinna Cortes's, CC BY-SA 3.0; see data/LICENSE-mnist.md.
"""

from __future__ import annotations

import hashlib
import io
from enum import IntEnum
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import ConfigError, DataError, shown, unknown_name
from mnist_core.tasks.task import Dataset, Images, Part, Splits, Task
from mnist_core.words import mark

if TYPE_CHECKING:
    from mnist_core.config import TrainingConfig

DATA_FILE = Path(__file__).resolve().parent.parent / "data" / "mnist.npz"
DATA_BYTES = 11_490_519
DATA_SHA256 = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"

CLASSES = tuple("0123456789")
SIDE = 28
TRAIN_POOL = 50_000
"""Training images come from the first 50,000 of the 60,000, validation images from the rest."""

_loading = Lock()


class _Stream(IntEnum):
    """One random stream for each purpose, so that no choice shifts another."""

    TRAIN = 0
    VALIDATION = 1
    LABEL_NOISE = 2


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
        dataset = Dataset(
            **{name: arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")}
        )
    for array in vars(dataset).values():
        array.setflags(write=False)
    return dataset


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


def split(dataset: Dataset, config: TrainingConfig) -> Splits:
    """Draw the training and the validation images of an experiment.

    Training images come from the first 50,000 of the 60,000 and validation images from the last
    10,000, as in the tutorials. Where more are asked for than one of these has, all 60,000 are
    one pool: the training images are drawn from it and the validation images from what is left.
    "stratified" gives each class the share that it has in the pool it is drawn from, as closely
    as whole images allow (largest remainder).

    Args:
        dataset: The data, as `load` returns it.
        config: Sizes, sampling, label noise and seed; the same configuration draws the same.

    Returns:
        Parts without a common image, none with a repetition. Only training labels are ever
        wrong, exactly `round(label_noise * train_size)` of them.
    """
    sampling = config.sampling
    everyone = np.arange(len(dataset.y_train))
    train_pool, validation_pool = everyone[:TRAIN_POOL], everyone[TRAIN_POOL:]
    apart = config.train_size <= len(train_pool) and config.validation_size <= len(validation_pool)
    train, left = _draw(
        train_pool if apart else everyone,
        dataset.y_train,
        config.train_size,
        sampling,
        _generator(config.seed, _Stream.TRAIN),
    )
    validation, _ = _draw(
        validation_pool if apart else left,
        dataset.y_train,
        config.validation_size,
        sampling,
        _generator(config.seed, _Stream.VALIDATION),
    )
    wrong_count = round(config.label_noise * config.train_size)
    labels, wrong = _spoil(
        dataset.y_train[train].astype(np.int64),
        wrong_count,
        _generator(config.seed, _Stream.LABEL_NOISE),
    )
    return Splits(
        train=_part(dataset.x_train, labels, train, wrong),
        validation=_part(dataset.x_train, dataset.y_train[validation], validation),
        test=_part(dataset.x_test, dataset.y_test, np.arange(len(dataset.y_test))),
    )


def _generator(seed: int, stream: _Stream) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, int(stream)]))


def _draw(
    pool: NDArray[np.int64],
    labels: NDArray[np.uint8],
    size: int,
    sampling: str,
    generator: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw `size` indices of the pool without repetition; return them and those left."""
    shuffled = generator.permutation(pool)
    if sampling == "random":
        return shuffled[:size], shuffled[size:]
    classes = labels[shuffled]
    chosen = np.zeros(len(shuffled), dtype=bool)
    for class_, count in enumerate(_shares(np.bincount(classes, minlength=len(CLASSES)), size)):
        # The pool is shuffled already, so the first of a class are a random choice.
        chosen[np.flatnonzero(classes == class_)[:count]] = True
    return shuffled[chosen], shuffled[~chosen]


def _shares(pool: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Divide `size` among classes in proportion to `pool` by the method of largest remainder.

    Whole-number arithmetic: a remainder that is rounded could give a class more than it has.
    """
    counts, remainders = np.divmod(pool * size, pool.sum())
    missing = size - counts.sum()
    counts[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return counts


def _spoil(
    labels: NDArray[np.int64], count: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Replace `count` labels by one of the other classes, each as likely as the next."""
    places = generator.permutation(len(labels))[:count]
    steps = generator.integers(1, len(CLASSES), size=len(labels))[:count]
    labels[places] = (labels[places] + steps) % len(CLASSES)
    wrong = np.zeros(len(labels), dtype=bool)
    wrong[places] = True
    return labels, wrong


def _part(
    images: Images,
    labels: NDArray[np.integer],
    indices: NDArray[np.int64],
    wrong: NDArray[np.bool_] | None = None,
) -> Part:
    part = Part(
        images_u8=images[indices],
        labels=labels.astype(np.int64),
        indices=indices,
        wrong=np.zeros(len(indices), dtype=bool) if wrong is None else wrong,
    )
    for array in vars(part).values():
        array.setflags(write=False)
    return part


def prepare(
    images_u8: Images, *, scaling: str, input_shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Turn grey images into what a network takes. Training images and drawings come this way.

    Args:
        images_u8: uint8, shape (n, 28, 28), 0 (background) to 255 (ink).
        scaling: "unit" for values from 0 to 1, "raw" for 0 to 255.
        input_shape: One sample's shape, (784,) or (28, 28, 1).

    Returns:
        float32, shape (n, *input_shape); a new array.

    Raises:
        DataError: If the images are of another type or shape.
        ConfigError: If the scaling or the input shape is unknown.
    """
    if images_u8.dtype != np.uint8 or images_u8.shape[1:] != (SIDE, SIDE):
        raise DataError(
            mark("The images are of type {type} and shape {shape}."),
            mark("A network here takes whole numbers of 8 bits, 28 by 28 for each image."),
            mark("Give uint8 pixels from 0 to 255 in the shape (n, 28, 28)."),
            type=images_u8.dtype,
            shape=images_u8.shape,
        )
    if scaling not in ("unit", "raw"):
        raise unknown_name("pixel_scaling", scaling, ("unit", "raw"))
    if input_shape not in ((SIDE * SIDE,), (SIDE, SIDE, 1)):
        raise ConfigError(
            mark("The input shape is {shape}."),
            mark("An image of 28 by 28 pixels does not fit in it."),
            mark("Use (784,) or (28, 28, 1)."),
            shape=shown(input_shape),
        )
    pixels = images_u8.astype(np.float32)
    if scaling == "unit":
        pixels /= 255.0
    return pixels.reshape(len(pixels), *input_shape)


MNIST = Task(
    key="mnist",
    label=mark("Handwritten digits (MNIST)"),
    summary=mark("Tell which digit, 0 to 9, is written in a picture of 28 by 28 grey pixels."),
    classes=CLASSES,
    loss="sparse_categorical_crossentropy",
    metric="accuracy",
    load=load,
)
