"""An experiment's share of the images: who is learned from, who judges.

What can be learned here is how much depends on the choice of images. The parts never overlap,
and each is drawn by a random stream of its own, so that one thing can be changed while the
rest stays as it was: with random sampling, more training images keep the ones already drawn and
the same validation images (up to 50,000 and 10,000), and wrong labels change no image.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_core.tasks.task import Dataset, Images, Part, Splits

if TYPE_CHECKING:
    from mnist_core.config import TrainingConfig

TRAIN_POOL = 50_000
"""Training images come from the first 50,000 of the 60,000, validation images from the rest."""


CLASS_COUNT = 10

Indices = NDArray[np.int64]
"""Places in a dataset's training or test array."""


@unique
class _Stream(IntEnum):
    """One random stream for each purpose, so that no choice shifts another."""

    TRAIN = 0
    VALIDATION = 1
    LABEL_NOISE = 2


@dataclass(frozen=True, eq=False)
class Draw:
    """Which images a part has, and what it says of them, without the images themselves.

    Attributes:
        indices: int64, shape (n,), places in the dataset's training array, in drawn order.
        labels: int64, shape (n,), the classes that training is told, wrong ones included.
        wrong: bool, shape (n,), true where the label was made wrong on purpose.
    """

    indices: Indices
    labels: NDArray[np.int64]
    wrong: NDArray[np.bool_]


def draw(dataset: Dataset, config: TrainingConfig) -> tuple[Draw, Draw]:
    """Draw the training and the validation images of an experiment, as numbers only.

    Training images come from the first 50,000 of the 60,000 and validation images from the last
    10,000, as in the tutorials. Where more are asked for than one of these has, all 60,000 are
    one pool: the training images are drawn from it and the validation images from what is left.
    "stratified" gives each class the share that it has in the pool it is drawn from, as closely
    as whole images allow (largest remainder).

    Args:
        dataset: The data, as `load` returns it.
        config: Sizes, sampling, label noise and seed; the same configuration draws the same.

    Returns:
        Training and validation, without a common image, none with a repetition. Only training
        labels are ever wrong, exactly `round(label_noise * train_size)` of them.
    """
    everyone = np.arange(len(dataset.y_train))
    train_pool, validation_pool = everyone[:TRAIN_POOL], everyone[TRAIN_POOL:]
    apart = config.train_size <= len(train_pool) and config.validation_size <= len(validation_pool)

    def choose(pool: Indices, size: int, stream: _Stream) -> tuple[Indices, Indices]:
        generator = _generator(config.seed, stream)
        if config.sampling == "stratified":
            return _draw_stratified(pool, dataset.y_train, size, generator)
        return _draw(pool, size, generator)

    train, left = choose(train_pool if apart else everyone, config.train_size, _Stream.TRAIN)
    validation, _ = choose(
        validation_pool if apart else left, config.validation_size, _Stream.VALIDATION
    )
    labels, wrong = _spoil(
        dataset.y_train[train].astype(np.int64),
        round(config.label_noise * config.train_size),
        _generator(config.seed, _Stream.LABEL_NOISE),
    )
    right = np.zeros(len(validation), dtype=bool)
    return (
        Draw(train, labels, wrong),
        Draw(validation, dataset.y_train[validation].astype(np.int64), right),
    )


def split(dataset: Dataset, config: TrainingConfig) -> Splits:
    """Draw the parts of an experiment, with their images.

    Args:
        dataset: The data, as `load` returns it.
        config: As `draw` takes it.

    Returns:
        Parts without a common image: what `draw` returns, and the dataset's whole test set.
    """
    train, validation = draw(dataset, config)
    everyone = np.arange(len(dataset.y_test))
    return Splits(
        train=_part(dataset.x_train, train.labels, train.indices, train.wrong),
        validation=_part(dataset.x_train, validation.labels, validation.indices),
        test=_part(dataset.x_test, dataset.y_test, everyone),
    )


def _generator(seed: int, stream: _Stream) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, int(stream)]))


def _draw(pool: Indices, size: int, generator: np.random.Generator) -> tuple[Indices, Indices]:
    """Draw `size` indices of the pool without repetition; return them and those left."""
    shuffled = generator.permutation(pool)
    return shuffled[:size], shuffled[size:]


def _draw_stratified(
    pool: Indices, labels: NDArray[np.uint8], size: int, generator: np.random.Generator
) -> tuple[Indices, Indices]:
    """Draw like `_draw`, with each class in the share that it has in the pool."""
    shuffled = generator.permutation(pool)
    classes = labels[shuffled]
    chosen = np.zeros(len(shuffled), dtype=bool)
    for digit, count in enumerate(_shares(np.bincount(classes), size)):
        # The pool is shuffled already, so the first of a class are a random choice.
        chosen[np.flatnonzero(classes == digit)[:count]] = True
    return shuffled[chosen], shuffled[~chosen]


def _shares(pool: NDArray[np.intp], size: int) -> NDArray[np.intp]:
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
    """Replace `count` labels by one of the other classes, each as likely as the next.

    Everything is drawn for all labels and then cut, so that a larger share of wrong labels
    keeps those that a smaller one had.
    """
    places = generator.permutation(len(labels))[:count]
    steps = generator.integers(1, CLASS_COUNT, size=len(labels))[:count]
    labels[places] = (labels[places] + steps) % CLASS_COUNT
    wrong = np.zeros(len(labels), dtype=bool)
    wrong[places] = True
    return labels, wrong


def _part(
    images: Images,
    labels: NDArray[np.integer],
    indices: Indices,
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
