"""Overfitting criteria: four early stopping rules that find where overfitting begins.

A network overfits when its training loss still decreases while its validation loss increases. The
validation loss is measured on a limited number of samples and is noisy, so a single increase is
weak evidence. The criteria differ in the evidence that they require, and in whether they use the
whole curve or decide during training.

Each criterion is a pure function of the curve that returns the best epoch and the epoch at which
the criterion detected overfitting, or `NOTHING`. Losses that are not finite (NaN or infinite) are
ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mnist_core.i18n import mark

Curve = NDArray[np.float64]
"""A value for each epoch: float64, shape (epochs,); epoch 1 is at index 0."""


@dataclass(frozen=True)
class OverfittingPoint:
    """The result of a criterion; both epochs are None if it finds no overfitting.

    Attributes:
        best_epoch: The best epoch, from 1; overfitting begins after it.
        detected_epoch: The epoch at which the criterion detects overfitting, from 1.
    """

    best_epoch: int | None
    detected_epoch: int | None


NOTHING = OverfittingPoint(None, None)


@dataclass(frozen=True, eq=False)
class Curves:
    """The learning curves of a run, with a value for each epoch, from epoch 1.

    Attributes:
        loss: Training loss.
        metric: Metric on the training set, such as the accuracy.
        val_loss: Validation loss.
        val_metric: Metric on the validation set.
        val_rise_se: Standard error of the mean paired difference between the validation losses
            of single samples in this epoch and in the best epoch so far; 0 or NaN where this
            epoch is the best.
    """

    loss: Curve
    metric: Curve
    val_loss: Curve
    val_metric: Curve
    val_rise_se: Curve

    @classmethod
    def of(cls, records: Sequence[object]) -> Curves:
        """Return the curves of a run.

        Args:
            records: An object for each epoch, from 1, with an attribute for each curve.
        """
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.array([getattr(row, name) for row in records]) for name in names})


def lowest_validation_loss(val_loss: Curve) -> OverfittingPoint:
    """Find the epoch with the lowest validation loss in the whole curve.

    The simplest form of early stopping; see I. Goodfellow, Y. Bengio and A. Courville, Deep
    Learning (2016), section 7.8. It does not distinguish noise from overfitting.

    Args:
        val_loss: Validation loss of each epoch.

    Returns:
        The first epoch with the lowest loss, detected at the last epoch of the curve. `NOTHING`
        if the last epoch has the lowest loss, or if no loss is finite.
    """
    best = _lowest(val_loss)
    if best is None or best == len(val_loss) - 1:
        return NOTHING
    return OverfittingPoint(best + 1, len(val_loss))


def generalisation_loss(val_loss: Curve, alpha: float = 5.0) -> OverfittingPoint:
    """Find the first epoch whose generalisation loss exceeds alpha.

    The criterion GL_alpha of L. Prechelt, "Early Stopping - But When?", in Neural Networks:
    Tricks of the Trade (1998): GL(t) = 100 * (E_va(t) / E_opt(t) - 1), where E_opt(t) is the
    lowest validation loss up to epoch t. It decides during training, so a single epoch with a
    high loss is sufficient, and later epochs have no effect.

    Args:
        val_loss: Validation loss of each epoch, not negative.
        alpha: Largest tolerated rise over the lowest loss so far, in percent.

    Returns:
        The epoch with the lowest loss before the detection, and the epoch of the detection.
    """
    losses = np.where(np.isfinite(val_loss), val_loss, np.inf)
    lowest = np.minimum.accumulate(losses)
    # The inequality GL > alpha without the division, because the lowest loss may be 0.
    exceeds = np.isfinite(losses) & (losses > lowest * (1 + alpha / 100))
    if not exceeds.any():
        return NOTHING
    detected = int(np.argmax(exceeds))
    return OverfittingPoint(int(np.argmin(losses[:detected])) + 1, detected + 1)


def patience(val_loss: Curve, patience: int = 10, min_delta: float = 0.0) -> OverfittingPoint:
    """Find the epoch at which Keras's `EarlyStopping` stops, and the epoch that it restores.

    As `keras.callbacks.EarlyStopping(monitor="val_loss", patience=..., min_delta=...,
    restore_best_weights=True)` of Keras 3: an epoch is an improvement if its loss plus
    `min_delta` is below the loss of the last improvement; training stops after `patience` epochs
    in a row without an improvement. Unlike in Keras, a first epoch with a loss that is not finite
    is no improvement, and the count begins with the first finite loss.

    Args:
        val_loss: Validation loss of each epoch.
        patience: Epochs without improvement before the stop; 0 is the same as 1.
        min_delta: Decrease that counts as an improvement, not negative.

    Returns:
        The last improvement before the stop, and the epoch after which training stops.
    """
    losses = np.where(np.isfinite(val_loss), val_loss, np.inf)
    improvements = _improvements(losses, min_delta)
    if not improvements.size:
        return NOTHING
    waits = np.diff(improvements, append=len(losses)) - 1
    wait = max(patience, 1)
    exhausted = waits >= wait
    if not exhausted.any():
        return NOTHING
    best = int(improvements[np.argmax(exhausted)])
    return OverfittingPoint(best + 1, best + wait + 1)


def confirmed_rise(
    val_loss: Curve, val_rise_se: Curve, z: float = 2.0, m: int = 10
) -> OverfittingPoint:
    """Find the lowest validation loss, if the rise after it is statistically significant.

    The rise over the best epoch has to exceed `z` standard errors in `m` epochs in a row. The
    standard error is that of the paired differences: both epochs are evaluated on the same
    samples, so the variation between samples cancels, and a much smaller rise is significant than
    in a comparison of independent losses (the paired comparison of W. S. Gosset, "The Probable
    Error of a Mean", Biometrika 6, 1908; similar to the one-standard-error rule of L. Breiman et
    al., Classification and Regression Trees, 1984). Successive epochs are correlated, so `m`
    epochs are not `m` independent tests: the criterion is a heuristic, and `m` excludes single
    outliers.

    If the loss later falls below the best loss, the search starts again, so the result always
    refers to the lowest loss of the whole curve.

    Args:
        val_loss: Validation loss of each epoch.
        val_rise_se: Standard error of the paired difference from the best epoch so far, as in
            `Curves`; an epoch with NaN confirms nothing.
        z: Standard errors that the rise has to exceed.
        m: Epochs in a row, at least 1.

    Returns:
        The first epoch with the lowest loss, and the m-th epoch in a row with a significant rise;
        `NOTHING` without such a rise.
    """
    best = _lowest(val_loss)
    if best is None:
        return NOTHING
    # After the lowest loss of the curve all standard errors refer to that epoch.
    after = val_loss[best + 1 :]
    risen = np.isfinite(after) & (after - val_loss[best] > z * val_rise_se[best + 1 :])
    confirmed = np.flatnonzero(_run_lengths(risen) >= m)
    if not confirmed.size:
        return NOTHING
    return OverfittingPoint(best + 1, best + 1 + int(confirmed[0]) + 1)


def _lowest(val_loss: Curve) -> int | None:
    """Return the index of the first lowest finite loss; None if no loss is finite."""
    losses = np.where(np.isfinite(val_loss), val_loss, np.inf)
    if not losses.size or not np.isfinite(losses.min()):
        return None
    return int(np.argmin(losses))


def _improvements(losses: Curve, min_delta: float) -> NDArray[np.intp]:
    """Return the indices of the epochs that `patience` counts as improvements."""
    before = np.concatenate(([np.inf], np.minimum.accumulate(losses)[:-1]))
    # With min_delta a new minimum is an improvement only if it is low enough compared with the
    # last improvement, which takes a loop over the minima.
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


def _run_lengths(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return for each element the number of true elements in a row that end with it."""
    positions = np.arange(1, len(flags) + 1)
    last_false = np.maximum.accumulate(np.where(flags, 0, positions))
    return positions - last_false


