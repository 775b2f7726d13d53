"""The result of a run that has ended, in words, by the chosen overfitting criterion."""

from __future__ import annotations

from mnist_core.evaluation.outcome import (
    CONFIRMING_EPOCHS,
    SEEN_GAP,
    Outcome,
    OutcomeKind,
)
from mnist_core.runs import EpochRecord, RateChange, Run, RunStatus
from mnist_core.studies.next_steps import NextStep, next_steps
from ui.common.findings import Finding, finding
from ui.common.formatting import loss, metric, percent, whole
from ui.common.i18n import Markdown, _, escaped


def steps(run: Run, criterion: str) -> list[NextStep]:
    """Return what to try after a run that has ended; empty without trained epochs.

    Args:
        run: A run whose settings are valid in this version of the lab.
        criterion: Key of ``CRITERIA``.
    """
    if run.last is None or run.lesson is not None or run.imported is not None:
        return []
    return next_steps(run.config, finding(run, criterion).outcome)


def sentence(run: Run, criterion: str) -> Markdown:
    """Describe the result of a run that ended without failing, in two or three sentences.

    Args:
        run: The run.
        criterion: Key of the overfitting criterion.
    """
    if run.last is None:
        return _("The run ended before its first epoch was complete, so there is no result.")
    found = finding(run, criterion)
    parts = [_ending(run), _rate_jump(found.jump), *_curves_shown(run, found), _test_result(run)]
    return Markdown(" ").join(filter(None, parts))


def _ending(run: Run) -> str:
    epochs = whole(run.epochs_done)
    if run.status is RunStatus.STOPPED:
        return _("Stopped after epoch {epochs}; the models are kept.").format(epochs=epochs)
    if run.status is RunStatus.INTERRUPTED:
        return _("Interrupted after epoch {epochs}.").format(epochs=epochs)
    if run.epochs_done < run.config.epochs:
        return _("Early stopping ended the run after epoch {epochs}.").format(epochs=epochs)
    return ""


def _rate_jump(jump: RateChange | None) -> str:
    if jump is None:
        return ""
    return _(
        "At epoch {epoch} the learning rate changed from {old} to {new}, and the training loss "
        "jumped."
    ).format(epoch=whole(jump.epoch), old=f"{jump.before:.6g}", new=f"{jump.rate:.6g}")


def _curves_shown(run: Run, found: Finding) -> list[str]:
    kind, last = found.outcome.kind, run.last
    assert last is not None
    if kind is OutcomeKind.DIVERGED:
        return [_("The training loss rose instead of falling: the training diverged.")]
    if kind is OutcomeKind.UNVALIDATED:
        return [_("Without validation samples overfitting cannot be measured.")]
    if kind is OutcomeKind.GUESSING:
        words = _(
            "At the end the training accuracy is {accuracy}, hardly better than guessing: the "
            "network has not learned. One possible cause is a learning rate that is too high."
        )
        return [words.format(accuracy=percent(last.metric))]
    if found.at_best:
        return [_overfitted(found.at_best, last, memorised=found.jump is None)]
    if kind is OutcomeKind.IMPROVING:
        words = _(
            "The validation loss was still falling at the end: the network did not overfit yet. "
            "More epochs would show whether it still improves."
        )
        return [words, _gap(run, found.outcome)]
    if kind is OutcomeKind.GAP:
        return [_gap(run, found.outcome), _unconfirmed(run, found.outcome)]
    if kind is OutcomeKind.UNDERFITTED:
        words = _(
            "Even on the training set the network reaches an accuracy of only {accuracy}: it "
            "underfits."
        )
        return [words.format(accuracy=percent(last.metric))]
    return [_("The validation loss levelled off; no overfitting was detected.")]


def _overfitted(at_best: EpochRecord, last: EpochRecord, *, memorised: bool) -> str:
    values = {
        "epoch": whole(at_best.epoch),
        "best": loss(at_best.val_loss),
        "last": loss(last.val_loss),
    }
    if memorised and last.loss < at_best.loss:
        return _(
            "The best epoch is {epoch}. After it the training loss kept falling while the "
            "validation loss rose from {best} to {last}: the network memorised its training set "
            "(overfitting)."
        ).format(**values)
    return _(
        "The best epoch is {epoch}; after it the validation loss went from {best} to {last}."
    ).format(**values)


def _gap(run: Run, found: Outcome) -> str:
    """Describe the generalisation gap at the end, if it is visible."""
    if found.gap is None or run.last is None:
        return ""
    if run.config.quantity is not None:
        words = _("At the end the validation error is {ratio} times the training error.")
        return words.format(ratio=f"{found.gap:.1f}") if found.gap > 1 else ""
    if found.gap < SEEN_GAP:
        return ""
    return _(
        "At the end the training accuracy is {train} and the validation accuracy {validation}, a "
        "generalisation gap of {gap} percentage points."
    ).format(
        train=percent(run.last.metric),
        validation=percent(run.last.val_metric),
        gap=f"{100 * found.gap:.1f}",
    )


def _unconfirmed(run: Run, found: Outcome) -> str:
    """Explain why a visible rise does not count as overfitting."""
    if found.rise is None:
        return _("The last validation loss is not a number, so overfitting cannot be confirmed.")
    if run.best is None or run.last is None or not found.rise:
        return _("The validation loss did not rise.")
    if found.within_chance:
        why = _(
            "After epoch {epoch} the validation loss rose from {best} to {last}, but with {count} "
            "validation samples such a rise can be chance: overfitting is likely, not confirmed."
        )
    elif not found.confirmable:
        why = _(
            "After epoch {epoch} the validation loss rose from {best} to {last}, but fewer than "
            "{epochs} epochs followed: overfitting is likely, not confirmed."
        )
    else:
        why = _(
            "After epoch {epoch} the validation loss rose from {best} to {last}, but not steadily "
            "enough: overfitting is likely, not confirmed by this criterion."
        )
    return why.format(
        epoch=whole(run.best.epoch),
        best=loss(run.best.val_loss),
        last=loss(run.last.val_loss),
        count=whole(run.config.validation_size),
        epochs=CONFIRMING_EPOCHS,
    )


def _test_result(run: Run) -> str:
    if run.test_metric is None:
        # Why the evaluation failed, if it did; the chart shows any other message.
        return escaped(run.message) if run.has_models else ""
    if run.config.quantity is not None:
        return _("On the test set the mean absolute error of the best model is {error}.").format(
            error=metric(run.test_metric, run.config.quantity)
        )
    return _("On the test set the best model classifies {accuracy} correctly.").format(
        accuracy=percent(run.test_metric)
    )
