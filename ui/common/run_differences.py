"""What differs between two runs, in one line: settings, best epoch and overfitting."""

from __future__ import annotations

from mnist_core.runs import Run
from mnist_core.tasks.quantity import NONE
from ui.common import findings, setting_changes
from ui.common.formatting import loss, metric, whole
from ui.common.i18n import Markdown, _


def difference(before: Run, after: Run, criterion: str) -> Markdown:
    """Return one line: "Training samples 700 → **5,000** · validation accuracy … → **86.9%** · …".

    Args:
        before: A run with at least one epoch.
        after: A run of the same task; its figures are included once it has ended.
        criterion: Key of the overfitting criterion.
    """
    settings = [run.config.to_dict() for run in (before, after)]
    parts = [setting_changes.in_words(*settings) or _("The settings are the same.")]
    if after.status.is_active or after.best is None or before.best is None:
        return parts[0]
    quantity = after.config.quantity
    words = (
        _("validation error at the best epoch {before} → **{after}**")
        if quantity
        else _("validation accuracy at the best epoch {before} → **{after}**")
    )
    figures = (metric(one.best.val_metric, quantity) for one in (before, after) if one.best)
    parts.append(words.format(**dict(zip(("before", "after"), figures, strict=True))))
    losses = _("validation loss {before} → **{after}**")
    parts.append(losses.format(before=loss(before.best.val_loss), after=loss(after.best.val_loss)))
    epochs = [_overfitting_epoch(run, criterion) for run in (before, after)]
    if any(epoch != NONE for epoch in epochs):
        words = _("overfits after epoch {before} → **{after}**")
        parts.append(words.format(before=epochs[0], after=epochs[1]))
    return Markdown(" · ").join(parts)


def _overfitting_epoch(run: Run, criterion: str) -> str:
    at_best = findings.finding(run, criterion).at_best
    return whole(at_best.epoch) if at_best else NONE
