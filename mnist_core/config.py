"""One experiment in full: everything that decides a learning curve, checked before it costs time.

A configuration is flat and frozen. The same seventeen names are widgets on a page, options on the
command line and keys in the store, and two equal configurations train the same curve.
Limits and choices stand beside it as data, so that no page holds a number of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from typing import Any, Self

from mnist_core.architectures import ARCHITECTURES
from mnist_core.errors import ConfigError, shown, unknown_name
from mnist_core.tasks import TASKS
from mnist_core.words import mark

TRAINING_IMAGES = 60_000
"""Images that training and validation share; the test set's 10,000 are never among them."""


@dataclass(frozen=True)
class Limit:
    """The smallest and the largest value that a number may take, both allowed."""

    low: int | float
    high: int | float


LIMITS: dict[str, Limit] = {
    "train_size": Limit(10, TRAINING_IMAGES - 10),
    "validation_size": Limit(10, TRAINING_IMAGES - 10),
    "batch_size": Limit(1, TRAINING_IMAGES),
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

_WHOLE = ("train_size", "validation_size", "batch_size", "epochs", "seed", "patience")


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What to train, on what, how and for how long.

    Attributes:
        task: Key of `mnist_core.tasks.TASKS`.
        architecture: Key of `mnist_core.architectures.ARCHITECTURES`.
        train_size: Images to learn from.
        validation_size: Images to judge by during training; together with `train_size` at most
            60,000, and never the same images.
        sampling: "random", or "stratified" to keep every digit's share.
        batch_size: Images for each step of the optimizer.
        epochs: Times that the training images are seen.
        optimizer: "sgd", "rmsprop" or "adam".
        learning_rate: Size of a step, as the optimizer understands it.
        momentum: Share of the previous step that is carried on; SGD only.
        seed: Decides the choice of images, the first weights and the order of the batches.
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

    def _check_together(self) -> None:
        total = self.train_size + self.validation_size
        if total > TRAINING_IMAGES:
            raise ConfigError(
                mark(
                    "train_size is {train} and validation_size is {validation}, together {total}."
                ),
                mark("Both are drawn from the same {available} images, without repetition."),
                mark("Make one of them smaller by {excess} or more."),
                train=self.train_size,
                validation=self.validation_size,
                total=total,
                available=TRAINING_IMAGES,
                excess=total - TRAINING_IMAGES,
            )
        if self.momentum and self.optimizer != "sgd":
            raise ConfigError(
                mark("momentum is {momentum} with the optimizer {optimizer}."),
                mark("Only sgd takes a momentum; the others keep an average of their own."),
                mark("Set momentum to 0, or the optimizer to sgd."),
                momentum=self.momentum,
                optimizer=self.optimizer,
            )

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
