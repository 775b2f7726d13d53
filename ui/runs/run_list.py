"""The list of runs, newest first; the folds of one cross-validation share a card."""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from mnist_core.studies.crossvalidation import find_study, tag_of
from ui.common import errors
from ui.common.formatting import task_label
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link
from ui.common.waiting import warn_of_trouble
from ui.runs import keys
from ui.runs.card import show_run

RUNS_ON_A_PAGE = 12


def show_study(tag: str, folds: list[Run]) -> None:
    """Show a cross-validation: a summary, and the card of each fold below it.

    Args:
        tag: The tag of the study.
        folds: The folds on this page of the list.
    """
    study = find_study(lab.store, tag)
    ended = sum(not run.status.is_active for run in study.folds)
    with st.container(border=True, key=keys.card(tag), gap="xsmall"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            words = _("**{study}** · {ended} of {folds} folds have ended")
            name = task_label(folds[0].config)
            st.markdown(
                words.format(study=name, ended=ended, folds=folds[0].config.folds), width="content"
            )
            link("folds", _("All folds"), study=tag)
            if ended < len(study.folds):
                st.button(
                    _("Stop all"),
                    key=keys.stop(tag),
                    type="tertiary",
                    on_click=stop_study,
                    args=(tag,),
                )
        with st.expander(_("Each fold")):
            for run in folds:
                show_run(run, tag)


def stop_study(tag: str) -> None:
    """Stop all folds of a cross-validation."""
    with errors.noted():
        lab.stop_study(tag)


def turn_page(by: int) -> None:
    """Show newer (-1) or older (1) runs."""
    keys.PAGE.set(max(0, keys.PAGE.get() + by))


def show_paging(more: bool) -> None:
    """Show the buttons for newer and older runs, if there are more than one page of them."""
    page = keys.PAGE.get()
    if not page and not more:
        return
    with st.container(horizontal=True, horizontal_alignment="center"):
        for label, key, by, possible in (
            (_("Newer runs"), keys.NEWER_RUNS, -1, page > 0),
            (_("Older runs"), keys.OLDER_RUNS, 1, more),
        ):
            st.button(label, key=key, on_click=turn_page, args=(by,), disabled=not possible)


def read_runs() -> list[Run]:
    """Return the runs of this page of the list, and one more if there are older runs."""
    offset = keys.PAGE.get() * RUNS_ON_A_PAGE
    return lab.store.list_runs(limit=RUNS_ON_A_PAGE + 1, offset=offset)


def study_of(run: Run) -> str | None:
    """Return the tag of the cross-validation that a run is a fold of, if any."""
    return tag_of(run) if run.config.folds else None


def any_active(runs: list[Run]) -> bool:
    """Whether a run of this page of the list is active."""
    return any(run.status.is_active for run in runs[:RUNS_ON_A_PAGE])


def show_list(refreshing: bool) -> None:
    """Read and show the list; a fragment that reruns while a run is active."""
    with errors.shown():
        warn_of_trouble()
        runs = read_runs()
        # A rerun of the whole page would close an open dialog.
        if any_active(runs) != refreshing and not keys.DIALOG_OPEN.get():
            st.rerun()
        # A study takes the place of its newest fold.
        cards: dict[str, list[Run]] = {}
        for run in runs[:RUNS_ON_A_PAGE]:
            cards.setdefault(study_of(run) or run.id, []).append(run)
        for tag, group in cards.items():
            if len(group) > 1:
                show_study(tag, group)
            else:
                show_run(group[0])
        show_paging(more=len(runs) > RUNS_ON_A_PAGE)
