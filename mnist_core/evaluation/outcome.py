"""What a training came to: one of a few kinds, with the figures that show it.

A criterion of :mod:`mnist_core.evaluation.overfitting` may find no turning point although the
curves lie far apart: with few validation samples a rise can be chance. What is seen and what is
confirmed are therefore two figures here, so that a sentence can name both.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mnist_core.evaluation.overfitting import Curve, Curves, OverfittingPoint
from mnist_core.runs import RateChange

#: A training accuracy so far above the validation accuracy is a gap that can be seen.
SEEN_GAP = 0.03
#: For errors: the validation error is so many times the training error.
SEEN_RATIO = 1.25
#: A validation loss so far above its lowest, as a share of it, is a rise that can be seen.
SEEN_RISE = 0.05
#: A training accuracy below this is poor: the network does not even fit its training samples.
POOR_ACCURACY = 0.9
#: An accuracy that lies above chance by less than this share of 1 − chance counts as guessing.
GUESSING = 0.05
#: A fall of the validation loss, as a share of it, within the last tenth of the epochs.
STILL_FALLING = 0.005
#: A training loss that rises by this share in the epoch of a new learning rate has jumped.
JUMP = 0.2
#: Epochs in a row that the criterion with a confirmation asks for, and standard errors of a rise.
CONFIRMING_EPOCHS, CONFIRMING_ERRORS = 10, 2.0


class OutcomeKind(StrEnum):
    """What the curves of a run that has ended show."""

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
    """What a run's curves show at its end.

    Attributes:
        kind: In one word.
        best_epoch: The epoch with the lowest validation loss, from 1; None without one.
        gap: Training accuracy minus validation accuracy at the last epoch, -1 to 1; of errors how
            many times the training error the validation error is; None where that is no number.
        rise: Validation loss at the last epoch minus the lowest one; None likewise.
        within_chance: Whether that rise is no more than two standard errors.
        confirmable: Whether enough epochs came after the best one to confirm a rise.
    """

    kind: OutcomeKind
    best_epoch: int | None
    gap: float | None
    rise: float | None
    within_chance: bool
    confirmable: bool


def outcome(curves: Curves, point: OverfittingPoint, metric: str, *, classes: int) -> Outcome:
    """Judge the curves of a run that has ended.

    Args:
        curves: Its curves, at least one epoch.
        point: Where overfitting begins, by the chosen criterion.
        metric: "accuracy", or "mae" where the second figure is an error.
        classes: Number of classes; 0 where it is not known, or the answer is a number.
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
    """The first change of the learning rate that made the training loss jump up, if one did.

    Args:
        loss: Training loss of each epoch.
        learning_rate: The optimizer's rate at the end of each epoch.
    """
    changed = np.flatnonzero(np.diff(learning_rate)) + 1
    for index in changed.tolist():
        # The rate may have changed late in its epoch, so the next one counts too.
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
    if risen or _is_seen(gap, metric):
        return OutcomeKind.GAP
    if metric == "accuracy" and curves.metric[-1] < POOR_ACCURACY:
        return OutcomeKind.UNDERFITTED
    return OutcomeKind.LEVELLED


def is_guessing(curves: Curves, classes: int) -> bool:
    """Whether a network's training accuracy is hardly higher than that of a random choice.

    A constant answer is not found where one class is much more frequent than the others.

    Args:
        curves: The curves so far, at least one epoch.
        classes: Number of classes; 0 for a task without, of which nothing is said.
    """
    if not classes:
        return False
    chance = 1 / classes
    return float(curves.metric[-1]) < chance + GUESSING * (1 - chance)


def _diverged(loss: Curve) -> bool:
    """Whether the training loss is no number at the end, or higher than it was at first."""
    last = float(loss[-1])
    return not np.isfinite(last) or (len(loss) > 1 and last > 1.5 * float(loss[0]))


def _still_falling(val_loss: Curve, best: int) -> bool:
    """Whether the lowest loss is the last one, or lies in the last tenth and clearly lower."""
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


def _is_seen(gap: float | None, metric: str) -> bool:
    return gap is not None and gap >= (SEEN_GAP if metric == "accuracy" else SEEN_RATIO)
