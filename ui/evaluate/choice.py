"""Which run, checkpoint and samples are evaluated, and the wait where there is none yet."""

from __future__ import annotations

import streamlit as st

from mnist_core.evaluation.parts import parts_of
from mnist_core.runs import Run
from ui.common import run_selector
from ui.common.formatting import samples_called
from ui.common.i18n import Markdown, _
from ui.common.navigation import link
from ui.common.waiting import wait_for_run
from ui.evaluate import keys
from ui.evaluate.figures import part_words


def choose_run(runs: dict[str, Run], asked: Run | None) -> Run:
    """Follow the address, or keep what was chosen."""
    if asked and asked.id in runs:
        keys.RUN.set(asked.id)
    elif keys.RUN.get() not in runs:
        keys.RUN.set(run_selector.first_choice(runs))
    return runs[str(keys.RUN.get())]


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(keys.RUN.get())


def show_choice(runs: dict[str, Run]) -> str:
    """The choice of a run and of samples; returns which of the run's models."""
    run = runs[str(keys.RUN.get())]
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: run_selector.run_line(runs[run_id]),
        key=keys.RUN.prepare(),
        help=_(
            "A run is one training of a network. The figure beside it is what its best network "
            "reached on the test samples. The newest run is on top."
        ),
        on_change=note_choice,
        persist_state="session",
    )
    checkpoint = run_selector.choose_checkpoint(run, keys.CHECKPOINT)
    if len(parts_of(run)) > 1:
        show_part_choice(run, samples_called(run.config))
    return checkpoint


def show_part_choice(run: Run, samples: str) -> None:
    """Which samples it is evaluated on."""
    keys.PART.keep_among(parts_of(run))
    st.segmented_control(
        Markdown(samples[:1].upper() + samples[1:]),
        parts_of(run),
        format_func=lambda part: part_words(part).label,
        key=keys.PART.prepare(),
        required=True,
        help=_(
            "The network was trained on the **training** {samples}. The **validation** {samples}, "
            "if there are any, chose its best epoch. The **test** {samples} had no part in either, "
            "so only they measure how well it generalises."
        ).format(samples=samples),
        persist_state="session",
    )


def wait_for_training(run: Run) -> None:
    """Say how far a run is that is to be evaluated, and go on when it has ended."""
    words = _(
        "**{name}** is still training: epoch {done} of {epochs} is done. It is evaluated here as "
        "soon as it has ended."
    )
    wait_for_run(run.id, words, ":material/hourglass_empty:")


def show_beginning(training: Run | None) -> None:
    """Nothing is trained yet: wait for the run that trains, or offer to train one."""
    if training:
        wait_for_training(training)
        return
    st.markdown(
        _(
            "There is no trained network yet. Train one, and see here how well it generalises to "
            "new samples, which classes it confuses, and whether its confidence is justified."
        )
    )
    link("train", _("Train a network"))
