"""One experiment in full: everything that decides a learning curve, checked before it costs time.

A configuration is flat and frozen. The same nineteen names are widgets on a page, options on the
command line and keys in the store, and two equal configurations train the same curve.
Limits and choices stand beside it as data, so that no page holds a number of its own.
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
"""Samples that training and validation share, in the largest task; test samples are none of them.
"""
FEWEST_JUDGES = 10
"""A validation set is at least so large, or empty."""


@dataclass(frozen=True)
class Limit:
    """The smallest and the largest value that a number may take, both allowed."""

    low: int | float
    high: int | float


LIMITS: dict[str, Limit] = {
    "train_size": Limit(10, MOST_SAMPLES),
    "validation_size": Limit(0, MOST_SAMPLES - 10),
    "folds": Limit(0, 10),
    "fold": Limit(0, 10),
    "batch_size": Limit(1, MOST_SAMPLES),
    "epochs": Limit(1, 20_000),
    # A rate of zero learns nothing; below a billionth a float32 weight does not move either.
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
"""The rate that Keras gives each optimizer when none is stated."""

_WHOLE = (
    *("train_size", "validation_size", "folds", "fold"),
    *("batch_size", "epochs", "seed", "patience"),
)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What to train, on what, how and for how long.

    Attributes:
        task: Key of `mnist_core.tasks.TASKS`.
        architecture: Key of `mnist_core.experiment.architectures.ARCHITECTURES`.
        train_size: Samples to learn from.
        validation_size: Samples to judge by during training; together with `train_size` at most
            what the task has (MNIST 60,000), and never the same samples. 0 trains without a
            judge, once the number of epochs has been chosen.
        sampling: "random", or "stratified" to keep every class's share.
        folds: For K-fold cross-validation, K from 2 to 10; else 0.
        fold: Which of the folds judges, from 1 to `folds`; the others train. Else 0.
        batch_size: Samples for each step of the optimizer.
        epochs: Times that the training samples are seen.
        optimizer: "sgd", "rmsprop" or "adam".
        learning_rate: Size of a step, as the optimizer understands it.
        momentum: Share of the previous step that is carried on; SGD only.
        seed: Decides the choice of samples, the first weights and the order of the batches.
        pixel_scaling: "unit" for pixels from 0 to 1, "raw" for 0 to 255.
        label_noise: Share of the training labels that are made wrong, 0 to 0.5.
        augmentation: What is done to each training image each time that it comes round: "none",
            "shape" (turned, slanted, stretched, shifted a little), or "handwriting" (the strokes
            made thicker or thinner, too). Validation and test images stay as they are.
        patience: Epochs without improvement of the validation loss after which training stops;
            None never stops early.
        min_delta: Fall of the validation loss that counts as an improvement for `patience`.
        histograms: "on" to keep how the weights are spread, epoch by epoch, for TensorBoard and
            the page of the model. It changes nothing of the curve.

    Raises:
        ConfigError: If a value is of the wrong type, out of range, unknown or at odds with
            another one.
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
            # A whole number given for a float, or NumPy's own types, become plain Python ones:
            # equal configurations are then equal, and every one of them is JSON.
            object.__setattr__(self, field, _number(field, value))
        self._check_together()

    def _rename(self) -> None:
        """Take the network's key of today, where a former version stored another one."""
        for former, key in RENAMED.items():
            if self.architecture == former:
                object.__setattr__(self, "architecture", key)

    def _check_together(self) -> None:
        entry = TASKS[self.task]
        if self.architecture not in architectures_for(entry.key):
            raise ConfigError(
                mark("architecture is {architecture} with the task {task}."),
                mark("That network takes other samples, or gives other answers."),
                mark("Choose one of {fitting}."),
                architecture=self.architecture,
                task=self.task,
                fitting=", ".join(architectures_for(entry.key)),
            )
        self._check_sizes(entry)
        self._check_folds(entry)
        for field, unlike, fits in (
            ("pixel_scaling", "unit", entry.inputs == "images"),
            ("augmentation", "none", entry.inputs == "images"),
            ("sampling", "random", not entry.is_number),
            ("label_noise", 0.0, not entry.is_number),
        ):
            if not fits and getattr(self, field) != unlike:
                raise ConfigError(
                    mark("{field} is {value} with the task {task}."),
                    mark("This task's samples know no such thing."),
                    mark("Leave it at {usual}."),
                    field=field,
                    value=shown(getattr(self, field)),
                    task=self.task,
                    usual=unlike,
                )
        if self.momentum and self.optimizer != "sgd":
            raise ConfigError(
                mark("momentum is {momentum} with the optimizer {optimizer}."),
                mark("Only sgd takes a momentum; the others keep an average of their own."),
                mark("Set momentum to 0, or the optimizer to sgd."),
                momentum=self.momentum,
                optimizer=self.optimizer,
            )

    def _check_sizes(self, entry: Task) -> None:
        total = self.train_size + self.validation_size
        if total > entry.samples:
            raise ConfigError(
                mark(
                    "train_size is {train} and validation_size is {validation}, together {total}."
                ),
                mark("Both are drawn from the same {available} samples, without repetition."),
                mark("Make one of them smaller by {excess} or more."),
                train=self.train_size,
                validation=self.validation_size,
                total=total,
                available=entry.samples,
                excess=total - entry.samples,
            )
        if 0 < self.validation_size < FEWEST_JUDGES:
            raise ConfigError(
                mark("validation_size is {value}."),
                mark("So few samples measure nothing."),
                mark("Give at least {fewest}, or 0 to train without validation."),
                value=self.validation_size,
                fewest=FEWEST_JUDGES,
            )
        if self.validation_size == 0 and self.patience is not None:
            raise ConfigError(
                mark("validation_size is 0 and patience is {patience}."),
                mark("Stopping early looks at the validation loss, and there is none."),
                mark("Give some validation samples, or take the patience away."),
                patience=self.patience,
            )

    def _check_folds(self, entry: Task) -> None:
        if self.folds == 0 and self.fold == 0:
            return
        if self.folds < 2 or not 1 <= self.fold <= self.folds:
            raise ConfigError(
                mark("folds is {folds} and fold is {fold}."),
                mark("There are 2 to 10 folds, and the validation fold is one of them."),
                mark("Count the fold from 1 to the number of folds, or set both to 0."),
                folds=self.folds,
                fold=self.fold,
            )
        train, validation = fold_sizes(entry.samples, self.folds, self.fold)
        if (self.train_size, self.validation_size, self.sampling) != (train, validation, "random"):
            raise ConfigError(
                mark("Fold {fold} of {folds}, with {train_size} and {validation_size} samples."),
                mark(
                    "Folds divide all samples at random: here {train} train, {validation} validate."
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
        """Keras's name of the figure beside the loss: "accuracy" or "mae"."""
        return TASKS[self.task].metric if self.task in TASKS else "accuracy"

    @property
    def network(self) -> Architecture:
        """The network, for the samples of the task.

        Raises:
            ConfigError: If there is none of that name.
        """
        return architecture(self.architecture, self.task)

    @property
    def quantity(self) -> Quantity | None:
        """The number that is predicted; None where that is a class, or the task is not known."""
        return TASKS[self.task].quantity if self.task in TASKS else None

    @property
    def classes(self) -> int:
        """Number of classes; 0 where the answer is a number, or the task is not known."""
        return len(TASKS[self.task].classes) if self.task in TASKS else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, in order, as values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a configuration from its fields by name; what is missing takes its default.

        Args:
            values: Field names and values, as `to_dict` returns them.

        Raises:
            ConfigError: If a name is unknown, or a value cannot be used.
        """
        if not isinstance(values, Mapping):
            raise ConfigError(
                mark("The configuration is {value}."),
                mark("A configuration is a table of setting names and values."),
                mark('Give one such as {{"epochs": 10}}.'),
                value=shown(values),
            )
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                raise unknown_name("setting", name, known)
        return cls(**values)

    @classmethod
    def from_store(cls, values: Mapping[str, Any]) -> Self:
        """Make a configuration that was valid when it was stored, without checking it again.

        A store may be older or newer than this code. A run whose architecture is gone can then
        still be listed and looked at; who wants to train it checks it with `from_dict`.

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
    # The comparison also turns away NaN and infinity.
    if number is None or not limit.low <= number <= limit.high:
        why = (
            mark("It has to be a whole number from {low} to {high}.")
            if whole
            else mark("It has to be a number from {low} to {high}.")
        )
        raise ConfigError(
            mark("{field} is {value}."),
            why,
            mark("Choose a number in that range."),
            field=field,
            value=shown(value),
            low=limit.low,
            high=limit.high,
        )
    return number


def _plain(value: object, *, whole: bool) -> int | float | None:
    """Return a number as Python's own int or float, None if it is no such number."""
    # True is a number to Python, but nobody means "one epoch" by it.
    if isinstance(value, bool):
        return None
    if whole:
        return int(value) if isinstance(value, Integral) else None
    try:
        return float(value) if isinstance(value, Real) else None
    except OverflowError:
        return None
