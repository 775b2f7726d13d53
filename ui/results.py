"""What a training came to, once it has ended: in words, with what the figures mean.

Where overfitting began depends on the criterion, and the criteria read whole curves. A curve of
a run that has ended does not change any more, so their answers are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mnist_core.overfitting import CRITERIA, Curves, OverfittingPoint
from mnist_core.runs import EpochRecord, Run, RunStatus
from ui import services
from ui.run_words import escaped, loss, percent, price, whole
from ui.text import _


@dataclass(frozen=True)
class Finding:
    """What a criterion says of a run that has ended.

    Attributes:
        point: Where overfitting began, if it did.
        at_best: The epoch before that, None where it did not.
    """

    point: OverfittingPoint
    at_best: EpochRecord | None


def finding(run: Run, criterion: str) -> Finding:
    """Where overfitting began in a run that has ended, by one criterion.

    Args:
        run: The run; its ``version`` tells whether what was found before still holds.
        criterion: Key of ``CRITERIA``.
    """
    return _findings(run.id, run.version)[criterion]


def sentence(run: Run, criterion: str) -> str:
    """The result of a run that has ended and did not fail, in two or three sentences.

    Args:
        run: The run.
        criterion: Key of the criterion that says where overfitting began.
    """
    if run.best is None or run.last is None:
        return _("It ended before its first epoch was done, so there is nothing to report.")
    if run.config.validation_size == 0:
        words = _("It was trained without validation samples, so nobody says where it overfits.")
        return f"{_how_it_ended(run)} {words} {_tested(run)}".strip()
    at_best = finding(run, criterion).at_best
    found = _overfitted(at_best, run.last) if at_best else _none_found(run.best, run.last)
    return f"{_how_it_ended(run)} {found} {_tested(run)}".strip()


def _how_it_ended(run: Run) -> str:
    epochs = whole(run.epochs_done)
    if run.status is RunStatus.STOPPED:
        return _("Stopped after epoch {epochs}; what was learned is kept.").format(epochs=epochs)
    if run.status is RunStatus.INTERRUPTED:
        return _("Interrupted after epoch {epochs}.").format(epochs=epochs)
    if run.epochs_done < run.config.epochs:
        return _("Early stopping ended it after epoch {epochs}.").format(epochs=epochs)
    return ""


def _overfitted(at_best: EpochRecord, last: EpochRecord) -> str:
    values = {
        "epoch": whole(at_best.epoch),
        "best": loss(at_best.val_loss),
        "last": loss(last.val_loss),
    }
    if last.loss < at_best.loss:
        return _(
            "The network was at its best after epoch {epoch}. From then on its training loss "
            "went on falling while its validation loss rose from {best} to {last}: it was "
            "learning its training samples by heart."
        ).format(**values)
    return _(
        "The network was at its best after epoch {epoch}; then its validation loss went from "
        "{best} to {last}."
    ).format(**values)


def _none_found(best: EpochRecord, last: EpochRecord) -> str:
    if best.epoch == last.epoch:
        return _(
            "The last epoch was the best one, so the network had not begun to overfit. More "
            "epochs would show whether it still gets better."
        )
    return _(
        "By this criterion no overfitting was found: after the best epoch, {epoch}, the "
        "validation loss did not rise enough to say so."
    ).format(epoch=whole(best.epoch))


def _tested(run: Run) -> str:
    if run.test_metric is None:
        return ""
    if run.config.metric == "mae":
        return _(
            "On the test samples, which it had never seen, its best model is off by {error} on "
            "average."
        ).format(error=escaped(price(run.test_metric)))
    return _(
        "Its best model tells {accuracy} of the test samples correctly, which it had never seen."
    ).format(accuracy=percent(run.test_metric))


@lru_cache(maxsize=256)
def _findings(run_id: str, _version: int) -> dict[str, Finding]:
    records = services.store().curves(run_id)
    curves = Curves.of(records)
    points = {key: criterion.find(curves) for key, criterion in CRITERIA.items()}
    return {
        key: Finding(point, records[point.best_epoch - 1] if point.best_epoch else None)
        for key, point in points.items()
    }
