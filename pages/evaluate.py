"""The Evaluate page: metrics, errors, calibration and the generalisation gap of a network.

A worker computes each evaluation once, for all sessions. The training samples come last: there may
be six times as many of them as of the others. Regression networks have their own charts.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import LabError, UnknownRunError
from ui.common import errors, fetching, run_selector
from ui.common.i18n import _
from ui.common.navigation import link
from ui.evaluate import keys
from ui.evaluate.choice import choose_part
from ui.evaluate.evaluation import show_evaluation

st.title(_("Evaluate"), anchor=False)
errors.show_notice()
runs, asked, training = run_selector.find_runs()
if training:
    run_selector.wait_for_training(training)
if runs:
    with st.container(key=keys.CHOICE):
        chosen = run_selector.choose_run(keys.RUN, runs, asked)
        checkpoint = run_selector.choose_checkpoint(chosen, keys.CHECKPOINT)
        part = choose_part(chosen)
    try:
        if run_selector.is_usable(chosen) and fetching.is_ready(chosen.config.task):
            show_evaluation(chosen, checkpoint, part)
    except UnknownRunError:  # deleted meanwhile
        st.rerun()
    except LabError as error:
        errors.show(error)
elif not training:
    st.markdown(
        _(
            "There is no trained network yet. Train one to see here how well it generalises to "
            "new samples, which classes it confuses, and whether its confidence is justified."
        )
    )
    link("train", _("Train a network"))
