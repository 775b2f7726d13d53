"""Which models read the drawing, and a first training where there is none."""

from __future__ import annotations

import streamlit as st

from mnist_core.experiment.presets import PRESETS
from mnist_core.inference.predict import CHECKPOINTS, checkpoints_of
from mnist_core.runs import Run
from ui.common import errors, run_selector, session
from ui.common.formatting import whole
from ui.common.i18n import _
from ui.common.run_start import start_run
from ui.common.waiting import wait_for_run
from ui.draw import prediction

#: Models that read the same drawing side by side, at most.
MOST_MODELS = 4
#: The preset to begin with where nothing is trained yet.
GOOD_READER = "reads-handwriting"
#: Who draws a digit wants it read by networks that learned digits.
DIGITS = "mnist"


def model_key(run_id: str, checkpoint: str) -> str:
    """A model as one word, for the widget."""
    return f"{run_id} {checkpoint}"


def choose_run(runs: dict[str, Run], asked: Run | None) -> None:
    """Follow the address, and the choice: another run brings its own models."""
    if asked and asked.id in runs and asked.id != session.DRAW_CHOSEN_FOR.get():
        session.DRAW_RUN.set(asked.id)
    elif session.DRAW_RUN.get() not in runs:
        session.DRAW_RUN.set(run_selector.most_accurate(runs))
    if session.DRAW_CHOSEN_FOR.get() != session.DRAW_RUN.get():
        session.DRAW_CHOSEN_FOR.set(session.DRAW_RUN.get())
        run = runs[str(session.DRAW_RUN.get())]
        # Where it overfits, to see its best epoch against its last is the lesson.
        both = run.imported is None and prediction.overfits(run.id, run.attempt)
        names = CHECKPOINTS[: 1 + both]
        session.DRAW_MODELS.set([model_key(run.id, name) for name in names])
    known = [key for key in session.DRAW_MODELS.get() if key.split()[0] in runs]
    if len(known) != len(session.DRAW_MODELS.get()):
        session.DRAW_MODELS.set(known)


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(session.DRAW_RUN.get())


def show_choice(runs: dict[str, Run]) -> list[tuple[Run, str]]:
    """Which networks are to read; the first is the chosen run's."""
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: run_selector.run_line(runs[run_id]),
        key=session.DRAW_RUN.prepare(),
        help=_(
            "A run is one training of a network. The percentage is its accuracy on MNIST's test "
            "set. Your own runs come first, the newest on top, then the examples. The most "
            "accurate one is chosen at first."
        ),
        on_change=note_choice,
        persist_state="session",
    )
    keys = [model_key(run_id, name) for run_id, run in runs.items() for name in checkpoints_of(run)]
    st.multiselect(
        _("Models to compare"),
        keys,
        format_func=lambda key: prediction.model_line(runs[key.split()[0]], key.split()[1]),
        key=session.DRAW_MODELS.prepare(),
        max_selections=MOST_MODELS,
        placeholder=_("Choose one to four"),
        help=_(
            "Each run keeps its model twice; such a copy is called a checkpoint. One is from its "
            "**best epoch**, the one with the lowest validation loss, the other from its **last "
            "epoch**. Where a run overfits, both are chosen, so that you can compare their "
            "predictions. Add models of other runs, up to four in all."
        ),
        persist_state="session",
    )
    chosen = [key.split() for key in session.DRAW_MODELS.get()]
    return [(runs[run_id], name) for run_id, name in chosen if run_id in runs]


def can_read(run: Run) -> bool:
    """Whether this version of the lab can use a run's networks; says so if it cannot."""
    error = run_selector.unusable(run)
    if error:
        errors.show(error)
    run_selector.say_if_failed(run)
    return error is None


def wait_for_training(run_id: str) -> None:
    """Say how far a run is that is to read later, and go on when it has ended."""
    words = _(
        "**{name}** is still training: epoch {done} of {epochs} is done. Its model can be used "
        "here once the training has ended."
    )
    wait_for_run(run_id, words, ":material/hourglass_empty:")


def show_beginning(training: Run | None) -> None:
    """Nothing is trained yet: offer to train a good reader, or wait for the one that trains."""
    if training:
        wait_for_training(training.id)
        return
    config = PRESETS[GOOD_READER].config
    st.markdown(
        _(
            "No trained model yet. Train one first: one click starts a training on {images} "
            "digits for {times} epochs, which takes some minutes. This page shows the progress; "
            "when the training has ended, you can draw."
        ).format(images=whole(config.train_size), times=whole(config.epochs))
    )
    st.button(
        _("Train an accurate model"),
        type="primary",
        key=session.DRAW_TRAIN,
        icon=":material/play_arrow:",
        on_click=train_reader,
    )


def train_reader() -> None:
    """Start the training of a good reader, and stay to wait for it."""
    with errors.noted():
        st.query_params["run"] = start_run(PRESETS[GOOD_READER].config, GOOD_READER).id
