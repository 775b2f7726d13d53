"""The top of the Start page: an introduction, the first actions, one finished experiment."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import UnknownRunError
from mnist_core.examples import known_examples
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run
from ui.common import errors
from ui.common.formatting import STATUS_WORDS, whole
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link, page
from ui.live import chart
from ui.start import keys
from ui.start.cards import start

FIRST = next(iter(PRESETS.values()))
#: Number of the newest runs that are searched for an active one.
RECENT_RUNS = 100


def link_to_active_run() -> None:
    """Link to the newest active run, if any."""
    recent = lab.store.list_runs(limit=RECENT_RUNS)
    run = next((run for run in recent if run.status.is_active), None)
    if run is None:
        return
    status = STATUS_WORDS[run.status]
    link(
        "train",
        _("Continue watching: {name} ({status})").format(name=run.name, status=_(status.label)),
        icon=":material/monitoring:",
        run=run.id,
    )


def finished_example() -> Run | None:
    """Return the included run of the first experiment; None if examples are turned off."""
    try:
        return lab.store.get(known_examples()[FIRST.key].id)
    except UnknownRunError:
        return None


def show_example(run: Run) -> None:
    """Show the learning curves of a finished run, with an explanation."""
    with st.container(key=keys.PICTURE, gap="xsmall"):
        chart.live_chart(run, key=keys.CHART)
        st.caption(
            _(
                "A network trained on {samples} digits. Up to epoch {epoch} the validation loss "
                "falls. After that only the training loss falls: the network memorises its "
                "training set and generalises less and less. It **overfits**."
            ).format(
                samples=whole(run.config.train_size),
                epoch=known_examples()[FIRST.key].best_epoch,
            )
        )


def show_intro() -> None:
    """Show the title, one sentence, and the first actions."""
    st.title(_("MNIST Lab"), anchor=False)
    st.markdown(
        _("Watch a small neural network learn to classify digits, and see where it overfits.")
    )
    with st.container(key=keys.ACTIONS, horizontal=True):
        if st.button(_("Draw a digit"), key=keys.DRAW, type="primary", icon=":material/draw:"):
            st.switch_page(page("draw"))
        if st.button(_("Start the first experiment"), key=keys.FIRST, icon=":material/play_arrow:"):
            start(FIRST)
    with errors.shown():
        link_to_active_run()
