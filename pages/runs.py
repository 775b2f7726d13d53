"""The Runs page: every run, newest first, with what came of it."""

from contextlib import suppress

import streamlit as st

from mnist_core.crossvalidation import tag_of
from mnist_core.errors import UnknownRunError
from mnist_core.runs import EpochRecord, Run
from mnist_core.runs.store import NAME_LENGTH
from ui import problems, run_choice, services, state
from ui.navigation import (
    evaluate_page,
    folds_page,
    models_page,
    start_page,
    train_page,
    trying_page,
)
from ui.run_words import (
    STATUS_WORDS,
    all_settings,
    duration,
    epochs,
    escaped,
    loss,
    metric,
    moment,
    whole,
)
from ui.text import _

RUNS_ON_A_PAGE = 12
#: While a run of the page is at work, the list is read again so often, in seconds.
REFRESH_SECONDS = 2


@st.dialog(_("Rename the run"), on_dismiss="rerun")
def ask_name(run: Run) -> None:
    """Ask for another name."""
    state.DIALOG_OPEN.set(True)
    with st.form(state.RENAME_FORM, border=False):
        st.text_input(_("Name"), run.name, max_chars=NAME_LENGTH, key=state.run_name(run.id).key)
        problems.show_notice()
        st.form_submit_button(
            _("Rename"), type="primary", key=state.RENAME_CONFIRM, on_click=rename, args=(run.id,)
        )


def rename(run_id: str) -> None:
    """Call a run what its owner typed, and close the dialog."""
    with problems.noted():
        services.store().rename(run_id, state.run_name(run_id).get())
        st.rerun()


@st.dialog(_("Delete the run?"), on_dismiss="rerun")
def ask_deletion(run: Run) -> None:
    """Ask once more."""
    state.DIALOG_OPEN.set(True)
    st.markdown(
        _(
            "**{name}** is deleted with all that it learned ({epochs}) and its models. This cannot "
            "be undone."
        ).format(name=escaped(run.name), epochs=epochs(run.epochs_done))
    )
    problems.show_notice()
    with st.container(horizontal=True):
        st.button(
            _("Delete"), type="primary", key=state.DELETE_CONFIRM, on_click=delete, args=(run.id,)
        )
        st.button(_("Keep it"), key=state.DELETE_CANCEL, on_click=st.rerun)


def delete(run_id: str) -> None:
    """Delete a run, and close the dialog."""
    with problems.noted():
        with suppress(UnknownRunError):  # deleted already, by another tab or a double click
            services.store().delete(run_id)
        st.rerun()


