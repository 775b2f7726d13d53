"""Waiting on a page for a run that trains elsewhere, or for the workers."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import UnknownRunError
from ui.common import errors
from ui.common.formatting import whole
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link

#: A run that is waited for is looked at so often, in seconds.
LOOK_SECONDS = 2


@st.fragment(run_every=LOOK_SECONDS)
def wait_for_run(run_id: str, words: str, icon: str) -> None:
    """Say how far a run is, and draw the page anew when it is over or gone.

    Args:
        run_id: The run.
        words: A translated sentence with places for ``name``, ``done`` and ``epochs``.
        icon: What stands beside it.
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
        link("train", _("Watch it learn"), run=run.id)


def workers_answer(words: str) -> bool:
    """Whether the workers answer; says so while they start, and where they could not be started.

    Args:
        words: A translated sentence for the time until they answer.
    """
    engine = lab.engine_state()
    if engine.phase == "starting":
        _wait_for_engine(words)
    elif engine.phase == "failed":
        reason = _("The workers could not be started, so nothing can be computed. {why}")
        st.warning(reason.format(why=engine.message))
    return engine.phase not in ("starting", "failed")


@st.fragment(run_every=1)
def _wait_for_engine(words: str) -> None:
    """Say that nobody can answer yet, and draw the page anew when somebody can."""
    if lab.engine_state().phase != "starting":
        st.rerun()
    st.info(words, icon=":material/hourglass_empty:")


def warn_of_trouble() -> None:
    """Say, on any page, that nothing can be saved at the moment."""
    engine = lab.engine_state()
    if engine.phase == "ready" and engine.message:
        words = _(
            "Nothing can be saved at the moment, so no new epochs are shown. What trains goes on, "
            "and they come as soon as saving works again. {why}"
        )
        st.warning(words.format(why=engine.message))


def warn_without_workers() -> None:
    """Say that what is started only waits: there are no workers."""
    engine = lab.engine_state()
    if engine.phase == "failed":
        words = _("Runs wait in the queue: no worker trains them. {why}")
        st.warning(words.format(why=engine.message))
