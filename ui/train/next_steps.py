"""What to try after a run: buttons that start the proposed runs."""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from mnist_core.runs.model_files import left_models
from mnist_core.runs.resume import can_resume
from mnist_core.studies.next_steps import NextStep
from ui.common import errors, idempotency, run_selector, session, setting_changes, settings_form
from ui.common.formatting import architecture_label, epochs, whole
from ui.common.i18n import Markdown, _
from ui.common.lab import lab
from ui.common.navigation import link, trying_page
from ui.common.run_start import start_run
from ui.train import keys, results
from ui.train.reference import show_started


def show_next_steps(run: Run, criterion: str) -> None:
    """Show two or three proposals after a run that has ended, one click each.

    Args:
        run: The run.
        criterion: Key of the overfitting criterion.
    """
    usable = run_selector.unusable(run) is None
    steps = results.steps(run, criterion) if usable else []
    page = trying_page(run.config.task) if left_models(lab.store, run) else None
    resumable = can_resume(lab.store, run)
    if not steps and page is None and not resumable:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("**Try next:**"), width="content")
        if resumable:
            _show_resume(run)
        for step in steps:
            pressed = st.button(
                _label(step),
                key=keys.next_step(step.key),
                help=_help(run, step),
                on_click=_start,
                args=(run, step),
            )
            if pressed:
                st.rerun()
        if page is not None:
            draws = page == "draw"
            label = _("Test with a drawing") if draws else _("Test with your own input")
            link(page, label, run=run.id)


def _show_resume(run: Run) -> None:
    pressed = st.button(
        _("Resume this run"),
        key=keys.RESUME,
        icon=":material/resume:",
        help=_("Continues from the checkpoint until epoch {epochs}.").format(
            epochs=whole(run.config.epochs)
        ),
        on_click=_resume,
        args=(run,),
    )
    if pressed:
        st.rerun()


def _resume(run: Run) -> None:
    with errors.noted():
        idempotency.once(("resume", run.id, run.version), lambda: lab.resume(run.id))


def _start(run: Run, step: NextStep) -> None:
    """Fill the form with the proposed settings, start the run and show it."""
    with errors.noted():
        settings_form.fill_like(step.config, run.preset)
        started = start_run(step.config, session.PRESET.get())
        show_started(started, run)
        keys.FOLLOWED_PRESET.set(None)


def _label(step: NextStep) -> str:
    config = step.config
    labels = {
        "more-data": _("{count} training samples").format(count=whole(config.train_size)),
        "less-data": _("Only {count} training samples").format(count=whole(config.train_size)),
        "more-validation": _("{count} validation samples").format(
            count=whole(config.validation_size)
        ),
        "validation": _("{count} validation samples").format(count=whole(config.validation_size)),
        "larger-network": architecture_label(config),
        "regularise": _("Dropout and L2"),
        "augment": _("Data augmentation"),
        "longer": _("Train for {epochs}").format(epochs=epochs(config.epochs)),
        "stop-at-best": _("Stop after epoch {epoch}").format(epoch=whole(config.epochs)),
        "smaller-rate": _("Learning rate {rate}").format(rate=f"{config.learning_rate:g}"),
        "scale-pixels": _("Pixels from 0 to 1"),
    }
    return labels[step.key]


def _help(run: Run, step: NextStep) -> Markdown:
    reasons = {
        "more-data": _("More training samples are the most reliable way to reduce overfitting."),
        "less-data": _("With few training samples the same network overfits."),
        "more-validation": _("More validation samples make the validation curve less noisy."),
        "validation": _("Validation samples show whether the network generalises."),
        "larger-network": _("A larger network can fit more, but may also overfit more."),
        "regularise": _("Dropout, L2 and batch normalisation reduce overfitting."),
        "augment": _("Random changes of each training image reduce overfitting."),
        "longer": _("The loss was still falling when the training ended."),
        "stop-at-best": _("Stops at the epoch with the lowest validation loss (early stopping)."),
        "smaller-rate": _("Training is slower, but often reaches a lower and less noisy loss."),
        "scale-pixels": _("The usual initial weights suit inputs between 0 and 1."),
    }
    change = _("Starts a new run with this change: {changes}")
    changes = setting_changes.in_words(run.config.to_dict(), step.config.to_dict())
    return Markdown("\n\n").join([reasons[step.key], change.format(changes=changes)])
