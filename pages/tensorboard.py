"""The TensorBoard page: the tool that comes with TensorFlow, inside the lab, with every run.

It is started when somebody asks for it, once for the server, and shown in a frame. All that the
frame loads comes through the lab's own address (``ui/board.py``).
"""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from mnist_core.runs import Run
from mnist_core.runs.event_files import SHORT_ID
from ui import board, problems, services, state
from ui.navigation import RUN_ID, train_page
from ui.run_words import escaped
from ui.text import _

#: While it starts, it is looked at so often, in seconds.
LOOK_SECONDS = 0.5
#: Runs to choose from: the newest.
RUNS_OFFERED = 200
FRAME_HEIGHT = 760
ALL = "all"


def find_runs() -> dict[str, Run]:
    """The newest runs that TensorBoard can show, by id, and the one that the address asks for."""
    runs = services.runs_with_events(RUNS_OFFERED)
    wanted = st.query_params.get("run")
    if wanted and wanted not in runs:
        found = services.run_with_events(wanted) if RUN_ID.fullmatch(wanted) else None
        if found is None:
            words = _(
                "TensorBoard has nothing of the run {run}: it ended before its first epoch, or was "
                "deleted. All runs are shown."
            )
            st.warning(words.format(run=escaped(wanted[:40])))
        else:
            runs[found.id] = found
    return runs


def show_choice(runs: dict[str, Run]) -> Run | None:
    """All runs, or one of them."""
    wanted = st.query_params.get("run")
    state.TENSORBOARD_RUN.set(wanted if wanted in runs else ALL)
    with st.container(key=state.TENSORBOARD_BAR, horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            _("Runs shown"),
            [ALL, *runs],
            format_func=lambda run_id: run_line(runs[run_id]) if run_id in runs else _("All runs"),
            key=state.TENSORBOARD_RUN.key,
            help=_(
                "One run alone, or all of them to be compared. TensorBoard calls each run by its "
                "name and the beginning of its id."
            ),
            on_change=note_choice,
        )
        with st.popover(_("What is where?"), icon=":material/help:"):
            st.markdown(
                _(
                    "- **Time series** and **Scalars**: loss and accuracy (of prices: the "
                    "error) of each epoch, once for the training samples (`train`) and once for "
                    "the validation samples (`validation`).\n"
                    "- **Graphs**: every operation of one training step, as TensorFlow sees it. A "
                    "run has it once it has ended.\n"
                    "- **Distributions** and **Histograms**: how the weights of each layer are "
                    "spread, epoch by epoch; **Images**: the weights as pictures, ten times in a "
                    "run. A run has them if “Weight histograms” was chosen before it was "
                    "started.\n"
                    "- **HParams**: the settings of all runs beside their best epoch and their "
                    "figure on the test samples, to see which setting did what."
                )
            )
        st.link_button(
            _("Open in a tab of its own"),
            frame_address(None, None),
            icon=":material/open_in_new:",
            disabled=board.state().phase != "ready",
        )
    chosen = state.TENSORBOARD_RUN.get()
    return runs.get(chosen)


def run_line(run: Run) -> str:
    """A run as TensorBoard calls it."""
    return f"{run.name} {run.id[:SHORT_ID]}"


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    chosen = state.TENSORBOARD_RUN.get()
    if chosen != ALL:
        st.query_params["run"] = chosen
    else:
        st.query_params.pop("run", None)


def frame_address(run: Run | None, theme: str | None) -> str:
    """TensorBoard's own page, light or dark, narrowed to a run if one is given."""
    # One filter is for its newer pages and one for its older ones.
    words = {"darkMode": "true"} if theme == "dark" else {}
    words |= {"runFilter": run.id[:SHORT_ID]} if run else {}
    place = "#scalars" + (f"&regexInput={run.id[:SHORT_ID]}" if run else "")
    return board.address() + (f"?{urlencode(words)}" if words else "") + place


def show_board(run: Run | None) -> None:
    """TensorBoard itself, or the way to it."""
    now = board.state()
    if now.phase == "ready":
        board.refresh()
        with st.container(key=state.TENSORBOARD_FRAME):
            st.iframe(frame_address(run, st.context.theme.type), height=FRAME_HEIGHT)
        return
    if now.phase == "starting":
        wait_for_board()
        return
    if now.error:
        problems.show(now.error)
    else:
        st.markdown(
            _(
                "TensorBoard is the tool with which most people who train networks look at their "
                "trainings. It shows the runs of this lab: their curves, the graph of a training "
                "step, the weights, and which settings did best. It starts in a few seconds, and "
                "ends with the lab or when nobody has looked at it for half an hour."
            )
        )
    st.button(
        _("Try again") if now.error else _("Start TensorBoard"),
        type="primary",
        key=state.TENSORBOARD_START,
        icon=":material/play_arrow:",
        on_click=start,
    )


def start() -> None:
    """Start it for everybody."""
    with problems.noted():
        board.start()


@st.fragment(run_every=LOOK_SECONDS)
def wait_for_board() -> None:
    """Say that it starts, and go on when it answers."""
    if board.state().phase != "starting":
        st.rerun()
    st.info(
        _("TensorBoard is starting. It shows itself here in a few seconds."),
        icon=":material/hourglass_empty:",
    )


st.title(_("TensorBoard"), anchor=False)
problems.show_notice()
if not board.is_possible():
    st.warning(
        _(
            "The lab's files are kept at an address that is no folder of this machine "
            "(`MNIST_LAB_HOME`), and TensorBoard reads folders only. The Train and Runs pages show "
            "everything all the same."
        )
    )
elif found_runs := find_runs():
    show_board(show_choice(found_runs))
else:
    st.markdown(_("There is no run yet. TensorBoard shows what a run has written: train one."))
    st.page_link(train_page(), label=_("Train a network"), icon=":material/show_chart:")
