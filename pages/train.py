"""The Train page: choose an experiment, change its settings, train, and watch the learning curves.

Query parameters: ``?preset=KEY`` chooses an experiment, ``?run=ID`` shows a run, and
``&against=ID`` another one behind it.
"""

import streamlit as st

from mnist_core.errors import LabError
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run
from ui.common import errors, fetching, session, settings_form
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link
from ui.common.run_start import start_run
from ui.common.waiting import warn_without_workers
from ui.train import keys
from ui.train.address import find_run, follow_address
from ui.train.experiment import read_settings, show_changes, show_estimate, show_preset
from ui.train.reference import show_started
from ui.train.run import show_buttons, show_run


@st.fragment
def watch(known: Run | None) -> None:
    """Show the run's heading, chart and result, as a fragment of the page.

    Args:
        known: The run as the rest of the page shows it.
    """
    with errors.shown():
        show_run(lab.store.get(known.id) if known else None, known)


problems = [follow_address()]
run, run_error = find_run()
config, config_error = read_settings()
problems += [run_error, config_error]

with st.container(key=keys.BAR, horizontal=True, vertical_alignment="bottom"):
    show_preset()
    with st.container(key=keys.BUTTONS, horizontal=True, width="content"):
        started = st.button(
            _("Start"),
            key=keys.START,
            type="primary",
            icon=":material/play_arrow:",
            disabled=config is None,
        )
        if started and config:
            try:
                started_run = start_run(config, session.PRESET.get())
                show_started(started_run, run)
                run = started_run
                problems = []
            except LabError as error:
                problems.append(error)
        show_buttons(run)

# Always drawn, so that the chart below keeps its position in the page, and with it its zoom.
with st.container(key=keys.MESSAGES):
    for problem in filter(None, problems):
        errors.show(problem)
    errors.show_notice()
    fetching.show_mark(PRESETS[session.PRESET.get()].config.task)
    warn_without_workers()

with st.container(key=keys.LAYOUT):
    with st.container(key=keys.SETTINGS):
        settings_form.show_first()
        show_estimate(config)
        with st.expander(_("More settings"), key=keys.MORE):
            settings_form.show_more()
        show_changes()
        digits = PRESETS[session.PRESET.get()].config.task == "mnist"
        link(
            "data", _("Look at these digits") if digits else _("Look at this data"), view="training"
        )
    with st.container(key=keys.WATCH):
        watch(run)
