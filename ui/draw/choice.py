"""Which models read the drawing, and a first training where there is none."""

from __future__ import annotations

import streamlit as st

from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run
from mnist_core.runs.model_files import CHECKPOINTS, checkpoints_of
from ui.common import errors, run_selector
from ui.common.formatting import whole
from ui.common.i18n import _
from ui.common.run_start import start_run
from ui.common.waiting import wait_for_run
from ui.draw import keys, prediction

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
    if asked and asked.id in runs and asked.id != keys.CHOSEN_FOR.get():
        keys.RUN.set(asked.id)
    elif keys.RUN.get() not in runs:
        keys.RUN.set(run_selector.most_accurate(runs))
    if keys.CHOSEN_FOR.get() != keys.RUN.get():
        keys.CHOSEN_FOR.set(keys.RUN.get())
        run = runs[str(keys.RUN.get())]
        # Where it overfits, to see its best epoch against its last is the lesson.
        both = run.imported is None and prediction.overfits(run.id, run.attempt)
        names = CHECKPOINTS[: 1 + both]
        keys.MODELS.set([model_key(run.id, name) for name in names])
    known = [key for key in keys.MODELS.get() if key.split()[0] in runs]
    if len(known) != len(keys.MODELS.get()):
        keys.MODELS.set(known)


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(keys.RUN.get())


def show_choice(runs: dict[str, Run]) -> list[tuple[Run, str]]:
    """Which networks are to read; the first is the chosen run's."""
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: run_selector.run_line(runs[run_id]),
        key=keys.RUN.prepare(),
        help=_(
            "A run is one training of a network. The percentage is its accuracy on MNIST's test "
            "set. Your own runs come first, the newest on top, then the examples. The most "
            "accurate one is chosen at first."
        ),
        on_change=note_choice,
        persist_state="session",
    )
    models = [
        model_key(run_id, name) for run_id, run in runs.items() for name in checkpoints_of(run)
    ]
    st.multiselect(
        _("Models to compare"),
        models,
        format_func=lambda key: prediction.model_line(runs[key.split()[0]], key.split()[1]),
        key=keys.MODELS.prepare(),
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
    chosen = [key.split() for key in keys.MODELS.get()]
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
        key=keys.TRAIN,
        icon=":material/play_arrow:",
        on_click=train_reader,
    )


def train_reader() -> None:
    """Start the training of a good reader, and stay to wait for it."""
    with errors.noted():
        st.query_params["run"] = start_run(PRESETS[GOOD_READER].config, GOOD_READER).id
