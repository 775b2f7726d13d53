"""Training, validation and test split: random or stratified sampling, folds, label noise.

The sets never overlap. Each random choice has its own random stream, so that settings can be
changed one at a time: with random sampling, a larger training set contains the smaller one and
has the same validation set (for MNIST up to 50,000 and 10,000 images), and label noise does not
change the choice of samples.

With few samples the result depends on the choice of the validation set. *K-fold cross-validation*
divides all samples into K folds and trains K times, each time with another fold as validation set
(M. Stone, Cross-validatory choice and assessment of statistical predictions, 1974).
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
"""Indices of samples in a dataset's training or test array."""


@unique
class _Stream(IntEnum):
    """Numbers of the independent random streams."""

    TRAIN = 0
    VALIDATION = 1
    LABEL_NOISE = 2
    FOLDS = 3


class Sampling(Protocol):
    """The settings of `TrainingConfig` that determine the split."""

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
    """The indices and targets of a training, validation or test set, without the inputs.

    Attributes:
        indices: int64, shape (n,), indices in the dataset's training or test array, in the order
            of sampling.
        labels: Class labels int64, shape (n,), with label noise; or numbers float32.
        wrong: bool, shape (n,), true where label noise has replaced the label.
    """

    indices: Indices
    labels: NDArray[Any]
    wrong: NDArray[np.bool_]


def draw(dataset: Dataset, config: Sampling) -> tuple[Draw, Draw]:
    """Sample the training and the validation set of an experiment, without the inputs.

    Validation samples are drawn from the dataset's `validation_pool` (for MNIST, as in the
    tutorials, the last 10,000 of 60,000) and training samples from the other samples. If one of
    the two has too few samples, training samples are drawn from all samples, and validation
    samples from the remaining samples. Stratified sampling keeps the proportions of the classes
    in the pool, rounded by the largest remainder method.

    Args:
        dataset: The data set.
        config: Sizes, sampling, fold, label noise and seed; equal settings give equal sets.

    Returns:
        The training and the validation set, without a common sample and without replacement.
        Exactly `round(label_noise * train_size)` training labels are wrong, and no validation
        labels.
    """
    train, validation = _fold(dataset, config) if config.folds else _sample(dataset, config)
    validation_draw = Draw(
        validation,
        _targets(dataset.y_train[validation]),
        np.zeros(len(validation), dtype=bool),
    )
    targets = _targets(dataset.y_train[train])
    if not dataset.classes:
        return Draw(train, targets, np.zeros(len(train), dtype=bool)), validation_draw
    labels, wrong = _add_label_noise(
        targets,
        round(config.label_noise * len(train)),
        dataset.classes,
        _generator(config.seed, _Stream.LABEL_NOISE),
    )
    return Draw(train, labels, wrong), validation_draw


def _sample(dataset: Dataset, config: Sampling) -> tuple[Indices, Indices]:
    """Return the indices of the training and the validation set."""
    every = np.arange(len(dataset.y_train))
    start, end = dataset.validation_pool
    train_pool, validation_pool = np.delete(every, slice(start, end)), every[start:end]
    separate = config.train_size <= len(train_pool) and config.validation_size <= len(
        validation_pool
    )

    def choose(pool: Indices, size: int, stream: _Stream) -> tuple[Indices, Indices]:
        generator = _generator(config.seed, stream)
        if config.sampling == "stratified":
            return _draw_stratified(pool, dataset.y_train, size, generator)
        return _draw(pool, size, generator)

    train, remaining = choose(train_pool if separate else every, config.train_size, _Stream.TRAIN)
    validation, _ = choose(
        validation_pool if separate else remaining, config.validation_size, _Stream.VALIDATION
    )
    return train, validation


def _fold(dataset: Dataset, config: Sampling) -> tuple[Indices, Indices]:
    """Return the indices of all folds but one, and of that fold; the folds follow from the seed."""
    shuffled = _generator(config.seed, _Stream.FOLDS).permutation(len(dataset.y_train))
    folds = np.array_split(shuffled, config.folds)
    validation = folds.pop(config.fold - 1)
    return np.concatenate(folds), validation


def fold_sizes(samples: int, folds: int, fold: int) -> tuple[int, int]:
    """Return the sizes of the training and the validation set of a fold.

    Args:
        samples: Number of samples in all folds.
        folds: Number of folds.
        fold: The validation fold, from 1.
    """
    validation = samples // folds + (fold <= samples % folds)
    return samples - validation, validation


def split(dataset: Dataset, config: Sampling) -> Splits:
    """Return the training, validation and test set of an experiment, with the inputs.

    Args:
        dataset: The data set.
        config: The settings, see :func:`draw`.

    Returns:
        The sets sampled by :func:`draw`, and the dataset's test set. Tables are standardised by
        the mean and standard deviation of the training set.
    """
    train, validation = draw(dataset, config)
    every = np.arange(len(dataset.y_test))
    test = Draw(every, _targets(dataset.y_test), np.zeros(len(every), dtype=bool))
    standard = None
    if not isinstance(dataset.x_train, Texts) and dataset.x_train.dtype == np.float64:
        standard = Standard.of(dataset.x_train[train.indices])
    return Splits(
        train=_part(dataset.x_train, train, standard),
        validation=_part(dataset.x_train, validation, standard),
        test=_part(dataset.x_test, test, standard),
        standard=standard,
    )


def _targets(y: NDArray[Any]) -> NDArray[Any]:
    """Return class labels as int64, other numbers as float32."""
    return y.astype(np.int64 if np.issubdtype(y.dtype, np.integer) else np.float32)


def _generator(seed: int, stream: _Stream) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, int(stream)]))


def _draw(pool: Indices, size: int, generator: np.random.Generator) -> tuple[Indices, Indices]:
    """Draw `size` indices without replacement; return them and the remaining indices."""
    shuffled = generator.permutation(pool)
    return shuffled[:size], shuffled[size:]


def _draw_stratified(
    pool: Indices, labels: NDArray[np.uint8], size: int, generator: np.random.Generator
) -> tuple[Indices, Indices]:
    """Draw as `_draw` does, with the proportions of the classes in the pool."""
    shuffled = generator.permutation(pool)
    classes = labels[shuffled]
    chosen = np.zeros(len(shuffled), dtype=bool)
    for label, count in enumerate(_allocated(np.bincount(classes), size)):
        # The pool is shuffled, so the first samples of a class are a random choice.
        chosen[np.flatnonzero(classes == label)[:count]] = True
    return shuffled[chosen], shuffled[~chosen]


def _allocated(pool: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Divide `size` among classes in proportion to `pool` by the largest remainder method.

    In integers, because rounded remainders could give a class more samples than the pool has.
    """
    counts, remainders = np.divmod(pool * size, pool.sum())
    missing = size - counts.sum()
    counts[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return counts


def _add_label_noise(
    labels: NDArray[np.int64], count: int, classes: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Replace `count` labels by another class, with equal probability.

    Random numbers are drawn for all labels, so that more label noise includes the wrong labels of
    less label noise.
    """
    positions = generator.permutation(len(labels))[:count]
    steps = generator.integers(1, classes, size=len(labels))[:count]
    labels[positions] = (labels[positions] + steps) % classes
    wrong = np.zeros(len(labels), dtype=bool)
    wrong[positions] = True
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
