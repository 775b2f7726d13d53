"""Data sets that are not on this machine yet: downloading, or not available.

Keras loads the data of some tasks from its cache or from the internet. Pages do not block
meanwhile: they show a message, and rerun when the data is present. A button that starts a run has
a badge beside it (:func:`show_mark`), and is disabled if the data is not available.
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

#: Interval in seconds at which pages check a download.
LOOK_SECONDS = 1


def is_available(key: str) -> bool:
    """Whether the data of a task is on this machine or can be downloaded."""
    return data_state(key) is not DataState.MISSING


def show_mark(key: str) -> None:
    """Show a badge if the data of a task is not on this machine.

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
                "The data set is not on this computer. Keras downloads it at its first use, which "
                "takes a few minutes at most."
            ),
        )
    elif found is DataState.MISSING:
        st.badge(
            _("Data set missing"),
            icon=":material/cloud_off:",
            color="orange",
            help=_(
                "Without a network connection, copy {files} to the folder {folder} on the "
                "computer that runs the lab."
            ).format(
                files=", ".join(keras_data.SOURCES[key].files), folder=str(keras_data.keras_cache())
            ),
        )
        st.caption(_("Connect this computer to the internet and reload the page."))


def marked_labels(
    choice: session.Entry[str], labels: Mapping[str, str], tasks: Mapping[str, str]
) -> dict[str, str]:
    """Return the labels of a choice, with a note if the data is not on this machine.

    Args:
        choice: Entry of the choice. Call this before drawing the widget: the browser identifies
            an option by its label, so the choice is set again if labels have changed.
        labels: Option → label.
        tasks: Option → task whose data it needs.
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


def is_ready(key: str) -> bool:
    """Whether the data of a task can be read now; otherwise show why not.

    The page reruns when the data is present.

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
        "Keras is loading the data of “{task}” from its cache or the internet. This takes seconds "
        "to minutes, but only once; then the page continues ({seconds} s so far)."
    )
    label = _(task(key).label)
    st.info(words.format(task=label, seconds=whole(int(seconds))), icon=":material/downloading:")


def wait_with_run(run: Run) -> None:
    """Show a message while a run waits for its data."""
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
            "The run waits for the data of “{task}”: Keras is loading it from its cache or the "
            "internet. This takes seconds to minutes, but only once. **Stop** ends the run."
        )
        st.info(words.format(task=_(task(run.config.task).label)), icon=":material/downloading:")
