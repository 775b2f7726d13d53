"""Which run the Models page is about, found by its name, notes and tags."""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from ui.common import run_selector
from ui.common.i18n import _, escaped
from ui.models import keys

#: More than so many are searched rather than looked through.
MANY = 8


def choose_run(runs: dict[str, Run], asked: Run | None) -> None:
    """Follow the address, or keep what was chosen."""
    if asked and asked.id in runs:
        keys.RUN.set(asked.id)
    elif keys.RUN.get() not in runs:
        keys.RUN.set(run_selector.first_choice(runs))


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(keys.RUN.get())


def matches(run: Run, text: str, tags: set[str]) -> bool:
    """Whether a run has the tags that are asked for, and the text in its name or notes."""
    return tags <= set(run.tags) and text.lower() in f"{run.name}\n{run.notes}".lower()


def show_filter(runs: dict[str, Run], known_tags: list[str]) -> dict[str, Run]:
    """Ask for a text and for tags, and return the runs that have them."""
    st.text_input(
        _("Find"),
        key=keys.FILTER.prepare(),
        placeholder=_("A word of its name or notes"),
        persist_state="session",
    )
    if known_tags:
        st.pills(
            _("Tags"),
            known_tags,
            format_func=escaped,
            key=keys.TAG.prepare(),
            selection_mode="multi",
            persist_state="session",
        )
    tags = set(keys.TAG.get()) & set(known_tags)
    text = keys.FILTER.get()
    return {key: run for key, run in runs.items() if matches(run, text, tags)}


def line(run: Run) -> str:
    """A run in the list to choose from."""
    pin = "📌 " if run.pinned else ""
    return pin + run_selector.run_line(run)


def show_choice(runs: dict[str, Run]) -> None:
    """Which run it is about."""
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: line(runs[run_id]),
        key=keys.RUN.prepare(),
        help=_(
            "The runs that have left a network, the newest on top. The figure beside a name is "
            "what its best network reached on the test samples."
        ),
        on_change=note_choice,
        persist_state="session",
    )
