"""The previous run, which stays in the chart of the next one for comparison.

The address names it (``?run=ID&against=ID``), so that a reload and a shared link show it as well.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import RUN_ID, Run
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link
from ui.common.run_differences import difference
from ui.train import keys


def show_started(started: Run, previous: Run | None) -> None:
    """Show a run that has just been started, with the previous run behind it.

    Args:
        started: The new run.
        previous: The run that the page has shown until now.
    """
    pinned = keys.PINNED.get()
    shown = keys.REFERENCE.get()
    candidates = [pinned, previous.id if previous else None, shown[1] if shown else None]
    reference = next(filter(None, (_fitting(run_id, started) for run_id in candidates)), None)
    keys.SHOWN_RUN.set(started.id)
    keys.REFERENCE.set((started.id, reference.id) if reference else None)
    st.query_params.from_dict({"run": started.id})
    if reference:
        st.query_params["against"] = reference.id


def find_reference(run: Run | None) -> Run | None:
    """Return the run that is shown behind a run, or None."""
    if run is None:
        return None
    asked = st.query_params.get("against")
    shown = keys.REFERENCE.get()
    if asked is None and shown and shown[0] == run.id:
        asked = shown[1]
    reference = _fitting(asked, run)
    if reference is None:
        st.query_params.pop("against", None)
        return None
    keys.REFERENCE.set((run.id, reference.id))
    st.query_params["against"] = reference.id
    return reference


def show_reference(run: Run, reference: Run) -> None:
    """Show in one line what differs from the previous run, with buttons to pin and hide it."""
    with st.container(key=keys.REFERENCE_LINE, horizontal=True, vertical_alignment="center"):
        words = _("**Compared with {name}:** {difference}")
        changes = difference(reference, run, keys.CRITERION.get())
        st.markdown(words.format(name=reference.name, difference=changes), width="stretch")
        pinned = keys.PINNED.get() == reference.id
        pressed = st.button(
            _("Unpin") if pinned else _("Pin"),
            key=keys.PIN,
            type="tertiary",
            icon=":material/keep_off:" if pinned else ":material/keep:",
            help=_("A pinned run stays in the chart of every further run of this task."),
            on_click=keys.PINNED.set,
            args=(None if pinned else reference.id,),
        )
        hidden = st.button(
            _("Hide"),
            key=keys.HIDE_REFERENCE,
            type="tertiary",
            icon=":material/visibility_off:",
            help=_("Removes the previous run from the chart."),
            on_click=_hide,
        )
        link("compare", _("Compare"), runs=f"{reference.id},{run.id}")
        if pressed or hidden:
            st.rerun()


def _hide() -> None:
    keys.REFERENCE.set(None)
    keys.PINNED.set(None)
    st.query_params.pop("against", None)


def _fitting(run_id: str | None, run: Run) -> Run | None:
    """Return a run that has ended and can be compared with another one of the same task."""
    if run_id is None or run_id == run.id or not RUN_ID.fullmatch(run_id):
        return None
    for found in lab.store.get_some([run_id]):
        if (
            found.epochs_done
            and not found.status.is_active
            and found.config.task == run.config.task
        ):
            return found
    return None
