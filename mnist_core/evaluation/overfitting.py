"""Where does overfitting begin? Four answers that have proper names.

A network overfits when it goes on getting better at its training images and worse at images
it has not seen. The validation loss shows it, but it is measured on a few images and trembles,
so a single rise proves little. The criteria differ in how much evidence they ask for, and in
whether they look back over the whole curve or decide as it grows.

Each criterion is a pure function of the curve and gives two epochs: the one that was best, and
the one at which that could be known. To find nothing is an answer too.

A loss that is not finite (NaN or infinite) is never the best and is evidence of nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mnist_core.i18n import mark

Curve = NDArray[np.float64]
"""One figure for each epoch: float64, shape (epochs,); epoch 1 is at index 0."""


@dataclass(frozen=True)
class OverfittingPoint:
    """What a criterion finds; epochs count from 1, and both are None if it finds nothing.

    Attributes:
        best_epoch: The last epoch worth keeping; overfitting begins after it.
        detected_epoch: The epoch at which the criterion had seen enough to say so.
    """

    best_epoch: int | None
    detected_epoch: int | None


NOTHING = OverfittingPoint(None, None)


@dataclass(frozen=True, eq=False)
class Curves:
    """The learning curves of a run so far, one value for each epoch, from epoch 1 on.

    Attributes:
        loss: Mean loss on the training images.
        metric: The second figure over the training samples, such as the accuracy.
        val_loss: Mean loss on the validation images.
        val_metric: The same over the validation samples.
        val_rise_se: Standard error of the mean paired difference of the validation images'
            losses between this epoch and the best epoch so far, the one with the lowest
            validation loss (the first of equals); 0 or NaN where this epoch is the best.
    """

    loss: Curve
    metric: Curve
    val_loss: Curve
    val_metric: Curve
    val_rise_se: Curve

    @classmethod
    def of(cls, records: Sequence[object]) -> Curves:
        """Make the curves of a run's records, in order from epoch 1 on.

        Args:
            records: Anything that has a number of each curve's name, one for each epoch.
        """
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.array([getattr(row, name) for row in records]) for name in names})


def lowest_validation_loss(val_loss: Curve) -> OverfittingPoint:
    """Find the epoch with the lowest validation loss, in hindsight.

    The plainest criterion, "early stopping" at its most literal; see I. Goodfellow, Y. Bengio
    and A. Courville, Deep Learning (2016), section 7.8. It tells chance from overfitting no
    better than the curve is smooth: some epoch is always the lowest.

    Args:
        val_loss: Validation loss of each epoch.

    Returns:
        The first of the lowest epochs. It is known only by having looked at all the others, so
        the detected epoch is the last one of the curve and moves on with it. Nothing if the
        lowest epoch is itself the last one, or if no loss is finite.
    """
    best = _lowest(val_loss)
    if best is None or best == len(val_loss) - 1:
        return NOTHING
    return OverfittingPoint(best + 1, len(val_loss))


def generalisation_loss(val_loss: Curve, alpha: float = 5.0) -> OverfittingPoint:
    """Find the first epoch whose generalisation loss exceeds alpha.

    The criterion GL_alpha of L. Prechelt, "Early Stopping - But When?", in Neural Networks:
    Tricks of the Trade (1998): GL(t) = 100 * (E_va(t) / E_opt(t) - 1), where E_opt(t) is the
    lowest validation loss up to epoch t. It decides as the curve grows, so one high epoch is
    enough, and what comes after it is not considered.

    Args:
        val_loss: Validation loss of each epoch, not negative.
        alpha: Rise over the lowest loss so far, in percent, that is tolerated.

    Returns:
        The epoch with the lowest loss up to the detection, and the epoch of the detection.
    """
    losses = np.where(np.isfinite(val_loss), val_loss, np.inf)
    lowest = np.minimum.accumulate(losses)
    # The inequality GL > alpha without its division: the lowest loss may be 0.
    exceeds = np.isfinite(losses) & (losses > lowest * (1 + alpha / 100))
    if not exceeds.any():
        return NOTHING
    detected = int(np.argmax(exceeds))
    return OverfittingPoint(int(np.argmin(losses[:detected])) + 1, detected + 1)


def patience(val_loss: Curve, patience: int = 10, min_delta: float = 0.0) -> OverfittingPoint:
    """Find where Keras's `EarlyStopping` would stop, and the epoch that it would restore.

    As `keras.callbacks.EarlyStopping(monitor="val_loss", patience=..., min_delta=...,
    restore_best_weights=True)` of Keras 3: an epoch is an improvement if its loss plus
    `min_delta` is below that of the last improvement; training stops once `patience` epochs in
    a row were none. Unlike there, a loss that is not finite is no improvement even in
    the first epoch, and the waiting begins with the first finite one.

    Args:
        val_loss: Validation loss of each epoch.
        patience: Epochs without an improvement that are waited for; 0 means the same as 1.
        min_delta: Fall that counts as an improvement, not negative.

    Returns:
        The last improvement before the stop, and the epoch after which training would stop.
    """
    losses = np.where(np.isfinite(val_loss), val_loss, np.inf)
    improvements = _improvements(losses, min_delta)
    if not improvements.size:
        return NOTHING
    waits = np.diff(improvements, append=len(losses)) - 1
    wait = max(patience, 1)
    # An improvement ends the wait, so the gap between two holds one epoch fewer than they are
    # apart; after the last, every epoch of the curve counts.
    exhausted = waits >= wait
    if not exhausted.any():
        return NOTHING
    best = int(improvements[np.argmax(exhausted)])
    return OverfittingPoint(best + 1, best + wait + 1)


def confirmed_rise(
    val_loss: Curve, val_rise_se: Curve, z: float = 2.0, m: int = 10
) -> OverfittingPoint:
    """Find the lowest validation loss, once the rise after it is more than noise.

    The rise over the best epoch counts as real where it exceeds `z` of its standard errors,
    and it has to do so in `m` epochs in a row. The standard error is that of the paired
    differences: both epochs are judged on the same images, so what is hard about an image
    cancels out, and a much smaller rise can be told from chance than if the two losses were
    compared as independent figures (the paired comparison of W. S. Gosset, "The Probable Error
    of a Mean", Biometrika 6, 1908; for networks' early stopping the same idea as the
    one-standard-error rule of L. Breiman et al., Classification and Regression Trees, 1984).
    Successive epochs are alike, so `m` epochs are not `m` independent tests: the criterion is
    a rule of thumb, and m is there against a single bad epoch.

    Whenever the loss falls below the best one again, the overfitting was not final and the
    search begins anew. The answer therefore always belongs to the lowest epoch of the curve.

    Args:
        val_loss: Validation loss of each epoch.
        val_rise_se: Standard error of the paired difference from the best epoch so far, as in
            `Curves`; NaN is evidence of nothing.
        z: Standard errors that the rise has to exceed.
        m: Epochs in a row in which it has to, at least 1.

    Returns:
        The first of the lowest epochs and the m-th epoch in a row above it; nothing as long
        as the rise is not confirmed.
    """
    best = _lowest(val_loss)
    if best is None:
        return NOTHING
    # After the lowest epoch of all, every standard error refers to it.
    after = val_loss[best + 1 :]
    risen = np.isfinite(after) & (after - val_loss[best] > z * val_rise_se[best + 1 :])
    in_a_row = _lengths_of_rows(risen)
    confirmed = np.flatnonzero(in_a_row >= m)
    if not confirmed.size:
        return NOTHING
    return OverfittingPoint(best + 1, best + 1 + int(confirmed[0]) + 1)


def _lowest(val_loss: Curve) -> int | None:
    """Return the index of the first of the lowest finite losses, None if there is none."""
    losses = np.where(np.isfinite(val_loss), val_loss, np.inf)
    if not losses.size or not np.isfinite(losses.min()):
        return None
    return int(np.argmin(losses))


def _improvements(losses: Curve, min_delta: float) -> NDArray[np.intp]:
    """Return the indices of the epochs that `patience` counts as improvements."""
    before = np.concatenate(([np.inf], np.minimum.accumulate(losses)[:-1]))
    # An improvement is always lower than all before it, but with min_delta not every such epoch
    # is an improvement, and which are depends on those before: only these few are gone through.
    lowest_yet = np.flatnonzero(losses < before)
    if min_delta == 0:
        return lowest_yet
    kept = []
    best = np.inf
    for index, loss in zip(lowest_yet.tolist(), losses[lowest_yet].tolist(), strict=True):
        if loss + min_delta < best:
            kept.append(index)
            best = loss
    return np.array(kept, dtype=np.intp)


def _lengths_of_rows(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return, for each place, how many places in a row up to and with it are true."""
    places = np.arange(1, len(flags) + 1)
    last_false = np.maximum.accumulate(np.where(flags, 0, places))
    return places - last_false


