"""The Ask page: predictions for a typed text, or for chosen values of a table's columns.

It is the counterpart of the Draw page for tasks without images. Input and prediction are a
fragment, which reruns alone.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from mnist_core.tasks import task
from ui.ask import answer, keys
from ui.common import errors, fetching, run_selector
from ui.common.i18n import _
from ui.common.waiting import workers_answer


@st.fragment
def show_question(run: Run, checkpoint: str) -> None:
    """The input, and beside it the prediction."""
    entry = task(run.config.task)
    # The vocabulary comes with the lab; the ranges of the columns come from the data.
    if entry.inputs != "texts" and not fetching.is_ready(entry.key):
        return
    if entry.inputs == "texts":
        answer.follow_task(entry.key)
    with st.container(key=keys.LAYOUT):
        with st.container(), errors.shown():
            if entry.inputs == "texts":
                text = answer.show_text_input(entry)
            else:
                values = answer.show_columns(entry)
        with st.container(key=keys.ANSWER):
            words = _("The models are being loaded. The prediction follows in a few seconds.")
            if not workers_answer(words):
                return
            if entry.inputs == "texts":
                answer.show_text_answer(run, checkpoint, entry, text)
            else:
                answer.show_table_answer(run, checkpoint, entry, values)


st.title(_("Ask"), anchor=False)
errors.show_notice()
runs, asked, training = run_selector.find_runs(*answer.asked_tasks())
if training:
    run_selector.wait_for_training(training)
if runs:
    with st.container(key=keys.CHOICE):
        chosen = run_selector.choose_run(keys.RUN, runs, asked)
        checkpoint = run_selector.choose_checkpoint(chosen, keys.CHECKPOINT)
    if run_selector.is_usable(chosen):
        show_question(chosen, checkpoint)
    known = {run.config.task for run in runs.values()}
    others = [key for key in answer.OFFERS if key not in known]
    if others and not training:
        st.caption(_("Train a model for another task:"))
        answer.show_offers(others, first_stands_out=False)
elif not training:
    st.markdown(
        _(
            "Type a film review, and a model predicts whether it is positive and shows the effect "
            "of each word. Or type a news text to predict its topic, or describe a neighbourhood "
            "to predict a house price. No model is trained yet: one click trains a model, in less "
            "than a minute once the data has been downloaded."
        )
    )
    answer.show_offers(list(answer.OFFERS))
