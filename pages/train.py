"""The Train page: choose an experiment, change it, start it and watch it learn.

Its address says what it shows: ``?preset=KEY`` chooses an experiment, ``?run=ID`` shows a run.
"""

import streamlit as st

from mnist_core.errors import ConfigError, LabError, StoreError, UnknownRunError, shown
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS, preset
from mnist_core.i18n import mark
from mnist_core.runs import RUN_ID, Run
from ui.common import errors, fetching, lab, run_selector, session, settings_form
from ui.common.formatting import about
from ui.common.i18n import _
from ui.common.navigation import data_page
from ui.common.run_start import start_run
from ui.common.waiting import warn_without_workers
from ui.train.run import show_buttons, show_run


def follow_address() -> LabError | None:
    """Take over the preset that the address asks for, once; an error if there is none."""
    key = st.query_params.get("preset")
    if key is None:
        session.FOLLOWED_PRESET.set(None)  # asked for once more, it is to be followed once more
    if key is None or key == session.FOLLOWED_PRESET.get():
        return None
    try:
        preset(key)
    except ConfigError as error:
        return error
    settings_form.fill_preset(key)
    session.FOLLOWED_PRESET.set(key)
    return None


def find_run() -> tuple[Run | None, LabError | None]:
    """The run of the address, else the one that this session watched last, else an example.

    A run brings its settings with it, unless the address names a preset beside it. With one of
    another version of the lab comes the reason why its settings cannot be taken over.
    """
    asked = st.query_params.get("run")
    run_id = asked or session.SHOWN_RUN.get()
    if run_id is None:
        return find_example(), None
    if not RUN_ID.fullmatch(run_id):
        return None, UnknownRunError(
            mark("The address asks for the run {run_id}."),
            mark("A run's id is 32 characters long, of the digits and the letters a to f."),
            mark("Choose one from the list of runs."),
            run_id=shown(run_id),
        )
    try:
        run = lab.store().get(run_id)
    except UnknownRunError as error:
        if asked:
            return None, error
        session.SHOWN_RUN.set(None)  # deleted meanwhile
        return find_example(), None
    unusable = run_selector.unusable(run)
    if run_id != session.SHOWN_RUN.get():
        session.SHOWN_RUN.set(run_id)
        if st.query_params.get("preset") not in PRESETS and unusable is None:
            settings_form.fill_like(run.config, run.preset)
            session.FOLLOWED_PRESET.set(None)
    st.query_params["run"] = run_id
    return run, unusable


def find_example() -> Run | None:
    """The example of the chosen preset, to look at before anything was trained."""
    try:
        examples = lab.store().examples()
    except StoreError:  # the page says so elsewhere
        return None
    return next((run for run in examples if run.example == session.PRESET.get()), None)


def choose_preset() -> None:
    """A preset was chosen: its settings replace those in the widgets."""
    key = session.PRESET.get()
    settings_form.fill_preset(key)
    session.FOLLOWED_PRESET.set(key)
    st.query_params["preset"] = key


def read_settings() -> tuple[TrainingConfig | None, LabError | None]:
    """The configuration in the widgets, or why there is none."""
    try:
        return settings_form.read(), None
    except ConfigError as error:
        return None, error


def show_preset() -> None:
    """The choice of the experiment."""
    labels = {key: f"{key} — {_(entry.label)}" for key, entry in PRESETS.items()}
    tasks = {key: entry.config.task for key, entry in PRESETS.items()}
    marked = fetching.marked_labels(session.PRESET, labels, tasks)
    st.selectbox(
        _("Experiment"),
        list(PRESETS),
        format_func=marked.__getitem__,
        key=session.PRESET.prepare(),
        help=_(
            "A prepared experiment to begin with; every setting of it can be changed below. "
            "**Start** trains the network; a run that is at work goes on. **Pause** holds it "
            "between two steps; after some seconds it lets waiting runs go first, and then "
            "begins the epoch it was in again. **Stop** ends it and keeps its models and a "
            "checkpoint: it can be resumed later."
        ),
        on_change=choose_preset,
        persist_state="session",
    )


def show_estimate(config: TrainingConfig | None) -> None:
    """Say how long the training will take on this machine."""
    if config is None:
        return
    with errors.shown():
        duration = lab.estimated_duration(config)
        if duration is not None:
            words = (
                _("Training takes very roughly {time} on this machine.")
                if duration.rough
                else _("Training takes about {time} on this machine.")
            )
            st.caption(words.format(time=about(duration.seconds)))


def show_changes() -> None:
    """Say, quietly, what differs from the preset, and offer to take it back."""
    changed = settings_form.changes()
    if not changed:
        return
    with st.container(key=session.TRAIN_CHANGES):
        st.markdown(_("**Changed from the preset:** {changes}").format(changes=changed))
        st.button(
            _("Reset to the preset"),
            key=session.RESET,
            icon=":material/restart_alt:",
            help=_("Takes the preset's own settings again."),
            on_click=settings_form.fill_preset,
            args=(session.PRESET.get(),),
        )


@st.fragment
def watch(known: Run | None) -> None:
    """The run's chart and what is said about it, without the rest of the page.

    Args:
        known: The run as the rest of the page shows it.
    """
    with errors.shown():
        show_run(lab.store().get(known.id) if known else None, known)


troubles = [follow_address()]
run, no_run = find_run()
config, no_config = read_settings()
troubles += [no_run, no_config]

with st.container(key=session.TRAIN_BAR, horizontal=True, vertical_alignment="bottom"):
    show_preset()
    with st.container(key=session.TRAIN_BUTTONS, horizontal=True, width="content"):
        started = st.button(
            _("Start"),
            key=session.START,
            type="primary",
            icon=":material/play_arrow:",
            disabled=config is None,
        )
        if started and config:
            try:
                run = start_run(config, session.PRESET.get())
                session.SHOWN_RUN.set(run.id)
                st.query_params.from_dict({"run": run.id})
                troubles = []
            except LabError as error:
                troubles.append(error)
        show_buttons(run)

# Always there, so that the chart below keeps its place in the page, and with it its zoom.
with st.container(key=session.TRAIN_MESSAGES):
    for trouble in filter(None, troubles):
        errors.show(trouble)
    errors.show_notice()
    fetching.show_mark(PRESETS[session.PRESET.get()].config.task)
    warn_without_workers()

with st.container(key=session.TRAIN_LAYOUT):
    with st.container(key=session.TRAIN_SETTINGS):
        settings_form.show_first()
        show_estimate(config)
        with st.expander(_("More settings"), key=session.TRAIN_MORE):
            settings_form.show_more()
        show_changes()
        digits = PRESETS[session.PRESET.get()].config.task == "mnist"
        st.page_link(
            data_page(),
            label=_("Look at these digits") if digits else _("Look at this data"),
            icon=":material/grid_view:",
            query_params={"view": "training"},
        )
    with st.container(key=session.TRAIN_WATCH):
        watch(run)
