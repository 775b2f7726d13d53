"""The Runs page: every run, newest first, with its result, and then the examples.

The folds of one cross-validation share a card.
"""

from contextlib import suppress

import streamlit as st

from mnist_core.errors import UnknownRunError
from mnist_core.examples import listed_examples
from mnist_core.runs import Command, EpochRecord, Run, RunStatus
from mnist_core.studies.crossvalidation import find_study, tag_of
from ui.common import errors, lab, run_selector, session
from ui.common.formatting import (
    STATUS_WORDS,
    all_settings,
    duration,
    epochs,
    loss,
    metric,
    moment,
    whole,
)
from ui.common.i18n import Markdown, _, escaped
from ui.common.navigation import (
    evaluate_page,
    folds_page,
    models_page,
    start_page,
    train_page,
    trying_page,
)
from ui.common.waiting import warn_of_trouble
from ui.crossvalidate import study as fold_panel

RUNS_ON_A_PAGE = 12
#: While a run of the page is at work, the list is read again so often, in seconds.
REFRESH_SECONDS = 2


@st.dialog(_("Rename the run"), on_dismiss="rerun")
def ask_name(run: Run) -> None:
    """Ask for another name."""
    session.DIALOG_OPEN.set(True)
    with st.form(session.RENAME_FORM, border=False):
        # A limit in the browser would cut a longer name without a word; the store refuses in words.
        st.text_input(_("Name"), run.name, key=session.run_name(run.id).key)
        errors.show_notice()
        st.form_submit_button(
            _("Rename"), type="primary", key=session.RENAME_CONFIRM, on_click=rename, args=(run.id,)
        )


def rename(run_id: str) -> None:
    """Call a run what its owner typed, and close the dialog."""
    with errors.noted():
        lab.store().rename(run_id, session.run_name(run_id).get())
        st.rerun()


@st.dialog(_("Delete the run?"), on_dismiss="rerun")
def ask_deletion(run: Run) -> None:
    """Ask once more."""
    session.DIALOG_OPEN.set(True)
    st.markdown(
        _(
            "**{name}** will be deleted, with its models and {epochs} of history. This cannot be "
            "undone."
        ).format(name=run.name, epochs=epochs(run.epochs_done))
    )
    errors.show_notice()
    with st.container(horizontal=True):
        st.button(
            _("Delete"), type="primary", key=session.DELETE_CONFIRM, on_click=delete, args=(run.id,)
        )
        st.button(_("Cancel"), key=session.DELETE_CANCEL, on_click=st.rerun)


def delete(run_id: str) -> None:
    """Delete a run, and close the dialog."""
    with errors.noted():
        with suppress(UnknownRunError):  # deleted already, by another tab or a double click
            lab.store().delete(run_id)
        st.rerun()


def show_run(run: Run, study: str | None = None) -> None:
    """One run: what it is, its result, what can be done with it.

    Args:
        run: The run.
        study: The tag of the cross-validation whose card it stands in, if it does.
    """
    status = STATUS_WORDS[run.status]
    with st.container(border=True, key=session.run_card(run.id), gap="xsmall"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                st.markdown(Markdown("**{name}**").format(name=run.name), width="content")
                st.badge(_(status.label), icon=status.icon, color=status.colour)
                place = None
                if run.status is RunStatus.QUEUED:
                    place = lab.store().queue_position(run.id)
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
    """When it began and how long it trained."""
    began = moment(run.started_at or run.created_at, st.context.timezone)
    if run.imported is not None:
        return _("imported {moment}").format(moment=began)
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
        best=metric(best.val_metric, name), last=metric(last.val_metric, name)
    )
    of_number = name == "mae"
    validated = [
        (_("Best epoch"), whole(best.epoch), 120),
        (_("Validation loss"), losses, 190),
        (_("Validation error") if of_number else _("Validation accuracy"), figures_line, 190),
    ]
    return [
        (_("Epochs"), f"{whole(run.epochs_done)} / {whole(run.config.epochs)}", 120),
        *(validated if run.config.validation_size else []),
        (
            _("Test error") if of_number else _("Test accuracy"),
            metric(run.test_metric, name),
            110,
        ),
    ]


def show_actions(run: Run, shown_study: str | None) -> None:
    """Open, try, evaluate, export, rename, stop, delete; an example can only be hidden."""
    if run.imported is None:
        st.page_link(
            train_page(),
            label=_("Open"),
            icon=":material/show_chart:",
            query_params={"run": run.id},
        )
    if (study := tag_of(run)) not in (None, shown_study):
        st.page_link(
            folds_page(),
            label=_("All folds"),
            icon=folds_page().icon,
            query_params={"study": study},
        )
    if lab.has_models(run):
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
    if run.example is not None:
        st.button(
            _("Hide"),
            key=session.run_hide(run.id),
            type="tertiary",
            help=_("Leaves this example out of the lists of all readers, until it is shown again."),
            on_click=hide,
            args=(run.id,),
        )
        return
    if st.button(
        _("Rename"),
        key=session.run_rename(run.id),
        type="tertiary",
        help=_("Gives this run a name of your own."),
    ):
        ask_name(run)
    if run.status is RunStatus.QUEUED:
        st.button(
            _("Stop"),
            key=session.run_stop(run.id),
            type="tertiary",
            help=_("Takes this run out of the queue."),
            on_click=stop,
            args=(run.id,),
        )
    active = run.status.is_active
    if st.button(
        _("Delete"),
        key=session.run_delete(run.id),
        type="tertiary",
        disabled=active,
        help=_("This run has not ended yet. Stop it first.")
        if active
        else _("Asks for confirmation, then removes the run with its models and its history."),
    ):
        ask_deletion(run)


