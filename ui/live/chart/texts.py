"""Translated texts of the live chart.

The browser fills the fields in braces; translations must keep their names.
"""

from __future__ import annotations

from typing import Any

from ui.common.formatting import STATUS_WORDS
from ui.common.i18n import _


def chart_words() -> dict[str, Any]:
    """Return the texts by the keys that ``status.js`` and ``figure.js`` use."""
    return _status_line() | _notices() | _sentences()


def _status_line() -> dict[str, Any]:
    return {
        "titles": {
            "state": _("Status"),
            "epoch": _("Epoch"),
            "elapsed": _("Training time"),
            "speed": _("Speed"),
            "left": _("Time left"),
        },
        "status": {status.value: _(word.label) for status, word in STATUS_WORDS.items()}
        | {
            "idle": _("Not started"),
            "connecting": _("Loading"),
            "deleted": _("Deleted"),
        },
        "epoch_of": _("{epoch} of {epochs}"),
        "rate": _("{rate} epochs/s"),
        "pace": _("{seconds} s/epoch"),
        "batch": _("Batch {done} of {total} in this epoch"),
        "validating": _("Evaluating the validation set"),
        "resumed": _("Resumed from checkpoint"),
        "lost": _("The connection is lost; trying again."),
        "fault": _("The chart shows no new epochs until the run store works again."),
        "reset_zoom": _("Show all epochs"),
        "full_screen": _("Full screen (Esc to exit)"),
        "best_label": _("Best epoch {epoch}"),
        "rate_label": _("learning rate {rate}"),
        "overfitting": _("Overfitting"),
        "detected": _("Confirmed"),
        "reference": _("Before: {name}"),
    }


def _notices() -> dict[str, str]:
    return {
        "idle_title": _("No run yet"),
        "idle_text": _("Choose an experiment and press Start to see its learning curves here."),
        "queued_title": _("Waiting for a worker"),
        "queue_position": _("Number {position} in the queue."),
        "engine_starting": _("The training workers are starting; this takes a few seconds."),
        "engine_failed": _("The training workers did not start."),
        "preparing": _("Preparing"),
        "preparing_text": _("The worker is loading the data and building the network."),
        "first_epoch": _("First epoch in progress"),
        "first_epoch_text": _("The first point appears at the end of the epoch."),
        "paused_title": _("Paused in the first epoch"),
        "paused_text": _("Press Resume: the first point appears at the end of the epoch."),
        "nothing_drawn": _("The run ended before its first epoch was complete."),
        "deleted": _("This run was deleted"),
        "no_chart": _("The chart cannot be shown"),
    }


def _sentences() -> dict[str, str]:
    return {
        "overfits_detected": _(
            "The best epoch is {best}, with a validation loss of {loss}; after it the network "
            "overfits, as detected at epoch {detected} ({criterion})."
        ),
        "overfits": _(
            "The best epoch is {best}, with a validation loss of {loss}; after it the network "
            "overfits ({criterion})."
        ),
        "no_overfitting_yet": _("No overfitting detected so far ({criterion})."),
        "no_overfitting": _("No overfitting was detected in this run ({criterion})."),
        "summary": _("{status}, epoch {epoch} of {epochs}. {figures}."),
    }
