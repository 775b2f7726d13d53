"""Configuration of one training run, validated before training.

A configuration is flat and frozen. Its field names are also the settings on a page, the options of
the command line and the keys in the store. Equal configurations train the same learning curve.
Limits and choices are data, which the pages read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, Self

from mnist_core.errors import ConfigError, shown, unknown_name
from mnist_core.experiment.architectures import (
    ARCHITECTURES,
    RENAMED,
    Architecture,
    architecture,
    architectures_for,
)
from mnist_core.i18n import mark
from mnist_core.tasks import TASKS, Quantity, Task, fold_sizes

MOST_SAMPLES = max(entry.samples for entry in TASKS.values())
"""Training and validation samples of the largest task; the test set is not counted."""
SMALLEST_VALIDATION_SET = 10
"""Smallest validation set, unless it is empty."""


@dataclass(frozen=True)
class Limit:
    """The smallest and the largest valid value of a number, both included."""

    low: int | float
    high: int | float


LIMITS: dict[str, Limit] = {
    "train_size": Limit(10, MOST_SAMPLES),
    "validation_size": Limit(0, MOST_SAMPLES - 10),
    "folds": Limit(0, 10),
    "fold": Limit(0, 10),
    "batch_size": Limit(1, MOST_SAMPLES),
    "epochs": Limit(1, 20_000),
    # A rate of 0 changes no weight, and neither does one below 1e-9 in float32.
    "learning_rate": Limit(1e-9, 10.0),
    "momentum": Limit(0.0, 0.999),
    "seed": Limit(0, 2**31 - 1),
    "label_noise": Limit(0.0, 0.5),
    "patience": Limit(1, 20_000),
    "min_delta": Limit(0.0, 100.0),
}

CHOICES: dict[str, tuple[str, ...]] = {
    "sampling": ("random", "stratified"),
    "optimizer": ("sgd", "rmsprop", "adam"),
    "pixel_scaling": ("unit", "raw"),
    "augmentation": ("none", "shape", "handwriting"),
    "histograms": ("off", "on"),
}

DEFAULT_LEARNING_RATES: dict[str, float] = {"sgd": 0.01, "rmsprop": 0.001, "adam": 0.001}
"""Keras's default learning rate of each optimizer."""

