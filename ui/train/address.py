"""What the address of the Train page names: an experiment, a run."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import ConfigError, LabError, StoreError, UnknownRunError, shown
from mnist_core.experiment.presets import PRESETS, preset
from mnist_core.i18n import mark
from mnist_core.runs import RUN_ID, Run
from ui.common import run_selector, session, settings_form
from ui.common.lab import lab
from ui.train import keys


def follow_address() -> LabError | None:
    """Take over the preset that the address asks for, once; an error if there is none."""
    key = st.query_params.get("preset")
    if key is None:
        keys.FOLLOWED_PRESET.set(None)  # asked for once more, it is to be followed once more
    if key is None or key == keys.FOLLOWED_PRESET.get():
        return None
    try:
        preset(key)
    except ConfigError as error:
        return error
    settings_form.fill_preset(key)
    keys.FOLLOWED_PRESET.set(key)
    return None


def find_run() -> tuple[Run | None, LabError | None]:
    """The run of the address, else the one that this session watched last, else an example.

    A run brings its settings with it, unless the address names a preset beside it. With one of
    another version of the lab comes the reason why its settings cannot be taken over.
    """
    asked = st.query_params.get("run")
    run_id = asked or keys.SHOWN_RUN.get()
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
        run = lab.store.get(run_id)
    except UnknownRunError as error:
        if asked:
            return None, error
        keys.SHOWN_RUN.set(None)  # deleted meanwhile
        return find_example(), None
    unusable = run_selector.unusable(run)
    if run_id != keys.SHOWN_RUN.get():
        keys.SHOWN_RUN.set(run_id)
        if st.query_params.get("preset") not in PRESETS and unusable is None:
            settings_form.fill_like(run.config, run.preset)
            keys.FOLLOWED_PRESET.set(None)
    st.query_params["run"] = run_id
    return run, unusable


def find_example() -> Run | None:
    """The example of the chosen preset, to look at before anything was trained."""
    try:
        examples = lab.store.examples()
    except StoreError:  # the page says so elsewhere
        return None
    return next((run for run in examples if run.example == session.PRESET.get()), None)
