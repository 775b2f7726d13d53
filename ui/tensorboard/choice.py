"""The choice of the runs that TensorBoard shows."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from mnist_core.errors import UnknownRunError
from mnist_core.runs import RUN_ID, Run
from mnist_core.runs.event_files import SHORT_ID
from ui.common.formatting import moment, settings_line
from ui.common.i18n import _
from ui.common.lab import lab
from ui.tensorboard import keys, proxy
from ui.tensorboard.board import frame_address

#: Runs to choose from: the newest.
RUNS_OFFERED = 200
#: Runs selected at first: the newest.
RUNS_AT_FIRST = 5
#: TensorBoard shows 40 curves at first and none if there are more; a run has up to three.
MOST_RUNS = 40 // 3


def find_runs() -> dict[str, Run]:
    """The newest runs that TensorBoard can show, by id, and those that the address names."""
    store = lab.store
    offered = store.list_runs(limit=RUNS_OFFERED)
    runs = {run.id: run for run in offered if store.event_files.exist(run.id)}
    for wanted in st.query_params.get_all("run"):
        if wanted in runs:
            continue
        found = None
        if RUN_ID.fullmatch(wanted) and store.event_files.exist(wanted):
            with suppress(UnknownRunError):
                found = store.get(wanted)
        if found is None:
            words = _(
                "TensorBoard has no data of run {run}: it ended before its first epoch, or was "
                "deleted."
            )
            st.warning(words.format(run=wanted[:40]))
        else:
            runs[found.id] = found
    return runs


def show_choice(runs: dict[str, Run]) -> list[str]:
    """Show the choice of runs, and return their ids."""
    asked = [run_id for run_id in st.query_params.get_all("run") if run_id in runs]
    if asked:
        keys.RUNS.set(asked[:MOST_RUNS])
    else:
        before = keys.RUNS.get()
        kept = [run_id for run_id in before if run_id in runs]
        # A choice that the user emptied stays empty; one whose runs were deleted does not.
        emptied = keys.RUNS.is_set() and not before
        keys.RUNS.set(kept if kept or emptied else list(runs)[:RUNS_AT_FIRST])
    with st.container(key=keys.BAR, horizontal=True, vertical_alignment="bottom"):
        st.multiselect(
            _("Runs to compare"),
            list(runs),
            format_func=lambda run_id: run_line(runs[run_id]),
            key=keys.RUNS.key,
            max_selections=MOST_RUNS,
            placeholder=_("Choose runs"),
            help=_(
                "Up to {most} runs. TensorBoard labels each run with its name and the last eight "
                "characters of its line here, and splits it into training and validation. Other "
                "users have a choice of their own."
            ).format(most=MOST_RUNS),
            on_change=note_choice,
            persist_state="session",
        )
        chosen = keys.RUNS.get()
        with st.popover(_("Guide to TensorBoard"), icon=":material/help:"):
            st.markdown(
                _(
                    "- **Time series** and **Scalars**: loss and accuracy (for regression: the "
                    "error) of each epoch, for the training set (`train`) and the validation set "
                    "(`validation`).\n"
                    "- **Graphs**: every operation of one training step in TensorFlow. A run has a "
                    "graph when it has ended.\n"
                    "- **Distributions** and **Histograms**: the distribution of each layer's "
                    "weights, epoch by epoch; **Images**: the weights as images, ten times per "
                    "run. A run has them if “Weight histograms” was chosen before its start.\n"
                    "- **HParams**: the settings of the runs beside their best epoch and their "
                    "test result, to see the effect of each setting."
                )
            )
        st.link_button(
            _("Open in a new tab"),
            frame_address(chosen, None),
            icon=":material/open_in_new:",
            disabled=proxy.state().phase != "ready" or not chosen,
        )
    return chosen


def run_line(run: Run) -> str:
    """A run with its time and settings, and the part of its id that TensorBoard shows."""
    when = moment(run.started_at or run.created_at, st.context.timezone)
    return f"{run.name} · {when} · {settings_line(run.config)} · {run.id[:SHORT_ID]}"


def note_choice() -> None:
    """Write the selection to the address, so that it survives a reload."""
    st.query_params["run"] = keys.RUNS.get()
