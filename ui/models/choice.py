"""Search for runs by name, notes and tags."""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from ui.common.i18n import _, escaped
from ui.models import keys

#: Up to this number of runs, no search is shown.
FEW = 8


def matches(run: Run, text: str, tags: set[str]) -> bool:
    """Whether a run has all the tags, and the text in its name or notes."""
    return tags <= set(run.tags) and text.lower() in f"{run.name}\n{run.notes}".lower()


def show_filter(runs: dict[str, Run], known_tags: list[str]) -> dict[str, Run]:
    """Show the search, and return the runs that match.

    Args:
        runs: All runs.
        known_tags: Their tags.
    """
    if len(runs) <= FEW:
        return runs
    st.text_input(
        _("Search"),
        key=keys.FILTER.prepare(),
        placeholder=_("Text in names or notes"),
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