@dataclass(frozen=True)
class Criterion:
    """An overfitting criterion with its usual parameters.

    Attributes:
        key: Its name in an address and in JSON.
        label: A short title.
        summary: A sentence for beginners.
        source: The publication that the criterion is from.
        find: Applies the criterion to the learning curves of a run.
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
            "The lowest validation loss, if the loss of ten later epochs in a row is more than two "
            "standard errors higher, which is more than noise explains."
        ),
        source=mark("Paired differences after Gosset (1908); z = 2, m = 10"),
        find=lambda curves: confirmed_rise(curves.val_loss, curves.val_rise_se),
    ),
    Criterion(
        key="lowest",
        label=mark("Lowest validation loss"),
        summary=mark(
            "The epoch with the lowest validation loss so far, however small the differences are."
        ),
        source=mark("Goodfellow, Bengio and Courville, Deep Learning (2016), section 7.8"),
        find=lambda curves: lowest_validation_loss(curves.val_loss),
    ),
    Criterion(
        key="gl",
        label=mark("Generalisation loss (Prechelt)"),
        summary=mark(
            "Stops at the first epoch with a validation loss more than 5 % above the lowest so far."
        ),
        source=mark("Prechelt, Early Stopping - But When? (1998), GL with alpha = 5"),
        find=lambda curves: generalisation_loss(curves.val_loss),
    ),
    Criterion(
        key="patience",
        label=mark("Patience (Keras)"),
        summary=mark("Stops after ten epochs in a row without a lower validation loss."),
        source=mark("keras.callbacks.EarlyStopping with patience = 10 and min_delta = 0"),
        find=lambda curves: patience(curves.val_loss),
    ),
)

CRITERIA: dict[str, Criterion] = {entry.key: entry for entry in _ALL}
DEFAULT_CRITERION = "confirmed"
