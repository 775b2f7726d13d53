"""Data that is not on this machine yet: on its way, or nowhere to be had.

Some tasks' data comes through Keras, from its cache or from the internet. No page waits for that:
it says what goes on, and goes on itself when the data is there.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import DataError, DataPendingError, UnknownRunError
from mnist_core.runs import Run, RunStatus
from mnist_core.tasks import task
from ui import problems, services, state
from ui.run_words import whole
from ui.text import _

#: Data that is on its way is looked for so often, in seconds.
LOOK_SECONDS = 1


def is_there(key: str) -> bool:
    """Whether the data of a task can be read now.

    Says so if it cannot, and draws the page anew when it can.

    Args:
        key: The task.
    """
    try:
        services.find_data(key)
    except DataPendingError:
        _wait_for_data(key)
        return False
    except DataError as error:
        problems.show(error)
        st.button(
            _("Try again"),
            key=state.DATA_AGAIN,
            icon=":material/refresh:",
            on_click=services.look_again_for_data,
            args=(key,),
        )
        return False
    return True


@st.fragment(run_every=LOOK_SECONDS)
def _wait_for_data(key: str) -> None:
    seconds = services.seconds_fetching(key)
    if seconds is None:
        st.rerun()
    words = _(
        "The data of “{task}” is not on this machine yet, so it is being fetched: Keras reads it "
        "from its cache, or downloads it. That takes from some seconds to some minutes, but only "
        "once. The page goes on by itself as soon as it is there ({seconds} s so far)."
    )
    label = _(task(key).label)
    st.info(words.format(task=label, seconds=whole(int(seconds))), icon=":material/downloading:")


def wait_with_run(run: Run) -> None:
    """Say that a run waits for its data, while it does."""
    waits = run.status in (RunStatus.QUEUED, RunStatus.RUNNING)
    begins = waits and run.progress is None and not run.epochs_done
    if begins and not services.has_data(run.config.task):
        _wait_for_workers_data(run.id)


@st.fragment(run_every=LOOK_SECONDS)
def _wait_for_workers_data(run_id: str) -> None:
    with problems.shown():
        try:
            run = services.store().get(run_id)
        except UnknownRunError:
            st.rerun()
        began = run.progress is not None or run.epochs_done or not run.status.is_active
        if began or services.has_data(run.config.task):
            st.rerun()
        words = _(
            "The data of “{task}” is not on this machine yet, so it is fetched first: "
            "Keras reads it from its cache, or downloads it. That takes from some seconds to some "
            "minutes, but only once. **Stop** ends the waiting."
        )
        st.info(words.format(task=_(task(run.config.task).label)), icon=":material/downloading:")
