"""The included trained networks, below the list of runs."""

from __future__ import annotations

import streamlit as st

from mnist_core.examples import listed_examples
from ui.common import errors
from ui.common.i18n import _
from ui.common.lab import lab
from ui.runs import keys
from ui.runs.card import show_run


def unhide() -> None:
    """Show all examples again."""
    with errors.noted():
        store = lab.store
        for run in store.examples(hidden=True):
            if run.hidden:
                store.hide(run.id, hidden=False)


def show_examples() -> None:
    """Show the included trained networks."""
    store = lab.store
    shown, examples = listed_examples(store), listed_examples(store, hidden=True)
    if not examples:
        return
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
    ):
        st.header(_("Examples"), anchor=False)
        if len(shown) < len(examples):
            st.button(
                _("Show hidden examples"),
                key=keys.EXAMPLES_SHOW,
                type="tertiary",
                icon=":material/visibility:",
                on_click=unhide,
            )
    st.caption(_("Trained networks that are part of the lab. They cannot be renamed or deleted."))
    for run in shown:
        show_run(run)
