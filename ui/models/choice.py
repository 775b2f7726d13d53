"""The search for runs by their names, notes and tags, where there are many."""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from ui.common.i18n import _, escaped
from ui.models import keys

#: More than so many are searched rather than looked through.
MANY = 8


def matches(run: Run, text: str, tags: set[str]) -> bool:
    """Whether a run has the tags that are asked for, and the text in its name or notes."""
    return tags <= set(run.tags) and text.lower() in f"{run.name}\n{run.notes}".lower()


def show_filter(runs: dict[str, Run], known_tags: list[str]) -> dict[str, Run]:
    """Ask for a text and for tags, and return the runs that have them.

    Args:
        runs: All runs; a few are shown without being searched.
        known_tags: Their tags.
    """
    if len(runs) <= MANY:
        return runs
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
