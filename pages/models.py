"""The Models page: the trained networks, their names and notes, export and import.

``?run=ID`` chooses a run.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.runs.model_files import left_models
from ui.common import errors, run_selector
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link
from ui.models import disk_space, import_model, keys
from ui.models.choice import MANY, choose_run, show_choice, show_filter
from ui.models.run import show_run

st.title(_("Models"), anchor=False)
errors.show_notice()
if done := keys.DONE.get():
    keys.DONE.set("")
    st.toast(done, icon=":material/check:")
choices, asked_run = run_selector.find_runs(limit=run_selector.RUNS_KEPT)
if asked_run and not left_models(lab.store, asked_run):
    if asked_run.status.is_active:
        words = _("**{name}** is still training; its network is kept when it has ended.")
    else:
        words = _("**{name}** has ended without a network that could be kept. {why}")
    st.warning(words.format(name=asked_run.name, why=asked_run.message))
if choices:
    tags_of_all = sorted({tag for run in choices.values() for tag in run.tags})
    with st.container(key=keys.CHOICE):
        found = show_filter(choices, tags_of_all) if len(choices) > MANY else choices
        if found:
            choose_run(found, asked_run)
            show_choice(found)
    if found:
        show_run(found[str(keys.RUN.get())], tags_of_all)
    else:
        st.info(_("No run has that in its name, its notes or its tags."))
else:
    st.markdown(
        _(
            "There is no trained network yet. Train one, or import one below; then it is kept "
            "here, to inspect, to compare and to export."
        )
    )
    link("train", _("Train a network"))
st.divider()
import_model.show_arrivals()
disk_space.show_disk()
