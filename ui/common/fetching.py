"""Data that is not on this machine yet: on its way, or nowhere to be had.

Some tasks' data comes through Keras, from its cache or from the internet. No page waits for that:
it says what goes on, and goes on itself when the data is there. Wherever a training is offered,
its data is marked first (:func:`show_mark`), and cannot be asked for where it cannot be had.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from mnist_core.errors import DataError, DataPendingError, UnknownRunError
from mnist_core.runs import Run, RunStatus
from mnist_core.tasks import keras_data, task
from mnist_core.tasks.availability import DataState
from ui.common import errors, session
from ui.common.formatting import whole
from ui.common.i18n import _
from ui.common.lab import data_state, lab

#: Data that is on its way is looked for so often, in seconds.
LOOK_SECONDS = 1


def can_be_had(key: str) -> bool:
    """Whether the data of a task is on this machine or can be downloaded: else nothing starts."""
    return data_state(key) is not DataState.MISSING


def show_mark(key: str) -> None:
    """Say, where the data of a task is not on this machine, what to do; nothing where it is.

    Args:
        key: The task.
    """
    found = data_state(key)
    if found is DataState.DOWNLOADABLE:
        st.badge(
            _("Needs a download"),
            icon=":material/download:",
            color="blue",
            help=_(
                "The data set is not on this computer. Keras downloads it when it is first "
                "needed, which takes some minutes at most."
            ),
        )
    elif found is DataState.MISSING:
        st.badge(
            _("Data set missing"),
            icon=":material/cloud_off:",
            color="orange",
            help=_(
                "Without a network connection: put {files} into the folder {folder} of the "
                "computer that runs the lab."
            ).format(
                files=", ".join(keras_data.SOURCES[key].files), folder=str(keras_data.keras_cache())
            ),
        )
        st.caption(_("Connect this computer to the internet and reload the page."))


def marked_labels(
    choice: session.Entry[str], labels: Mapping[str, str], tasks: Mapping[str, str]
) -> dict[str, str]:
    """The labels of a choice, those marked whose data is not on this machine.

    Args:
        choice: What the choice is kept in. Its widget comes after this call: the browser names
            an option by its label, so what is chosen is set anew where labels have changed.
        labels: Option → what it is called.
        tasks: Option → the task whose data it needs.
    """
    words = _("{name} (data set not on this computer)")
    marked = {
        option: label if data_state(tasks[option]) is DataState.PRESENT else words.plain(name=label)
        for option, label in labels.items()
    }
    before = session.labels_of(choice)
    if marked != before.get() and choice.is_set():
        choice.set(choice.get())
    before.set(marked)
    return marked


def is_there(key: str) -> bool:
    """Whether the data of a task can be read now.

    Says so if it cannot, and draws the page anew when it can.

    Args:
        key: The task.
    """
    try:
        keras_data.promptly(task(key).load)
    except DataPendingError:
        _wait_for_data(key)
        return False
    except DataError as error:
        errors.show(error)
        st.button(
            _("Try again"),
            key=session.DATA_AGAIN,
            icon=":material/refresh:",
            on_click=keras_data.look_again,
            args=(key,),
        )
        return False
    return True


@st.fragment(run_every=LOOK_SECONDS)
def _wait_for_data(key: str) -> None:
    seconds = keras_data.seconds_fetching(key)
    if seconds is None:
        st.rerun()
    words = _(
        "The data of “{task}” is not on this machine yet, so it is being fetched: Keras reads it "
        "from its cache, or downloads it. That takes from some seconds to some minutes, but only "
        "once. The page continues by itself as soon as the data is there ({seconds} s so far)."
    )
    label = _(task(key).label)
    st.info(words.format(task=label, seconds=whole(int(seconds))), icon=":material/downloading:")


def wait_with_run(run: Run) -> None:
    """Say that a run waits for its data, while it does."""
    waits = run.status in (RunStatus.QUEUED, RunStatus.RUNNING)
    begins = waits and run.progress is None and not run.epochs_done
    if begins and not keras_data.is_kept(run.config.task):
        _wait_for_workers_data(run.id)


@st.fragment(run_every=LOOK_SECONDS)
def _wait_for_workers_data(run_id: str) -> None:
    with errors.shown():
        try:
            run = lab.store.get(run_id)
        except UnknownRunError:
            st.rerun()
        began = run.progress is not None or run.epochs_done or not run.status.is_active
        if began or keras_data.is_kept(run.config.task):
            st.rerun()
        words = _(
            "The data of “{task}” is not on this machine yet, so it is fetched first: "
            "Keras reads it from its cache, or downloads it. That takes from some seconds to some "
            "minutes, but only once. **Stop** ends the waiting."
        )
        st.info(words.format(task=_(task(run.config.task).label)), icon=":material/downloading:")
