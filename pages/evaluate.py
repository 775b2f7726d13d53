"""The Evaluate page: how well a trained network reads, and where it goes wrong.

What it shows is computed once by the worker and kept for everybody. The training images come
last: there may be six times as many of them as of the others.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import LabError, UnknownRunError
from mnist_core.evaluation import Evaluation
from mnist_core.judging import PARTS, parts_of
from mnist_core.predictions import CHECKPOINTS
from mnist_core.runs import Run
from ui import confusion_panel, evaluation_panel, evaluations, problems, run_choice, services, state
from ui.navigation import train_page
from ui.run_words import escaped
from ui.text import _
from ui.waiting import wait_for_engine, wait_for_run


def choose_run(runs: dict[str, Run], asked: Run | None) -> Run:
    """Follow the address, or keep what was chosen."""
    if asked and asked.id in runs:
        state.EVALUATE_RUN.set(asked.id)
    elif state.EVALUATE_RUN.get() not in runs:
        state.EVALUATE_RUN.set(next(iter(runs)))
    return runs[str(state.EVALUATE_RUN.get())]


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(state.EVALUATE_RUN.get())


def show_choice(runs: dict[str, Run]) -> None:
    """Which network, and what it is to read."""
    run = runs[str(state.EVALUATE_RUN.get())]
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: run_choice.run_line(runs[run_id]),
        key=state.EVALUATE_RUN.prepare(),
        help=_(
            "A run is one training of a network. The percentage is the share of MNIST's test "
            "digits that it reads correctly. The newest run is on top."
        ),
        on_change=note_choice,
        persist_state="session",
    )
    if run.imported is not None:  # one network, and the test images
        return
    st.segmented_control(
        _("Network of"),
        CHECKPOINTS,
        format_func=lambda name: evaluation_panel.checkpoint_line(run, name),
        key=state.EVALUATE_CHECKPOINT.prepare(),
        required=True,
        help=_(
            "Each run keeps its network twice; such a copy is called a checkpoint. One is from "
            "its **best epoch**, the one with the lowest validation loss, the other from its "
            "**last epoch**. Compare them: where a run overfits, the last one is worse on new "
            "images."
        ),
        persist_state="session",
    )
    st.segmented_control(
        _("Images"),
        PARTS,
        format_func=lambda part: evaluation_panel.part_words(part).label,
        key=state.EVALUATE_PART.prepare(),
        required=True,
        help=_(
            "The network learned from the **training** images. The **validation** images chose "
            "its best epoch. The **test** images had no part in either, so only they say how well "
            "it reads what it never saw."
        ),
        persist_state="session",
    )


def read_images(run: Run, checkpoint: str, part: str) -> Evaluation:
    """The evaluation of one part; says how far it is while the worker reads."""
    found = evaluations.known(run, checkpoint, part)
    if found is not None:
        return found
    words = _("Reading the {part} images …").format(part=evaluation_panel.part_words(part).inline)
    place = st.empty()
    bar = place.progress(0.0, words)
    found = evaluations.find(run, checkpoint, part, lambda done: bar.progress(done, words))
    place.empty()
    return found


def show_evaluation(run: Run, checkpoint: str, part: str) -> None:
    """Everything about one network and one part of the images."""
    names = parts_of(run)
    needed = [evaluations.known(run, checkpoint, name) for name in names]
    if services.engine_state().phase == "starting" and None in needed:
        wait_for_engine(_("The networks are being loaded. The images are read in a few seconds."))
        return
    evaluation = read_images(run, checkpoint, part)
    evaluation_panel.show_figures(evaluation, part)
    # It keeps room for all parts, if there are more than one.
    side_by_side = st.container(key=state.EVALUATE_COMPARED if len(names) > 1 else None)
    confusion_panel.show_confusions(run, evaluation, part)
    evaluation_panel.show_classes(evaluation)
    confusion_panel.show_worst(run, evaluation, part)
    evaluation_panel.show_calibration(evaluation)
    with side_by_side:
        evaluation_panel.show_compared_heading()
        parts = {name: read_images(run, checkpoint, name) for name in names}
        evaluation_panel.show_compared(parts)


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
            "There is no trained network yet. Train one, and see here how well it reads, which "
            "digits it takes for which, and how far its confidence can be trusted."
        )
    )
    st.page_link(train_page(), label=_("Train a network"), icon=":material/show_chart:")


st.title(_("Evaluate"), anchor=False)
problems.show_notice()
choices, asked_run = run_choice.find_runs()
to_come = asked_run if asked_run and asked_run.status.is_active else None
if asked_run and not asked_run.has_models and not to_come:
    words = _("**{name}** has ended without a network that could be evaluated. {why}")
    st.warning(words.format(name=escaped(asked_run.name), why=escaped(asked_run.message)))
if choices:
    if to_come:
        wait_for_training(to_come)
    chosen = choose_run(choices, asked_run)
    with st.container(key=state.EVALUATE_CHOICE):
        show_choice(choices)
    known = chosen.imported is None
    network = state.EVALUATE_CHECKPOINT.get() if known else CHECKPOINTS[0]
    images = state.EVALUATE_PART.get() if known else PARTS[0]
    try:
        show_evaluation(chosen, network, images)
    except UnknownRunError:  # deleted meanwhile: the page chooses among those that are left
        st.rerun()
    except LabError as error:
        problems.show(error)
else:
    show_beginning(to_come or run_choice.any_active())
