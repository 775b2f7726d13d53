"""The dialogs of the Runs page: rename a run, delete a run."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from mnist_core.errors import UnknownRunError
from mnist_core.runs import Run
from ui.common import errors
from ui.common.formatting import epochs
from ui.common.i18n import _
from ui.common.lab import lab
from ui.runs import keys


def ask_name(run: Run) -> None:
    """Ask for another name."""
    st.dialog(_("Rename the run"), on_dismiss="rerun")(_show_name)(run)


def _show_name(run: Run) -> None:
    keys.DIALOG_OPEN.set(True)
    with st.form(keys.RENAME_FORM, border=False):
        # A limit in the browser would cut a longer name without a word; the store refuses in words.
        st.text_input(_("Name"), run.name, key=keys.name(run.id).key)
        errors.show_notice()
        st.form_submit_button(
            _("Rename"), type="primary", key=keys.RENAME_CONFIRM, on_click=rename, args=(run.id,)
        )


def rename(run_id: str) -> None:
    """Call a run what its owner typed, and close the dialog."""
    with errors.noted():
        lab.store.rename(run_id, keys.name(run_id).get())
        st.rerun()


def ask_deletion(run: Run) -> None:
    """Ask once more."""
    st.dialog(_("Delete the run?"), on_dismiss="rerun")(_show_deletion)(run)


def _show_deletion(run: Run) -> None:
    keys.DIALOG_OPEN.set(True)
    st.markdown(
        _(
            "**{name}** will be deleted, with its models and {epochs} of history. This cannot be "
            "undone."
        ).format(name=run.name, epochs=epochs(run.epochs_done))
    )
    errors.show_notice()
    with st.container(horizontal=True):
        st.button(
            _("Delete"), type="primary", key=keys.DELETE_CONFIRM, on_click=delete, args=(run.id,)
        )
        st.button(_("Cancel"), key=keys.DELETE_CANCEL, on_click=st.rerun)


def delete(run_id: str) -> None:
    """Delete a run, and close the dialog."""
    with errors.noted():
        with suppress(UnknownRunError):  # deleted already, by another tab or a double click
            lab.store.delete(run_id)
        st.rerun()
