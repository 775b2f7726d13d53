"""The Models page: the trained networks, their names and notes, export and import.

``?run=ID`` selects a run.
"""

from __future__ import annotations

import streamlit as st

from ui.common import errors, run_selector
from ui.common.i18n import _
from ui.common.navigation import link
from ui.models import disk_space, import_model, keys
from ui.models.choice import show_filter
from ui.models.run import show_run

st.title(_("Models"), anchor=False)
errors.show_notice()
if done := keys.DONE.get():
    keys.DONE.set("")
    st.toast(done, icon=":material/check:")
runs, asked, training = run_selector.find_runs(limit=run_selector.RUNS_KEPT)
if training:
    run_selector.wait_for_training(training)
if runs:
    tags = sorted({tag for run in runs.values() for tag in run.tags})
    with st.container(key=keys.CHOICE):
        found = show_filter(runs, tags)
        chosen = run_selector.choose_run(keys.RUN, found, asked) if found else None
    if chosen:
        show_run(chosen, tags)
    else:
        st.info(_("No run matches. Change the text or the tags."))
elif not training:
    st.markdown(
        _(
            "There is no trained network yet. Train one, or import a model below, to inspect and "
            "export it here."
        )
    )
    link("train", _("Train a network"))
st.divider()
import_model.show_import()
disk_space.show_disk()
