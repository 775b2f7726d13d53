"""Every word that the live chart shows, in the reader's language.

The browser fills the places in braces; a place must keep its name in a translation.
"""

from __future__ import annotations

from typing import Any

from ui.common.formatting import STATUS_WORDS
from ui.common.i18n import _


def chart_words() -> dict[str, Any]:
    """The words, keyed as ``status.js`` and ``figure.js`` ask for them."""
    return _status_line() | _notices() | _sentences()


def _status_line() -> dict[str, Any]:
    return {
        "titles": {
            "state": _("Status"),
            "epoch": _("Epoch"),
            "elapsed": _("Time trained"),
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
        "validating": _("Measuring the validation samples"),
        "resumed": _("Resumed from its last checkpoint"),
        "lost": _("The connection is lost; trying again."),
        "fault": _(
            "No new epochs can be shown at the moment; they come when the store works again."
        ),
        "reset_zoom": _("Show all epochs"),
        "full_screen": _("Full screen; Esc ends it"),
        "best_label": _("Best epoch {epoch}"),
        "rate_label": _("learning rate {rate}"),
        "overfitting": _("Overfitting"),
        "detected": _("Confirmed"),
        "reference": _("Before: {name}"),
    }


def _notices() -> dict[str, str]:
    return {
        "idle_title": _("No run yet"),
        "idle_text": _("Choose an experiment and press Start: its curves appear here, live."),
        "queued_title": _("Waiting for a worker"),
        "queue_position": _("Number {position} in the queue."),
        "engine_starting": _("The training workers are starting; this takes a few seconds."),
        "engine_failed": _("The training workers could not be started."),
        "preparing": _("Preparing"),
        "preparing_text": _("The worker is loading the data and building the network."),
        "first_epoch": _("First epoch in progress"),
        "first_epoch_text": _("Its point appears once every training sample has been used once."),
        "paused_title": _("Paused in the first epoch"),
        "paused_text": _("Press Resume: the first point appears at the end of that epoch."),
        "nothing_drawn": _("It ended before its first epoch was done, so there is no curve."),
        "deleted": _("This run was deleted"),
        "no_chart": _("The chart cannot be shown"),
    }


def _sentences() -> dict[str, str]:
    return {
        "verdict": _(
            "The best epoch is {best}, with a validation loss of {loss}; after it the network "
            "overfits, which becomes clear at epoch {detected} ({criterion})."
        ),
        "verdict_undated": _(
            "The best epoch is {best}, with a validation loss of {loss}; after it the network "
            "overfits ({criterion})."
        ),
        "verdict_none_yet": _("No overfitting found so far ({criterion})."),
        "verdict_none": _("No overfitting was found in this run ({criterion})."),
        "summary": _("{status}, epoch {epoch} of {epochs}. {figures}."),
    }
