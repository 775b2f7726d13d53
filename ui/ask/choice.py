"""Which network is asked, and a first training where there is none."""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from mnist_core.tasks import TASKS
from ui.ask import answer, keys
from ui.common import run_selector
from ui.common.i18n import _
from ui.common.waiting import wait_for_run

#: The tasks whose networks are asked here; pictures are for the page Draw.
ASKED = tuple(key for key, entry in TASKS.items() if entry.inputs != "images")


def choose_run(runs: dict[str, Run], asked: Run | None) -> None:
    """Follow the address, else keep what is chosen."""
    if asked and asked.id in runs:
        keys.RUN.set(asked.id)
    elif keys.RUN.get() not in runs:
        keys.RUN.set(run_selector.first_choice(runs))


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(keys.RUN.get())


def show_choice(runs: dict[str, Run]) -> tuple[Run, str]:
    """Which network is asked."""
    with st.container(key=keys.CHOICE):
        st.selectbox(
            _("Model"),
            list(runs),
            format_func=lambda run_id: run_selector.run_line(runs[run_id]),
            key=keys.RUN.prepare(),
            help=_(
                "Each run is one training of a network; listed are those on reviews, news or house "
                "prices. Your own runs come first, the newest on top, then the examples."
            ),
            on_change=note_choice,
            persist_state="session",
        )
        run = runs[str(keys.RUN.get())]
        checkpoint = run_selector.choose_checkpoint(run, keys.CHECKPOINT)
    run_selector.say_if_failed(run)
    return run, checkpoint


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
