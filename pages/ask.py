"""The Ask page: type a review or a piece of news, or describe a house, and see what is answered.

What Draw is for digits, this is for the tasks without pictures. What is typed and what is answered
is a fragment: it reruns alone.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import ConfigError
from mnist_core.runs import Run
from mnist_core.tasks import TASKS, task
from ui.ask import answer
from ui.common import errors, fetching, lab, run_selector, session
from ui.common.i18n import _
from ui.common.waiting import wait_for_engine, wait_for_run

#: The tasks whose networks are asked here; pictures are for the page Draw.
ASKED = tuple(key for key, entry in TASKS.items() if entry.inputs != "images")


def choose_run(runs: dict[str, Run], asked: Run | None) -> None:
    """Follow the address, else keep what is chosen."""
    if asked and asked.id in runs:
        session.ASK_RUN.set(asked.id)
    elif session.ASK_RUN.get() not in runs:
        session.ASK_RUN.set(run_selector.first_choice(runs))


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(session.ASK_RUN.get())


def show_choice(runs: dict[str, Run]) -> tuple[Run, str]:
    """Which network is asked."""
    with st.container(key=session.ASK_CHOICE):
        st.selectbox(
            _("Model"),
            list(runs),
            format_func=lambda run_id: run_selector.run_line(runs[run_id]),
            key=session.ASK_RUN.prepare(),
            help=_(
                "Each run is one training of a network; listed are those on reviews, news or house "
                "prices. Your own runs come first, the newest on top, then the examples."
            ),
            on_change=note_choice,
            persist_state="session",
        )
        run = runs[str(session.ASK_RUN.get())]
        checkpoint = run_selector.choose_checkpoint(run, session.ASK_CHECKPOINT)
    run_selector.say_if_failed(run)
    return run, checkpoint


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
    with st.container(key=session.ASK_LAYOUT):
        with st.container(key=session.ASK_INPUT), errors.shown():
            if entry.inputs == "texts":
                text = answer.show_text_input(entry)
            else:
                values = answer.show_columns(entry)
        with st.container(key=session.ASK_ANSWER):
            if lab.engine_state().phase == "starting":
                wait_for_engine(
                    _("The models are being loaded. The answer follows in a few seconds.")
                )
            elif entry.inputs == "texts":
                answer.show_text_answer(run, checkpoint, entry, text)
            else:
                answer.show_table_answer(run, checkpoint, entry, values)


def wait_for_training(run: Run) -> None:
    """Say how far a run is that is to answer later, and go on when it has ended."""
    words = _(
        "**{name}** is still training: epoch {done} of {epochs} is done. Its model can be used "
        "here once the training has ended."
    )
    wait_for_run(run.id, words, ":material/hourglass_empty:")


def show_beginning() -> None:
    """Nothing is trained yet: offer to train something."""
    st.markdown(
        _(
            "Type a film review, and a model predicts whether it is positive and shows which words "
            "decided. Or type a news text to predict its topic, or describe a neighbourhood to "
            "predict a house price. No trained model yet: one click trains one, which takes less "
            "than a minute once the data has been downloaded."
        )
    )
    answer.show_offers(list(answer.OFFERS))


st.title(_("Ask"), anchor=False)
errors.show_notice()
answerers, asked_run = run_selector.find_runs(*ASKED)
to_come = asked_run if asked_run and asked_run.status.is_active else None
if asked_run and not lab.has_models(asked_run) and not to_come:
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
