"""The TensorBoard page: the tool that comes with TensorFlow, with the runs that a reader chooses.

It is started when somebody asks for it, once for the server, and shown in a frame. All that the
frame loads comes through the lab's own address (``ui/tensorboard/proxy.py``).
"""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import RUN_ID, Run
from mnist_core.runs.event_files import SHORT_ID
from ui.common import errors, lab, session
from ui.common.formatting import moment, settings_line
from ui.common.i18n import _
from ui.common.navigation import train_page
from ui.tensorboard import proxy

#: While it starts, it is looked at so often, in seconds.
LOOK_SECONDS = 0.5
#: Runs to choose from: the newest.
RUNS_OFFERED = 200
FRAME_HEIGHT = 760
#: Chosen before anybody has: so many of the newest.
RUNS_AT_FIRST = 5
#: TensorBoard shows 40 curves at first and none if there are more; a run has up to three.
MOST_RUNS = 40 // 3


def find_runs() -> dict[str, Run]:
    """The newest runs that TensorBoard can show, by id, and those that the address asks for."""
    runs = lab.runs_with_events(RUNS_OFFERED)
    for wanted in st.query_params.get_all("run"):
        if wanted in runs:
            continue
        found = lab.run_with_events(wanted) if RUN_ID.fullmatch(wanted) else None
        if found is None:
            words = _(
                "TensorBoard has no data of the run {run}: it ended before its first epoch, or was "
                "deleted."
            )
            st.warning(words.format(run=wanted[:40]))
        else:
            runs[found.id] = found
    return runs


def show_choice(runs: dict[str, Run]) -> list[str]:
    """Ask which runs to compare, and return their ids."""
    asked = [run_id for run_id in st.query_params.get_all("run") if run_id in runs]
    if asked:
        session.TENSORBOARD_RUNS.set(asked[:MOST_RUNS])
    else:
        before = session.TENSORBOARD_RUNS.get()
        kept = [run_id for run_id in before if run_id in runs]
        # A choice that was emptied on purpose stays empty; one whose runs were deleted does not.
        emptied = session.TENSORBOARD_RUNS.is_set() and not before
        session.TENSORBOARD_RUNS.set(kept if kept or emptied else list(runs)[:RUNS_AT_FIRST])
    with st.container(key=session.TENSORBOARD_BAR, horizontal=True, vertical_alignment="bottom"):
        st.multiselect(
            _("Runs to compare"),
            list(runs),
            format_func=lambda run_id: run_line(runs[run_id]),
            key=session.TENSORBOARD_RUNS.key,
            max_selections=MOST_RUNS,
            placeholder=_("Choose runs"),
            help=_(
                "Up to {most} runs. TensorBoard names each by its name and the eight characters at "
                "the end of its line here, and splits it into training and validation. This choice "
                "is yours alone: other readers see their own."
            ).format(most=MOST_RUNS),
            on_change=note_choice,
            persist_state="session",
        )
        chosen = session.TENSORBOARD_RUNS.get()
        with st.popover(_("Where to find what"), icon=":material/help:"):
            st.markdown(
                _(
                    "- **Time series** and **Scalars**: loss and accuracy (of prices: the "
                    "error) of each epoch, once for the training samples (`train`) and once for "
                    "the validation samples (`validation`).\n"
                    "- **Graphs**: every operation of one training step in TensorFlow. A "
                    "run has it once it has ended.\n"
                    "- **Distributions** and **Histograms**: how the weights of each layer are "
                    "distributed, epoch by epoch; **Images**: the weights as images, ten times per "
                    "run. A run has them if “Weight histograms” was chosen before it was "
                    "started.\n"
                    "- **HParams**: the settings of the runs beside their best epoch and their "
                    "figure on the test samples, to see the effect of each setting."
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
    """A run with its time and settings, and the beginning of its id as TensorBoard has it."""
    when = moment(run.started_at or run.created_at, st.context.timezone)
    return f"{run.name} · {when} · {settings_line(run.config)} · {run.id[:SHORT_ID]}"


def note_choice() -> None:
    """Runs were chosen: the address names them, also after a reload."""
    st.query_params["run"] = session.TENSORBOARD_RUNS.get()


def frame_address(run_ids: list[str], theme: str | None) -> str:
    """TensorBoard's own page with these runs only, light or dark."""
    words = "?darkMode=true" if theme == "dark" else ""
    return f"{proxy.address_of(run_ids)}{words}#timeseries"


def show_board(run_ids: list[str]) -> None:
    """TensorBoard itself, or the way to it."""
    now = proxy.state()
    if now.phase == "ready":
        proxy.refresh()
        if not run_ids:
            st.info(_("Choose at least one run."))
            return
        with st.container(key=session.TENSORBOARD_FRAME):
            st.iframe(frame_address(run_ids, st.context.theme.type), height=FRAME_HEIGHT)
        return
    if now.phase == "starting":
        wait_for_board()
        return
    if now.error:
        errors.show(now.error)
    else:
        st.markdown(
            _(
                "TensorBoard is a widely used tool for inspecting and comparing training runs. It "
                "shows the curves of the runs in this lab, the graph of a training step, the "
                "weights, and which settings gave the best result. It starts in a few seconds, and "
                "ends with the lab or after half an hour without use."
            )
        )
    st.button(
        _("Try again") if now.error else _("Start TensorBoard"),
        type="primary",
        key=session.TENSORBOARD_START,
        icon=":material/play_arrow:",
        on_click=start,
    )


def start() -> None:
    """Start it for everybody."""
    with errors.noted():
        proxy.start()


@st.fragment(run_every=LOOK_SECONDS)
def wait_for_board() -> None:
    """Say that it starts, and go on when it answers."""
    if proxy.state().phase != "starting":
        st.rerun()
    st.info(
        _("TensorBoard is starting. This takes a few seconds."),
        icon=":material/hourglass_empty:",
    )


st.title(_("TensorBoard"), anchor=False)
errors.show_notice()
if not proxy.is_possible():
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
    st.markdown(_("There is no run yet. Train a network, and compare its runs here."))
    st.page_link(train_page(), label=_("Train a network"), icon=":material/show_chart:")