def stop(run_id: str) -> None:
    """Take a run out of the queue."""
    with errors.noted():
        lab.store().command(run_id, Command.STOP)


def hide(run_id: str) -> None:
    """Leave an example out of the lists."""
    with errors.noted():
        lab.store().hide(run_id)


def show_hidden() -> None:
    """Show all examples again."""
    with errors.noted():
        store = lab.store()
        for run in store.examples(hidden=True):
            if run.hidden:
                store.hide(run.id, hidden=False)


def show_examples() -> None:
    """The trained networks that come with the lab."""
    store = lab.store()
    shown, every = listed_examples(store), listed_examples(store, hidden=True)
    if not every:
        return
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    ):
        st.header(_("Examples"), anchor=False)
        if len(shown) < len(every):
            st.button(
                _("Show hidden examples"),
                key=session.EXAMPLES_SHOW,
                type="tertiary",
                icon=":material/visibility:",
                on_click=show_hidden,
            )
    st.caption(
        _("Trained networks that come with the lab. They cannot be changed, stopped or deleted.")
    )
    for run in shown:
        show_run(run)


def show_study(tag: str, folds: list[Run]) -> None:
    """The folds of one cross-validation: a line for all of them, and each one's card below it.

    Args:
        tag: The tag of the study.
        folds: Those of its runs that stand on this page of the list.
    """
    study = find_study(lab.store(), tag)
    ended = sum(not run.status.is_active for run in study.folds)
    with st.container(border=True, key=session.run_card(tag), gap="xsmall"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            words = _("**{study}** · {ended} of {folds} folds have ended")
            name = fold_panel.study_name(folds[0])
            st.markdown(
                words.format(study=name, ended=ended, folds=folds[0].config.folds), width="content"
            )
            st.page_link(
                folds_page(),
                label=_("All folds"),
                icon=folds_page().icon,
                query_params={"study": tag},
            )
            if ended < len(study.folds):
                st.button(
                    _("Stop all"),
                    key=session.run_stop(tag),
                    type="tertiary",
                    on_click=fold_panel.stop,
                    args=(tag,),
                )
        with st.expander(_("Each fold")):
            for run in folds:
                show_run(run, tag)


def turn_page(by: int) -> None:
    """Show newer (-1) or older (1) runs."""
    session.RUNS_PAGE.set(max(0, session.RUNS_PAGE.get() + by))


def show_paging(more: bool) -> None:
    """The way to newer and older runs, if there are any."""
    page = session.RUNS_PAGE.get()
    if not page and not more:
        return
    with st.container(horizontal=True, horizontal_alignment="center"):
        for label, key, by, possible in (
            (_("Newer runs"), session.NEWER_RUNS, -1, page > 0),
            (_("Older runs"), session.OLDER_RUNS, 1, more),
        ):
            st.button(label, key=key, on_click=turn_page, args=(by,), disabled=not possible)


def read_runs() -> list[Run]:
    """The runs of this page of the list, and one more if there are older ones."""
    offset = session.RUNS_PAGE.get() * RUNS_ON_A_PAGE
    return lab.store().list_runs(limit=RUNS_ON_A_PAGE + 1, offset=offset)


def study_of(run: Run) -> str | None:
    """The tag of the cross-validation that a run is a fold of."""
    return tag_of(run) if run.config.folds else None


def any_active(runs: list[Run]) -> bool:
    """Whether the list will change by itself."""
    return any(run.status.is_active for run in runs[:RUNS_ON_A_PAGE])


def show_list(refreshing: bool) -> None:
    """The list, read anew. A part of the page that reruns by itself while a run is at work."""
    with errors.shown():
        warn_of_trouble()
        runs = read_runs()
        # Running the whole page again would close a dialog that somebody is typing in.
        if any_active(runs) != refreshing and not session.DIALOG_OPEN.get():
            st.rerun()
        # A study stands where its newest fold would.
        cards: dict[str, list[Run]] = {}
        for run in runs[:RUNS_ON_A_PAGE]:
            cards.setdefault(study_of(run) or run.id, []).append(run)
        for tag, together in cards.items():
            if len(together) > 1:
                show_study(tag, together)
            else:
                show_run(together[0])
        show_paging(more=len(runs) > RUNS_ON_A_PAGE)


st.title(_("Runs"), anchor=False)
errors.show_notice()
session.DIALOG_OPEN.set(False)  # a run of the whole page closes it
first = read_runs()
if not first and session.RUNS_PAGE.get():
    session.RUNS_PAGE.set(0)
    first = read_runs()
if first:
    active = any_active(first)
    st.fragment(show_list, run_every=REFRESH_SECONDS if active else None)(active)
else:
    st.markdown(_("There is no run of yours yet. Start an experiment, and it is listed here."))
    st.page_link(start_page(), label=_("Choose an experiment"), icon=":material/home:")
if not session.RUNS_PAGE.get():
    show_examples()
