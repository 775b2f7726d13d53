"""Suggestions after a training: for each kind of outcome, a few changed configurations to try.

A step changes one thing, so that its effect is visible. It is a complete configuration that can be
trained at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mnist_core.errors import ConfigError
from mnist_core.evaluation.outcome import Outcome, OutcomeKind
from mnist_core.experiment.architectures import architectures_for
from mnist_core.experiment.config import LIMITS, TrainingConfig
from mnist_core.tasks import task

#: Maximum number of suggestions.
MOST_STEPS = 3
#: The next larger network for images.
_LARGER = {
    "softmax": "relu-512",
    "relu-2": "relu-512",
    "tanh-200-100": "relu-512",
    "relu-512": "relu-500-500",
    "relu-500-500": "strided",
    "regularised-512-512": "strided",
    "lenet": "strided",
}
#: Networks without regularisation → the most similar regularised network.
_REGULARISED = {"relu-512": "regularised-512-512", "relu-500-500": "regularised-512-512"}


@dataclass(frozen=True)
class NextStep:
    """A suggested training.

    Attributes:
        key: The kind of change, a key of ``IDEAS``.
        config: The configuration to train.
    """

    key: str
    config: TrainingConfig


def next_steps(config: TrainingConfig, found: Outcome) -> list[NextStep]:
    """Return the suggestions after a run, the most instructive first.

    Args:
        config: The trained configuration; there are no suggestions for a fold.
        found: The outcome of the run.

    Returns:
        At most ``MOST_STEPS`` suggestions, each different from ``config``.
    """
    if config.folds:
        return []
    steps = []
    for key in _AFTER[found.kind]:
        try:
            changed = IDEAS[key](config, found)
        except ConfigError:  # the change is impossible, for example without more samples
            continue
        if changed is not None and changed != config:
            steps.append(NextStep(key, changed))
    return steps[:MOST_STEPS]


def _more_data(config: TrainingConfig, _: Outcome) -> TrainingConfig | None:
    most = task(config.task).samples - config.validation_size
    size = min(config.train_size * 10, most)
    return replace(config, train_size=size) if size >= 1.1 * config.train_size else None


def _more_validation(config: TrainingConfig, _: Outcome) -> TrainingConfig | None:
    most = task(config.task).samples - config.train_size
    size = min(config.validation_size * 10, most)
    return replace(config, validation_size=size) if size >= 1.5 * config.validation_size else None


def _validation(config: TrainingConfig, _: Outcome) -> TrainingConfig | None:
    held = task(config.task).samples // 6
    train = min(config.train_size, task(config.task).samples - held)
    return replace(config, train_size=train, validation_size=held)


def _larger_network(config: TrainingConfig, _: Outcome) -> TrainingConfig | None:
    larger = _LARGER.get(config.architecture)
    if larger not in architectures_for(config.task):
        return None
    return replace(config, architecture=larger)


def _regularise(config: TrainingConfig, _: Outcome) -> TrainingConfig | None:
    other = _REGULARISED.get(config.architecture)
    if other not in architectures_for(config.task):
        return None
    return replace(config, architecture=other)


def _augment(config: TrainingConfig, _: Outcome) -> TrainingConfig | None:
    return replace(config, augmentation="shape") if config.augmentation == "none" else None


def _longer(config: TrainingConfig, _: Outcome) -> TrainingConfig:
    return replace(config, epochs=min(config.epochs * 2, int(LIMITS["epochs"].high)))


def _stop_at_best(config: TrainingConfig, found: Outcome) -> TrainingConfig | None:
    if found.best_epoch is None or found.best_epoch >= config.epochs:
        return None
    return replace(config, epochs=found.best_epoch)


def _smaller_rate(config: TrainingConfig, _: Outcome) -> TrainingConfig:
    return replace(config, learning_rate=float(f"{config.learning_rate / 10:.3g}"))


def _scale_pixels(config: TrainingConfig, _: Outcome) -> TrainingConfig:
    return replace(config, pixel_scaling="unit")


def _less_data(config: TrainingConfig, _: Outcome) -> TrainingConfig | None:
    return replace(config, train_size=config.train_size // 10)


IDEAS: dict[str, Callable[[TrainingConfig, Outcome], TrainingConfig | None]] = {
    "more-data": _more_data,
    "more-validation": _more_validation,
    "validation": _validation,
    "larger-network": _larger_network,
    "regularise": _regularise,
    "augment": _augment,
    "longer": _longer,
    "stop-at-best": _stop_at_best,
    "smaller-rate": _smaller_rate,
    "scale-pixels": _scale_pixels,
    "less-data": _less_data,
}

_AFTER: dict[OutcomeKind, tuple[str, ...]] = {
    OutcomeKind.DIVERGED: ("smaller-rate", "scale-pixels"),
    OutcomeKind.GUESSING: ("smaller-rate", "scale-pixels", "larger-network"),
    OutcomeKind.UNVALIDATED: ("validation",),
    OutcomeKind.OVERFITTED: (
        *("more-data", "regularise", "augment", "stop-at-best", "smaller-rate"),
    ),
    OutcomeKind.GAP: (
        *("more-validation", "more-data", "regularise", "augment", "stop-at-best", "smaller-rate"),
    ),
    OutcomeKind.IMPROVING: ("longer", "larger-network", "less-data"),
    OutcomeKind.UNDERFITTED: ("larger-network", "scale-pixels", "longer"),
    OutcomeKind.LEVELLED: ("larger-network", "smaller-rate", "less-data"),
}
