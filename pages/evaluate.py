"""The Evaluate page: how well a trained network does, and where it goes wrong.

What it shows is computed once by the worker and kept for everybody. The training samples come
last: there may be six times as many of them as of the others. Where the task is to find a number
there is nothing to confuse, so such a network has figures and charts of its own.
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
    except UnknownRunError:  # deleted meanwhile: the page chooses among those that are left
        st.rerun()
    except LabError as error:
        errors.show(error)
elif not training:
    st.markdown(
        _(
            "There is no trained network yet. Train one, and see here how well it generalises to "
            "new samples, which classes it confuses, and whether its confidence is justified."
        )
    )
    link("train", _("Train a network"))
