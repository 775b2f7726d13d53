"""A run as a card: settings, result and actions."""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Command, EpochRecord, Run, RunStatus
from mnist_core.runs.model_files import left_models
from mnist_core.studies.crossvalidation import tag_of
from ui.common import errors, run_selector
from ui.common.formatting import STATUS_WORDS, all_settings, duration, loss, metric, moment, whole
from ui.common.i18n import Markdown, _, escaped
from ui.common.lab import lab
from ui.common.navigation import link, link_to_try
from ui.runs import keys
from ui.runs.dialogs import ask_deletion, ask_name


def show_run(run: Run, study: str | None = None) -> None:
    """Show the settings, the result and the actions of a run.

    Args:
        run: The run.
        study: Tag of the cross-validation whose card contains this card, if any.
    """
    status = STATUS_WORDS[run.status]
    with st.container(border=True, key=keys.card(run.id), gap="xsmall"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                st.markdown(Markdown("**{name}**").format(name=run.name), width="content")
                st.badge(_(status.label), icon=status.icon, color=status.colour)
                place = None
                if run.status is RunStatus.QUEUED:
                    place = lab.store.queue_position(run.id)
                if place is not None:
                    st.caption(_("Number {position} in the queue.").format(position=place))
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                show_actions(run, study)
        settings = all_settings(run.config, lab.rate_changes(run))
        st.caption(Markdown(" · ").join([settings, when(run)]))
        if run.best:
            with st.container(horizontal=True):
                for label, value, width in figures(run, run.best):
                    words = Markdown(":small[:gray[{label}]]  \n{value}")
                    st.markdown(words.format(label=label, value=value), width=width)
        if run.message:
            st.caption(escaped(run.message))
        if error := run_selector.unusable(run):
            words = Markdown(":material/warning: {why}")
            st.caption(words.format(why=errors.sentence(error)))


def when(run: Run) -> str:
    """Return when the run started and how long it trained."""
    began = moment(run.started_at or run.created_at, st.context.timezone)
    if run.imported is not None:
        return _("imported {moment}").format(moment=began)
    if run.started_at is None:
        return _("queued {moment}").format(moment=began)
    return _("started {moment}, trained {duration}").format(
        moment=began, duration=duration(run.active_seconds)
    )


def figures(run: Run, best: EpochRecord) -> list[tuple[str, str, int]]:
    """Return the figures of a run: label, value, width in pixels."""
    last = run.last or best
    both = _("**{best}** best · {last} last")  # of the best and of the last epoch
    losses = both.format(best=loss(best.val_loss), last=loss(last.val_loss))
    quantity = run.config.quantity
    figures_line = both.format(
        best=metric(best.val_metric, quantity), last=metric(last.val_metric, quantity)
    )
    validated = [
        (_("Best epoch"), whole(best.epoch), 120),
        (_("Validation loss"), losses, 190),
        (_("Validation error") if quantity else _("Validation accuracy"), figures_line, 190),
    ]
    return [
        (_("Epochs"), f"{whole(run.epochs_done)} / {whole(run.config.epochs)}", 120),
        *(validated if run.config.validation_size else []),
        (
            _("Test error") if quantity else _("Test accuracy"),
            metric(run.test_metric, quantity),
            110,
        ),
    ]


def show_actions(run: Run, shown_study: str | None) -> None:
    """Show the links and buttons of a run; an example has Hide instead of Rename and Delete."""
    if run.imported is None:
        link("train", _("Open"), run=run.id)
    if (study := tag_of(run)) not in (None, shown_study):
        link("folds", _("All folds"), study=study)
    if left_models(lab.store, run):
        link_to_try(run)
        link("evaluate", run=run.id)
        link("models", run=run.id)
    if run.example is not None:
        st.button(
            _("Hide"),
            key=keys.hide(run.id),
            type="tertiary",
            help=_("Hides this example from everyone, until it is shown again."),
            on_click=hide,
            args=(run.id,),
        )
        return
    if st.button(
        _("Rename"),
        key=keys.rename(run.id),
        type="tertiary",
        help=_("Changes the name of this run."),
    ):
        ask_name(run)
    if run.status is RunStatus.QUEUED:
        st.button(
            _("Stop"),
            key=keys.stop(run.id),
            type="tertiary",
            help=_("Removes this run from the queue."),
            on_click=stop,
            args=(run.id,),
        )
    active = run.status.is_active
    if st.button(
        _("Delete"),
        key=keys.delete(run.id),
        type="tertiary",
        disabled=active,
        help=_("This run is still active. Stop it first.")
        if active
        else _("Asks for confirmation, then deletes the run with its models and its history."),
    ):
        ask_deletion(run)


def stop(run_id: str) -> None:
    """Remove a run from the queue."""
    with errors.noted():
        lab.store.command(run_id, Command.STOP)


def hide(run_id: str) -> None:
    """Hide an example in all lists."""
    with errors.noted():
        lab.store.hide(run_id)
