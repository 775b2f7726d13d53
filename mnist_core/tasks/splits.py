"""An experiment's share of the samples: who is learned from, who judges.

What can be learned here is how much depends on the choice of samples. The parts never overlap,
and each is drawn by a random stream of its own, so that one thing can be changed while the
rest stays as it was: with random sampling, more training images keep the ones already drawn and
the same validation images (of MNIST up to 50,000 and 10,000), and wrong labels change no image.

Where samples are few, one choice of judges says little: *K-fold cross-validation* divides all of
them into K folds, trains K times, and lets each fold judge once (M. Stone, Cross-validatory choice
and assessment of statistical predictions, 1974).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mnist_core.tasks.base import Dataset, Part, Splits, Standard
from mnist_core.tasks.text_data import Texts

Indices = NDArray[np.int64]
"""Places in a dataset's training or test array."""


@unique
class _Stream(IntEnum):
    """One random stream for each purpose, so that no choice shifts another."""

    TRAIN = 0
    VALIDATION = 1
    LABEL_NOISE = 2
    FOLDS = 3


class Sampling(Protocol):
    """What of a configuration decides which samples are drawn; see `TrainingConfig`."""

    @property
    def train_size(self) -> int: ...  # noqa: D102
    @property
    def validation_size(self) -> int: ...  # noqa: D102
    @property
    def sampling(self) -> str: ...  # noqa: D102
    @property
    def folds(self) -> int: ...  # noqa: D102
    @property
    def fold(self) -> int: ...  # noqa: D102
    @property
    def label_noise(self) -> float: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Draw:
    """Which samples a part has, and what it says of them, without the samples themselves.

    Attributes:
        indices: int64, shape (n,), places in the dataset's training array, in drawn order.
        labels: int64, shape (n,), the classes that training is told, wrong ones included; or
            float32, where the answer is a number.
        wrong: bool, shape (n,), true where the label was made wrong on purpose.
    """

    indices: Indices
    labels: NDArray[Any]
    wrong: NDArray[np.bool_]


def draw(dataset: Dataset, config: Sampling) -> tuple[Draw, Draw]:
    """Draw the training and the validation samples of an experiment, as numbers only.

    A dataset says where its validation samples come from, as in the tutorials: MNIST's are the
    last 10,000 of the 60,000. Where more are asked for than either side has, all samples are one
    pool: the training samples are drawn from it and the validation samples from what is left.
    "stratified" gives each class the share that it has in the pool it is drawn from, as closely
    as whole samples allow (largest remainder).

    Args:
        dataset: The data, as `load` returns it.
        config: Sizes, sampling, fold, label noise and seed; the same configuration draws the same.

    Returns:
        Training and validation, without a common sample, none with a repetition. Only training
        labels are ever wrong, exactly `round(label_noise * train_size)` of them.
    """
    train, validation = _fold(dataset, config) if config.folds else _parts(dataset, config)
    right = np.zeros(len(validation), dtype=bool)
    judges = Draw(validation, _answers(dataset.y_train[validation]), right)
    answers = _answers(dataset.y_train[train])
    if not dataset.classes:
        return Draw(train, answers, np.zeros(len(train), dtype=bool)), judges
    labels, wrong = _spoil(
        answers,
        round(config.label_noise * len(train)),
        dataset.classes,
        _generator(config.seed, _Stream.LABEL_NOISE),
    )
    return Draw(train, labels, wrong), judges


def _parts(dataset: Dataset, config: Sampling) -> tuple[Indices, Indices]:
    everyone = np.arange(len(dataset.y_train))
    start, end = dataset.validation_pool
    train_pool, validation_pool = np.delete(everyone, slice(start, end)), everyone[start:end]
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
    return train, validation


def _fold(dataset: Dataset, config: Sampling) -> tuple[Indices, Indices]:
    """All samples but one fold, and that fold; the same seed always makes the same folds."""
    shuffled = _generator(config.seed, _Stream.FOLDS).permutation(len(dataset.y_train))
    folds = np.array_split(shuffled, config.folds)
    judges = folds.pop(config.fold - 1)
    return np.concatenate(folds), judges


def fold_sizes(samples: int, folds: int, fold: int) -> tuple[int, int]:
    """How many samples train and how many judge in one fold (counted from 1) of so many."""
    judges = samples // folds + (fold <= samples % folds)
    return samples - judges, judges


def split(dataset: Dataset, config: Sampling) -> Splits:
    """Draw the parts of an experiment, with their samples.

    Args:
        dataset: The data, as `load` returns it.
        config: As `draw` takes it.

    Returns:
        Parts without a common sample: what `draw` returns, and the dataset's whole test set.
        A table is standardised by its training part; nothing else knows of the test set.
    """
    train, validation = draw(dataset, config)
    everyone = np.arange(len(dataset.y_test))
    test = Draw(everyone, _answers(dataset.y_test), np.zeros(len(everyone), dtype=bool))
    standard = None
    if not isinstance(dataset.x_train, Texts) and dataset.x_train.dtype == np.float64:
        standard = Standard.of(dataset.x_train[train.indices])
    return Splits(
        train=_part(dataset.x_train, train, standard),
        validation=_part(dataset.x_train, validation, standard),
        test=_part(dataset.x_test, test, standard),
        standard=standard,
    )


def _answers(y: NDArray[Any]) -> NDArray[Any]:
    """Class numbers as int64, other numbers as float32."""
    return y.astype(np.int64 if np.issubdtype(y.dtype, np.integer) else np.float32)


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
    labels: NDArray[np.int64], count: int, classes: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Replace `count` labels by one of the other classes, each as likely as the next.

    Everything is drawn for all labels and then cut, so that a larger share of wrong labels
    keeps those that a smaller one had.
    """
    places = generator.permutation(len(labels))[:count]
    steps = generator.integers(1, classes, size=len(labels))[:count]
    labels[places] = (labels[places] + steps) % classes
    wrong = np.zeros(len(labels), dtype=bool)
    wrong[places] = True
    return labels, wrong


def _part(samples: Any, drawn: Draw, standard: Standard | None) -> Part:
    inputs = samples[drawn.indices]
    if standard is not None:
        inputs = standard.apply(inputs)
    part = Part(inputs=inputs, labels=drawn.labels, indices=drawn.indices, wrong=drawn.wrong)
    for array in vars(part).values():
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return part
