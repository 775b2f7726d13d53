"""Messages of a page that waits for a run or for the workers."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import UnknownRunError
from ui.common import errors
from ui.common.formatting import whole
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link

#: Interval in seconds at which a page checks the run that it waits for.
LOOK_SECONDS = 2


@st.fragment(run_every=LOOK_SECONDS)
def wait_for_run(run_id: str, words: str, icon: str) -> None:
    """Show the progress of a run, and rerun the page when the run has ended or was deleted.

    Args:
        run_id: The run.
        words: A translated sentence with the fields ``name``, ``done`` and ``epochs``.
        icon: Icon of the message.
    """
    with errors.shown():
        try:
            run = lab.store.get(run_id)
        except UnknownRunError:
            st.rerun()
        if run.is_over:
            st.rerun()
        numbers = {"done": whole(run.epochs_done), "epochs": whole(run.config.epochs)}
        st.info(words.format(name=run.name, **numbers), icon=icon)
        link("train", _("Watch the training"), run=run.id)


def workers_answer(words: str) -> bool:
    """Whether the workers are ready; otherwise show that they are starting, or the failure.

    Args:
        words: A translated sentence to show while they start.
    """
    engine = lab.engine_state()
    if engine.phase == "starting":
        _wait_for_engine(words)
    elif engine.phase == "failed":
        reason = _("The workers did not start, so nothing can be computed. {why}")
        st.warning(reason.format(why=engine.message))
    return engine.phase not in ("starting", "failed")


@st.fragment(run_every=1)
def _wait_for_engine(words: str) -> None:
    """Show that the workers are starting, and rerun the page when they are ready."""
    if lab.engine_state().phase != "starting":
        st.rerun()
    st.info(words, icon=":material/hourglass_empty:")


def warn_of_trouble() -> None:
    """Warn that the run store cannot be written at the moment."""
    engine = lab.engine_state()
    if engine.phase == "ready" and engine.message:
        words = _(
            "The run store cannot be written at the moment, so the page shows no new epochs. "
            "Training continues; the epochs appear when writing works again. {why}"
        )
        st.warning(words.format(why=engine.message))


def warn_without_workers() -> None:
    """Warn that runs stay in the queue because the workers did not start."""
    engine = lab.engine_state()
    if engine.phase == "failed":
        words = _("Runs stay in the queue because the workers did not start. {why}")
        st.warning(words.format(why=engine.message))
