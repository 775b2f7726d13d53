"""The Ask page: type a review or a piece of news, or describe a house, and see what is answered.

What Draw is for digits, this is for the tasks without pictures. What is typed and what is answered
is a fragment: it reruns alone.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import ConfigError
from mnist_core.runs import Run
from mnist_core.runs.model_files import left_models
from mnist_core.tasks import task
from ui.ask import answer, keys
from ui.ask.choice import ASKED, choose_run, show_beginning, show_choice, wait_for_training
from ui.common import errors, fetching, run_selector
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.waiting import wait_for_engine


@st.fragment
def show_question(run: Run, checkpoint: str) -> None:
    """What is asked, and beside it the answer."""
    try:
        entry = task(run.known_config().task)
    except ConfigError as error:
        errors.show(error)
        return
    # The words of texts come with the lab; the columns of a table are those of its data.
    if entry.inputs != "texts" and not fetching.is_there(entry.key):
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
            if lab.engine_state().phase == "starting":
                wait_for_engine(
                    _("The models are being loaded. The answer follows in a few seconds.")
                )
            elif entry.inputs == "texts":
                answer.show_text_answer(run, checkpoint, entry, text)
            else:
                answer.show_table_answer(run, checkpoint, entry, values)


st.title(_("Ask"), anchor=False)
errors.show_notice()
answerers, asked_run = run_selector.find_runs(*ASKED)
to_come = asked_run if asked_run and asked_run.status.is_active else None
if asked_run and not left_models(lab.store, asked_run) and not to_come:
    words = _("**{name}** has ended without a model. {why}")
    st.warning(words.format(name=asked_run.name, why=asked_run.message))
to_come = to_come or (None if answerers else run_selector.any_active(*ASKED))
if to_come:
    wait_for_training(to_come)
if answerers:
    choose_run(answerers, asked_run)
    show_question(*show_choice(answerers))
    known = {run.config.task for run in answerers.values()}
    others = [key for key in answer.OFFERS if key not in known]
    if others and not to_come:
        st.caption(_("Train a model for another task:"))
        answer.show_offers(others, first_stands_out=False)
elif not to_come:
    show_beginning()
