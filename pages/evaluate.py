"""The Evaluate page: how well a trained network does, and where it goes wrong.

What it shows is computed once by the worker and kept for everybody. The training samples come
last: there may be six times as many of them as of the others. Where the task is to find a number
there is nothing to confuse, so such a network has figures and charts of its own.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import LabError, UnknownRunError
from mnist_core.evaluation.parts import AnyEvaluation, parts_of
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.runs import Run
from ui.common import errors, fetching, lab, run_selector, session
from ui.common.formatting import samples_called
from ui.common.i18n import Markdown, _
from ui.common.navigation import train_page
from ui.common.waiting import wait_for_engine, wait_for_run
from ui.evaluate import classification, confusion_matrix, gap, regression, results
from ui.evaluate.figures import part_words


def choose_run(runs: dict[str, Run], asked: Run | None) -> Run:
    """Follow the address, or keep what was chosen."""
    if asked and asked.id in runs:
        session.EVALUATE_RUN.set(asked.id)
    elif session.EVALUATE_RUN.get() not in runs:
        session.EVALUATE_RUN.set(run_selector.first_choice(runs))
    return runs[str(session.EVALUATE_RUN.get())]


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(session.EVALUATE_RUN.get())


def show_choice(runs: dict[str, Run]) -> str:
    """The choice of a run and of samples; returns which of the run's models."""
    run = runs[str(session.EVALUATE_RUN.get())]
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: run_selector.run_line(runs[run_id]),
        key=session.EVALUATE_RUN.prepare(),
        help=_(
            "A run is one training of a network. The figure beside it is what its best network "
            "reached on the test samples. The newest run is on top."
        ),
        on_change=note_choice,
        persist_state="session",
    )
    checkpoint = run_selector.choose_checkpoint(run, session.EVALUATE_CHECKPOINT)
    if len(parts_of(run)) > 1:
        show_part_choice(run, samples_called(run.config))
    return checkpoint


def show_part_choice(run: Run, samples: str) -> None:
    """Which samples it is evaluated on."""
    session.EVALUATE_PART.keep_among(parts_of(run))
    st.segmented_control(
        Markdown(samples[:1].upper() + samples[1:]),
        parts_of(run),
        format_func=lambda part: part_words(part).label,
        key=session.EVALUATE_PART.prepare(),
        required=True,
        help=_(
            "The network was trained on the **training** {samples}. The **validation** {samples}, "
            "if there are any, chose its best epoch. The **test** {samples} had no part in either, "
            "so only they measure how well it generalises."
        ).format(samples=samples),
        persist_state="session",
    )


def judge(run: Run, checkpoint: str, part: str) -> AnyEvaluation:
    """The evaluation of one part; says how far it is while the worker reads."""
    found = results.known(run, checkpoint, part)
    if found is not None:
        return found
    words = _("Evaluating the {part} {samples} …").format(
        part=part_words(part).inline, samples=samples_called(run.config)
    )
    place = st.empty()
    bar = place.progress(0.0, words)
    try:
        found = results.find(run, checkpoint, part, lambda done: bar.progress(done, words))
    except LabError:
        place.empty()
        raise
    place.empty()
    return found


def show_evaluation(run: Run, checkpoint: str, part: str) -> None:
    """Everything about one network and one part of the samples."""
    names = parts_of(run)
    needed = [results.known(run, checkpoint, name) for name in names]
    if lab.engine_state().phase == "starting" and None in needed:
        wait_for_engine(_("The networks are being loaded. They answer in a few seconds."))
        return
    evaluation = judge(run, checkpoint, part)
    figures = st.container()
    # It keeps room for all parts, if there are more than one.
    side_by_side = st.container(key=session.EVALUATE_COMPARED if len(names) > 1 else None)
    if isinstance(evaluation, RegressionEvaluation):
        with figures:
            regression.show_figures(run, evaluation)
        regression.show_charts(run, evaluation)
        regression.show_worst(run, evaluation, part)
    else:
        with figures:
            classification.show_figures(run, evaluation, part)
        confusion_matrix.show_confusions(run, evaluation, part)
        classification.show_classes(run, evaluation)
        confusion_matrix.show_worst(run, evaluation, part)
        classification.show_thresholds(evaluation)
        classification.show_calibration(evaluation)
    with side_by_side:
        gap.show_heading(run)
        parts = {name: judge(run, checkpoint, name) for name in names}
        gap.show_compared(run, parts)


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
    st.page_link(train_page(), label=_("Train a network"), icon=":material/show_chart:")


st.title(_("Evaluate"), anchor=False)
errors.show_notice()
choices, asked_run = run_selector.find_runs()
to_come = asked_run if asked_run and asked_run.status.is_active else None
if asked_run and not lab.has_models(asked_run) and not to_come:
    words = _("**{name}** has ended without a network that could be evaluated. {why}")
    st.warning(words.format(name=asked_run.name, why=asked_run.message))
if choices:
    if to_come:
        wait_for_training(to_come)
    chosen = choose_run(choices, asked_run)
    with st.container(key=session.EVALUATE_CHOICE):
        checkpoint = show_choice(choices)
        run_selector.say_if_failed(chosen)
    parts_there = parts_of(chosen)
    asked_part = session.EVALUATE_PART.get() if len(parts_there) > 1 else parts_there[0]
    try:
        chosen.known_config()  # else it says why it cannot be used
        if fetching.is_there(chosen.config.task):
            show_evaluation(chosen, checkpoint, asked_part)
    except UnknownRunError:  # deleted meanwhile: the page chooses among those that are left
        st.rerun()
    except LabError as error:
        errors.show(error)
else:
    show_beginning(to_come or run_selector.any_active())