_WHOLE = (
    *("train_size", "validation_size", "folds", "fold"),
    *("batch_size", "epochs", "seed", "patience"),
)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The settings of one training run.

    Attributes:
        task: Key of `mnist_core.tasks.TASKS`.
        architecture: Key of `mnist_core.experiment.architectures.ARCHITECTURES`.
        train_size: Number of training samples.
        validation_size: Number of validation samples, disjoint from the training samples. The sum
            with `train_size` is at most what the task has (MNIST: 60,000). 0 trains without
            validation, once the number of epochs has been chosen.
        sampling: "random", or "stratified" to keep the share of every class.
        folds: For K-fold cross-validation, K from 2 to 10; else 0.
        fold: The validation fold, from 1 to `folds`; the other folds are for training. Else 0.
        batch_size: Samples in each step of the optimizer.
        epochs: Passes over the training samples.
        optimizer: "sgd", "rmsprop" or "adam".
        learning_rate: Step size of the optimizer.
        momentum: Fraction of the previous step that is added to the next; SGD only.
        seed: Determines the choice of samples, the initial weights and the order of the batches.
        pixel_scaling: "unit" for pixels from 0 to 1, "raw" for 0 to 255.
        label_noise: Fraction of training labels that are replaced by wrong labels, 0 to 0.5.
        augmentation: Random transformation of each training image in each epoch: "none", "shape"
            (geometric: rotation, shear, scaling and translation) or "handwriting" (geometric and
            stroke width). Validation and test images are not transformed.
        patience: Early stopping: epochs without improvement of the validation loss after which
            training stops; None turns early stopping off.
        min_delta: Decrease of the validation loss that counts as an improvement for `patience`.
        histograms: "on" to store histograms of the weights after each epoch, for TensorBoard and
            the page of the model. The learning curve is the same.

    Raises:
        ConfigError: A value has the wrong type, is out of range or unknown, or is inconsistent
            with another value.
    """

    task: str = "mnist"
    architecture: str = "relu-2"
    train_size: int = 700
    validation_size: int = 300
    sampling: str = "random"
    folds: int = 0
    fold: int = 0
    batch_size: int = 10
    epochs: int = 1000
    optimizer: str = "sgd"
    learning_rate: float = DEFAULT_LEARNING_RATES["sgd"]
    momentum: float = 0.0
    seed: int = 3
    pixel_scaling: str = "unit"
    label_noise: float = 0.0
    augmentation: str = "none"
    patience: int | None = None
    min_delta: float = 0.0
    histograms: str = "off"

    def __post_init__(self) -> None:
        """Check each field, then the fields against each other."""
        _check_name("task", self.task, TASKS)
        self._rename()
        _check_name("architecture", self.architecture, ARCHITECTURES)
        for field, names in CHOICES.items():
            _check_name(field, getattr(self, field), names)
        for field in LIMITS:
            value = getattr(self, field)
            if field == "patience" and value is None:
                continue
            # Integers given for floats, and NumPy types, become plain Python numbers: equal
            # configurations are then equal, and each can be stored as JSON.
            object.__setattr__(self, field, _number(field, value))
        self._check_together()

    def _rename(self) -> None:
        """Replace the key of an architecture that an earlier version stored."""
        for former, key in RENAMED.items():
            if self.architecture == former:
                object.__setattr__(self, "architecture", key)

    def _check_together(self) -> None:
        entry = TASKS[self.task]
        if self.architecture not in architectures_for(entry.key):
            raise ConfigError(
                mark("The architecture {architecture} does not fit the task {task}."),
                mark("Choose one of {fitting}."),
                architecture=self.architecture,
                task=self.task,
                fitting=", ".join(architectures_for(entry.key)),
            )
        self._check_sizes(entry)
        self._check_folds(entry)
        for field, neutral, fits in (
            ("pixel_scaling", "unit", entry.inputs == "images"),
            ("augmentation", "none", entry.inputs == "images"),
            ("sampling", "random", not entry.is_number),
            ("label_noise", 0.0, not entry.is_number),
        ):
            if not fits and getattr(self, field) != neutral:
                raise ConfigError(
                    mark("{field} is {value}, but has no effect in the task {task}."),
                    mark("Set it to {usual}."),
                    field=field,
                    value=shown(getattr(self, field)),
                    task=self.task,
                    usual=neutral,
                )
        if self.momentum and self.optimizer != "sgd":
            raise ConfigError(
                mark("momentum is {momentum}, but the optimizer {optimizer} has no momentum."),
                mark("Set momentum to 0 or the optimizer to sgd."),
                momentum=self.momentum,
                optimizer=self.optimizer,
            )

    def _check_sizes(self, entry: Task) -> None:
        total = self.train_size + self.validation_size
        if total > entry.samples:
            raise ConfigError(
                mark(
                    "train_size {train} and validation_size {validation} add up to {total}, but "
                    "the data set has {available} samples for training and validation."
                ),
                mark("Reduce one of them by at least {excess}."),
                train=self.train_size,
                validation=self.validation_size,
                total=total,
                available=entry.samples,
                excess=total - entry.samples,
            )
        if 0 < self.validation_size < SMALLEST_VALIDATION_SET:
            raise ConfigError(
                mark("validation_size is {value}, too small to estimate the loss."),
                mark("Set it to at least {fewest}, or to 0 to train without validation."),
                value=self.validation_size,
                fewest=SMALLEST_VALIDATION_SET,
            )
        if self.validation_size == 0 and self.patience is not None:
            raise ConfigError(
                mark("patience is {patience}, but validation_size is 0: no validation loss."),
                mark("Set validation_size to at least {fewest}, or turn patience off."),
                fewest=SMALLEST_VALIDATION_SET,
                patience=self.patience,
            )

    def _check_folds(self, entry: Task) -> None:
        if self.folds == 0 and self.fold == 0:
            return
        if self.folds < 2 or not 1 <= self.fold <= self.folds:
            raise ConfigError(
                mark(
                    "fold is {fold} and folds is {folds}, but folds has to be from 2 to 10, and "
                    "fold from 1 to folds."
                ),
                mark("Change fold or folds, or set both to 0."),
                folds=self.folds,
                fold=self.fold,
            )
        train, validation = fold_sizes(entry.samples, self.folds, self.fold)
        if (self.train_size, self.validation_size, self.sampling) != (train, validation, "random"):
            raise ConfigError(
                mark(
                    "Fold {fold} of {folds} has {train} training and {validation} validation "
                    "samples, drawn at random, not {train_size} and {validation_size}."
                ),
                mark("Set train_size and validation_size to these, and sampling to random."),
                fold=self.fold,
                folds=self.folds,
                train_size=self.train_size,
                validation_size=self.validation_size,
                train=train,
                validation=validation,
            )

    @property
    def metric(self) -> str:
        """Keras's name of the metric: "accuracy" or "mae"."""
        return TASKS[self.task].metric if self.task in TASKS else "accuracy"

    @property
    def network(self) -> Architecture:
        """The architecture, for the inputs of the task.

        Raises:
            ConfigError: The architecture is unknown.
        """
        return architecture(self.architecture, self.task)

    @property
    def quantity(self) -> Quantity | None:
        """The predicted quantity; None for classification, or if the task is unknown."""
        return TASKS[self.task].quantity if self.task in TASKS else None

    @property
    def classes(self) -> int:
        """Number of classes; 0 for regression, or if the task is unknown."""
        return len(TASKS[self.task].classes) if self.task in TASKS else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, in order, as values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return a configuration from field names and values; missing fields take their defaults.

        Args:
            values: Field names and values, as `to_dict` returns them.

        Raises:
            ConfigError: A name is unknown or a value invalid.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(
                mark("The configuration is {value}, not a table of setting names and values."),
                mark('Give a table such as {{"epochs": 10}}.'),
                value=shown(values),
            )
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise unknown_name("setting", name, known)
        return cls(**values)

    @classmethod
    def from_store(cls, values: Mapping[str, Any]) -> Self:
        """Return a configuration that was valid when it was stored, without validating it.

        The store may be older or newer than this code. A run whose architecture no longer exists
        can still be listed and displayed; before training, use `from_dict`.

        Args:
            values: Field names and values; unknown names are ignored.
        """
        config = object.__new__(cls)
        for field in fields(cls):
            object.__setattr__(config, field.name, values.get(field.name, field.default))
        config._rename()
        return config


def _check_name(field: str, value: object, known: Iterable[str]) -> None:
    if not isinstance(value, str) or value not in known:
        raise unknown_name(field, value, known)


def _number(field: str, value: object) -> int | float:
    limit = LIMITS[field]
    whole = field in _WHOLE
    number = _plain(value, whole=whole)
    # The comparison also rejects NaN and infinity.
    if number is None or not limit.low <= number <= limit.high:
        raise ConfigError(
            mark("{field} is {value}, but has to be a whole number from {low} to {high}.")
            if whole
            else mark("{field} is {value}, but has to be a number from {low} to {high}."),
            mark("Choose a number in this range."),
            field=field,
            value=shown(value),
            low=limit.low,
            high=limit.high,
        )
    return number


def _plain(value: object, *, whole: bool) -> int | float | None:
    """Return a number as Python's own int or float, or None for any other value."""
    # bool is a subclass of int.
    if isinstance(value, bool):
        return None
    if whole:
        return int(value) if isinstance(value, Integral) else None
    try:
        return float(value) if isinstance(value, Real) else None
    except OverflowError:
        return None