def show_run(run: Run) -> None:
    """One run: what it is, what came of it, what can be done with it."""
    status = STATUS_WORDS[run.status]
    with st.container(border=True, key=state.run_card(run.id), gap="xsmall"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                st.markdown(f"**{escaped(run.name)}**", width="content")
                st.badge(_(status.label), icon=status.icon, color=status.colour)
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                show_actions(run)
        settings = all_settings(run.config, services.rate_changes(run))
        st.caption(f"{settings} · {when(run)}")
        if run.best:
            with st.container(horizontal=True):
                for label, value, width in figures(run, run.best):
                    st.markdown(f":small[:gray[{label}]]  \n{value}", width=width)
        if run.message:
            st.caption(escaped(run.message))
        if error := run_choice.unusable(run):
            st.caption(f":material/warning: {problems.sentence(error)}")


def when(run: Run) -> str:
    """When it began and how long it trained."""
    began = moment(run.started_at or run.created_at, st.context.timezone)
    if run.started_at is None:
        return _("queued {moment}").format(moment=began)
    return _("started {moment}, trained {duration}").format(
        moment=began, duration=duration(run.active_seconds)
    )


def figures(run: Run, best: EpochRecord) -> list[tuple[str, str, int]]:
    """What a run has come to: label, value, width in pixels."""
    last = run.last or best
    both = _("**{best}** best · {last} last")
    losses = both.format(best=loss(best.val_loss), last=loss(last.val_loss))
    name = run.config.metric
    figures_line = both.format(
        best=escaped(metric(best.val_metric, name)), last=escaped(metric(last.val_metric, name))
    )
    test = escaped(metric(run.test_metric, name))
    of_number = name == "mae"
    return [
        (_("Epochs"), f"{whole(run.epochs_done)} / {whole(run.config.epochs)}", 120),
        (_("Best epoch"), whole(best.epoch), 120),
        (_("Validation loss"), losses, 190),
        (_("Validation error") if of_number else _("Validation accuracy"), figures_line, 190),
        (_("Test error") if of_number else _("Test accuracy"), test, 110),
    ]


def show_actions(run: Run) -> None:
    """Open, try, evaluate, take along, rename, delete."""
    if run.imported is None:
        st.page_link(
            train_page(),
            label=_("Open"),
            icon=":material/show_chart:",
            query_params={"run": run.id},
        )
    if (study := tag_of(run)) is not None:
        st.page_link(
            folds_page(),
            label=_("All folds"),
            icon=folds_page().icon,
            query_params={"study": study},
        )
    if run.has_models:
        if (page := trying_page(run.config.task)) is not None:
            st.page_link(page, label=page.title, icon=page.icon, query_params={"run": run.id})
        st.page_link(
            evaluate_page(),
            label=_("Evaluate"),
            icon=":material/fact_check:",
            query_params={"run": run.id},
        )
        st.page_link(
            models_page(),
            label=_("Models"),
            icon=":material/inventory_2:",
            query_params={"run": run.id},
        )
    if st.button(
        _("Rename"),
        key=state.run_rename(run.id),
        type="tertiary",
        help=_("Gives this run a name by which you know it again."),
    ):
        ask_name(run)
    active = run.status.is_active
    if st.button(
        _("Delete"),
        key=state.run_delete(run.id),
        type="tertiary",
        disabled=active,
        help=_("It is still at work: open it and stop it first.")
        if active
        else _("Asks once more, and then removes the run with all that it learned."),
    ):
        ask_deletion(run)


def turn_page(by: int) -> None:
    """Show newer (-1) or older (1) runs."""
    state.RUNS_PAGE.set(max(0, state.RUNS_PAGE.get() + by))


def show_paging(more: bool) -> None:
    """The way to newer and older runs, if there are any."""
    page = state.RUNS_PAGE.get()
    if not page and not more:
        return
    with st.container(horizontal=True, horizontal_alignment="center"):
        for label, key, by, possible in (
            (_("Newer runs"), state.NEWER_RUNS, -1, page > 0),
            (_("Older runs"), state.OLDER_RUNS, 1, more),
        ):
            st.button(label, key=key, on_click=turn_page, args=(by,), disabled=not possible)


def read_runs() -> list[Run]:
    """The runs of this page of the list, and one more if there are older ones."""
    offset = state.RUNS_PAGE.get() * RUNS_ON_A_PAGE
    return services.store().list_runs(limit=RUNS_ON_A_PAGE + 1, offset=offset)


def any_active(runs: list[Run]) -> bool:
    """Whether the list will change by itself."""
    return any(run.status.is_active for run in runs[:RUNS_ON_A_PAGE])


def show_list(refreshing: bool) -> None:
    """The list, read anew. A part of the page that reruns by itself while a run is at work."""
    with problems.shown():
        runs = read_runs()
        # Running the whole page again would close a dialog that somebody is typing in.
        if any_active(runs) != refreshing and not state.DIALOG_OPEN.get():
            st.rerun()
        for run in runs[:RUNS_ON_A_PAGE]:
            show_run(run)
        show_paging(more=len(runs) > RUNS_ON_A_PAGE)


st.title(_("Runs"), anchor=False)
problems.show_notice()
state.DIALOG_OPEN.set(False)  # a run of the whole page closes it
first = read_runs()
if not first and state.RUNS_PAGE.get():
    state.RUNS_PAGE.set(0)
    first = read_runs()
if first:
    active = any_active(first)
    st.fragment(show_list, run_every=REFRESH_SECONDS if active else None)(active)
else:
    st.markdown(_("There is no run yet. Start an experiment, and it is kept here for good."))
    st.page_link(start_page(), label=_("Choose an experiment"), icon=":material/home:")
