"""Classification of learning curves: diverged, overfitted, underfitted, still improving, ….

With few validation samples the validation loss can rise by chance, so a criterion of
:mod:`mnist_core.evaluation.overfitting` may find no overfitting although the curves are far
apart. The outcome therefore also has the observed gap and the observed rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mnist_core.evaluation.overfitting import Curve, Curves, OverfittingPoint
from mnist_core.runs import RateChange

#: Smallest difference of training and validation accuracy that counts as a gap.
SEEN_GAP = 0.03
#: Smallest ratio of validation and training error that counts as a gap.
SEEN_RATIO = 1.25
#: Smallest relative rise of the validation loss above its minimum that counts as a gap.
SEEN_RISE = 0.05
#: A training accuracy below this value counts as underfitting.
POOR_ACCURACY = 0.9
#: An accuracy below chance + this fraction of (1 − chance) counts as guessing.
GUESSING = 0.05
#: Smallest relative decrease of the validation loss in the last tenth of the epochs that counts
#: as an improvement.
STILL_FALLING = 0.005
#: Smallest relative rise of the training loss after a new learning rate that counts as a jump.
JUMP = 0.2
#: Epochs in a row, and standard errors of the rise, that confirm overfitting.
CONFIRMING_EPOCHS, CONFIRMING_ERRORS = 10, 2.0


class OutcomeKind(StrEnum):
    """The outcome of a run that has ended, by its learning curves."""

    DIVERGED = "diverged"
    UNVALIDATED = "unvalidated"
    GUESSING = "guessing"
    OVERFITTED = "overfitted"
    GAP = "gap"
    IMPROVING = "improving"
    UNDERFITTED = "underfitted"
    LEVELLED = "levelled"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run, and the numbers on which it is based.

    Attributes:
        kind: The outcome.
        best_epoch: The epoch with the lowest validation loss, from 1; None without validation.
        gap: Training accuracy minus validation accuracy in the last epoch, -1 to 1; for
            regression the validation error divided by the training error; None if not finite.
        rise: Validation loss in the last epoch minus the lowest validation loss; None if not
            finite.
        within_chance: Whether the rise is at most two standard errors.
        confirmable: Whether there are enough epochs after the best epoch to confirm a rise.
    """

    kind: OutcomeKind
    best_epoch: int | None
    gap: float | None
    rise: float | None
    within_chance: bool
    confirmable: bool


def outcome(curves: Curves, point: OverfittingPoint, metric: str, *, classes: int) -> Outcome:
    """Determine the outcome of a run that has ended.

    Args:
        curves: The learning curves, at least one epoch.
        point: The start of overfitting by the chosen criterion.
        metric: "accuracy" or "mae".
        classes: Number of classes; 0 for regression, or if it is unknown.
    """
    finite = np.isfinite(curves.val_loss)
    best = int(np.argmin(np.where(finite, curves.val_loss, np.inf))) if finite.any() else None
    gap = _gap(curves, metric)
    rise = None
    if best is not None and finite[-1]:
        rise = float(curves.val_loss[-1] - curves.val_loss[best])
    error = float(curves.val_rise_se[-1])
    return Outcome(
        _kind(curves, point, best, gap, rise, metric, classes),
        None if best is None else best + 1,
        gap,
        rise,
        within_chance=rise is not None and not rise > CONFIRMING_ERRORS * error,
        confirmable=best is not None and len(curves.val_loss) - best - 1 >= CONFIRMING_EPOCHS,
    )


def rate_jump(loss: Curve, learning_rate: Curve) -> RateChange | None:
    """Return the first change of the learning rate after which the training loss jumped, if any.

    Args:
        loss: Training loss of each epoch.
        learning_rate: The learning rate at the end of each epoch.
    """
    changed = np.flatnonzero(np.diff(learning_rate)) + 1
    for index in changed.tolist():
        # The rate may have changed late in the epoch, so the next epoch counts as well.
        after = loss[index : index + 2]
        if not np.isfinite(after).all() or after.max() > loss[index - 1] * (1 + JUMP):
            old, new = learning_rate[index - 1 : index + 1].tolist()
            return RateChange(index + 1, old, new)
    return None


def _kind(
    curves: Curves,
    point: OverfittingPoint,
    best: int | None,
    gap: float | None,
    rise: float | None,
    metric: str,
    classes: int,
) -> OutcomeKind:
    if _diverged(curves.loss):
        return OutcomeKind.DIVERGED
    if best is None:
        return OutcomeKind.UNVALIDATED
    still_falling = _still_falling(curves.val_loss, best)
    if not still_falling and is_guessing(curves, classes):
        return OutcomeKind.GUESSING
    if point.best_epoch is not None:
        return OutcomeKind.OVERFITTED
    if still_falling:
        return OutcomeKind.IMPROVING
    risen = rise is not None and rise > SEEN_RISE * float(curves.val_loss[best])
    if risen or _is_large(gap, metric):
        return OutcomeKind.GAP
    if metric == "accuracy" and curves.metric[-1] < POOR_ACCURACY:
        return OutcomeKind.UNDERFITTED
    return OutcomeKind.LEVELLED


def is_guessing(curves: Curves, classes: int) -> bool:
    """Return whether the training accuracy is hardly higher than that of random guessing.

    With imbalanced classes a constant prediction is more accurate and is not detected.

    Args:
        curves: The learning curves, at least one epoch.
        classes: Number of classes; 0 returns False.
    """
    if not classes:
        return False
    chance = 1 / classes
    return float(curves.metric[-1]) < chance + GUESSING * (1 - chance)


def _diverged(loss: Curve) -> bool:
    """Return whether the last training loss is not finite, or 1.5 times the first."""
    last = float(loss[-1])
    return not np.isfinite(last) or (len(loss) > 1 and last > 1.5 * float(loss[0]))


def _still_falling(val_loss: Curve, best: int) -> bool:
    """Return whether the loss has a new minimum in the last epoch, or a clear one lately."""
    if best == len(val_loss) - 1:
        return True
    tenth = max(1, len(val_loss) // 10)
    if best < len(val_loss) - tenth:
        return False
    before = val_loss[: len(val_loss) - tenth]
    before = before[np.isfinite(before)]
    if not before.size:
        return True
    return bool(val_loss[best] < before.min() * (1 - STILL_FALLING))


def _gap(curves: Curves, metric: str) -> float | None:
    train, validation = float(curves.metric[-1]), float(curves.val_metric[-1])
    if metric == "accuracy":
        value = train - validation
    else:
        value = validation / train if train > 0 else np.nan
    return value if np.isfinite(value) else None


def _is_large(gap: float | None, metric: str) -> bool:
    return gap is not None and gap >= (SEEN_GAP if metric == "accuracy" else SEEN_RATIO)
