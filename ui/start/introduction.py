"""The top of the start page: what this is, what to do first, one finished experiment."""

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
#: Among so many of the newest runs, one that is still at work is looked for.
RECENT_RUNS = 100


def continue_watching() -> None:
    """The way back to the newest run that is at work, if there is one."""
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
    """The first experiment as it comes with the lab; None in a lab without examples."""
    try:
        return lab.store.get(known_examples()[FIRST.key].id)
    except UnknownRunError:
        return None


def show_picture(run: Run) -> None:
    """The curves of a finished run, and how to read them."""
    with st.container(key=keys.PICTURE, gap="xsmall"):
        chart.live_chart(run, key=keys.CHART)
        st.caption(
            _(
                "A network trained on {samples} digits. Up to epoch {epoch} the validation loss "
                "falls. After that only the training loss does: the network memorises its "
                "training images and generalises less and less. It **overfits**."
            ).format(
                samples=whole(run.config.train_size),
                epoch=known_examples()[FIRST.key].best_epoch,
            )
        )


def show_intro() -> None:
    """The name, one sentence, and what to do first."""
    st.title(_("MNIST Lab"), anchor=False)
    st.markdown(
        _("Watch a small neural network learn to read digits, and see where it starts to overfit.")
    )
    with st.container(key=keys.ACTIONS, horizontal=True):
        if st.button(_("Draw a digit"), key=keys.DRAW, type="primary", icon=":material/draw:"):
            st.switch_page(page("draw"))
        if st.button(_("Start the first experiment"), key=keys.FIRST, icon=":material/play_arrow:"):
            start(FIRST)
    with errors.shown():
        continue_watching()