@dataclass(frozen=True)
class Criterion:
    """One entry of the table of criteria.

    Attributes:
        key: Its name in an address and in JSON.
        label: A short title.
        summary: One sentence that a beginner understands.
        source: Where the criterion comes from.
        find: Applies it, with its usual numbers, to the curves of a run.
    """

    key: str
    label: str
    summary: str
    source: str
    find: Callable[[Curves], OverfittingPoint]


_ALL = (
    Criterion(
        key="confirmed",
        label=mark("Lowest loss (ignoring noise)"),
        summary=mark(
            "The lowest validation loss, once ten epochs in a row lie above it by more than two "
            "standard errors, that is by more than chance explains."
        ),
        source=mark("Paired differences after Gosset (1908); z = 2, m = 10"),
        find=lambda curves: confirmed_rise(curves.val_loss, curves.val_rise_se),
    ),
    Criterion(
        key="lowest",
        label=mark("Lowest validation loss"),
        summary=mark(
            "The epoch with the lowest validation loss so far, however little the others differ."
        ),
        source=mark("Goodfellow, Bengio and Courville, Deep Learning (2016), section 7.8"),
        find=lambda curves: lowest_validation_loss(curves.val_loss),
    ),
    Criterion(
        key="gl",
        label=mark("Generalisation loss (Prechelt)"),
        summary=mark(
            "Stops at the first epoch whose validation loss is more than 5 % above the lowest "
            "one until then."
        ),
        source=mark("Prechelt, Early Stopping - But When? (1998), GL with alpha = 5"),
        find=lambda curves: generalisation_loss(curves.val_loss),
    ),
    Criterion(
        key="patience",
        label=mark("Patience (Keras)"),
        summary=mark("Stops once ten epochs in a row have brought no lower validation loss."),
        source=mark("keras.callbacks.EarlyStopping with patience = 10 and min_delta = 0"),
        find=lambda curves: patience(curves.val_loss),
    ),
)

CRITERIA: dict[str, Criterion] = {entry.key: entry for entry in _ALL}
DEFAULT_CRITERION = "confirmed"
