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
    """Open the dialog that renames a run."""
    st.dialog(_("Rename the run"), on_dismiss="rerun")(_show_name)(run)


def _show_name(run: Run) -> None:
    keys.DIALOG_OPEN.set(True)
    with st.form(keys.RENAME_FORM, border=False):
        # A limit in the browser would truncate a long name silently; the store rejects it.
        st.text_input(_("Name"), run.name, key=keys.name(run.id).key)
        errors.show_notice()
        st.form_submit_button(
            _("Rename"), type="primary", key=keys.RENAME_CONFIRM, on_click=rename, args=(run.id,)
        )


def rename(run_id: str) -> None:
    """Rename a run, and close the dialog."""
    with errors.noted():
        lab.store.rename(run_id, keys.name(run_id).get())
        st.rerun()


def ask_deletion(run: Run) -> None:
    """Open the dialog that confirms a deletion."""
    st.dialog(_("Delete the run?"), on_dismiss="rerun")(_show_deletion)(run)


def _show_deletion(run: Run) -> None:
    keys.DIALOG_OPEN.set(True)
    st.markdown(
        _(
            "This deletes **{name}** with its models and {epochs} of history, and cannot be undone."
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
