"""The Runs page: every run, newest first, with what came of it."""

import streamlit as st

from mnist_core.errors import LabError
from mnist_core.runs import Run
from mnist_core.runs.store import NAME_LENGTH
from ui import problems, services
from ui.navigation import train_page
from ui.run_words import (
    STATUS_WORDS,
    duration,
    loss,
    moment,
    percent,
    settings_line,
    whole,
)
from ui.text import _

RUNS_ON_A_PAGE = 12
#: While a run of the page is at work, the list is read again so often, in seconds.
REFRESH_SECONDS = 2


@st.dialog(_("Rename the run"))
def rename(run: Run) -> None:
    """Ask for another name."""
    with st.form("rename-form", border=False):
        name = st.text_input(_("Name"), run.name, max_chars=NAME_LENGTH)
        if st.form_submit_button(_("Rename"), type="primary", key="rename-confirm"):
            try:
                services.store().rename(run.id, name or "")
            except LabError as error:
                problems.show(error)
            else:
                st.rerun()


@st.dialog(_("Delete the run?"))
def delete(run: Run) -> None:
    """Ask once more, then delete."""
    st.markdown(
        _(
            "**{name}**, {epochs} epochs, with its curves and its models. This cannot be undone."
        ).format(name=run.name, epochs=whole(run.epochs_done))
    )
    with st.container(horizontal=True):
        if st.button(_("Delete"), type="primary", key="delete-confirm"):
            try:
                services.store().delete(run.id)
            except LabError as error:
                problems.show(error)
            else:
                st.rerun()
        if st.button(_("Keep it"), key="delete-cancel"):
            st.rerun()


def show_row(run: Run) -> None:
    """One run: what it is, what came of it, what can be done with it."""
    with st.container(border=True, key=f"run-{run.id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            status = STATUS_WORDS[run.status]
            st.markdown(f"**{run.name}**", width="content")
            st.badge(_(status.label), icon=status.icon, color=status.colour)
            st.caption(settings_line(run.config), width="content")
            st.space("stretch")
            show_actions(run)
        with st.container(horizontal=True, key=f"figures-{run.id}"):
            for label, value in figures(run):
                st.markdown(f":small[:gray[{label}]]  \n{value}", width=130)
        if run.message:
            st.caption(run.message)


def figures(run: Run) -> list[tuple[str, str]]:
    """Label and value of what a run has come to."""
    best, last = run.best, run.last
    return [
        (_("Epochs"), f"{whole(run.epochs_done)} / {whole(run.config.epochs)}"),
        (_("Best epoch"), whole(best.epoch) if best else "–"),
        (
            _("Validation loss"),
            f"**{loss(best.val_loss if best else None)}** → {loss(last.val_loss if last else None)}",
        ),
        (
            _("Validation accuracy"),
            f"**{percent(best.val_accuracy if best else None)}** → {percent(last.val_accuracy if last else None)}",
        ),
        (_("Test accuracy"), percent(run.test_accuracy)),
        (_("Started"), moment(run.started_at or run.created_at, st.context.timezone)),
        (_("Time trained"), duration(run.active_seconds)),
    ]


def show_actions(run: Run) -> None:
    """Open, rename, delete."""
    st.page_link(
        train_page(),
        label=_("Open"),
        icon=":material/show_chart:",
        query_params={"run": run.id},
    )
    if st.button(_("Rename"), key=f"rename-{run.id}", type="tertiary"):
        rename(run)
    if st.button(
        _("Delete"),
        key=f"delete-{run.id}",
        type="tertiary",
        disabled=run.status.is_active,
        help=_("It is still at work: stop it first.") if run.status.is_active else None,
    ):
        delete(run)


st.title(_("Runs"), anchor=False)
for run in services.store().list_runs(limit=RUNS_ON_A_PAGE):
    show_row(run)
