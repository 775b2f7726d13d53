"""The query parameters of the Train page: a preset and a run."""

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
    """Fill in the preset that the address names, once; return an error if it is unknown."""
    key = st.query_params.get("preset")
    if key is None:
        keys.FOLLOWED_PRESET.set(None)  # a later request for the same preset fills it in again
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
    """Return the run of the address, else the run shown last in this session, else an example.

    The run's settings fill the form, unless the address also names a preset. A run of another
    version of the lab is returned with the reason why its settings cannot be used.
    """
    asked = st.query_params.get("run")
    run_id = asked or keys.SHOWN_RUN.get()
    if run_id is None:
        return find_example(), None
    if not RUN_ID.fullmatch(run_id):
        return None, UnknownRunError(
            mark("The address contains {run_id}, which is not a run id."),
            mark("Choose a run from the page Runs."),
            run_id=shown(run_id),
        )
    try:
        run = lab.store.get(run_id)
    except UnknownRunError as error:
        if asked:
            return None, error
        keys.SHOWN_RUN.set(None)  # the run was deleted
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
    """Return the included example of the chosen preset, if there is one."""
    try:
        examples = lab.store.examples()
    except StoreError:  # shown elsewhere on the page
        return None
    return next((run for run in examples if run.example == session.PRESET.get()), None)
