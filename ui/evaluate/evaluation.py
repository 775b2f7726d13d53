"""All sections of the evaluation of one network on one set."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from mnist_core.errors import LabError
from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.parts import AnyEvaluation, parts_of
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.runs import Run
from mnist_core.tasks import task
from ui.common.formatting import class_labels, samples_called
from ui.common.i18n import _
from ui.common.waiting import workers_answer
from ui.evaluate import classification, confusion_matrix, gap, keys, regression, results
from ui.evaluate.figures import part_names


def find_evaluation(run: Run, checkpoint: str, part: str) -> AnyEvaluation:
    """The evaluation of one set, with translated class names; shows its progress."""
    found = results.known(run, checkpoint, part) or _requested(run, checkpoint, part)
    if isinstance(found, Evaluation):
        return replace(found, classes=class_labels(task(run.config.task)))
    return found


def _requested(run: Run, checkpoint: str, part: str) -> AnyEvaluation:
    words = _("Evaluating the {part} {samples} …").format(
        part=part_names(part).inline, samples=samples_called(run.config)
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
    """Show all sections for one network and one set."""
    names = parts_of(run)
    needed = [results.known(run, checkpoint, name) for name in names]
    words = _("The models are being loaded. The evaluation follows in a few seconds.")
    if None in needed and not workers_answer(words):
        return
    evaluation = find_evaluation(run, checkpoint, part)
    figures = st.container()
    # Reserves the place of the comparison, if there are several sets.
    side_by_side = st.container(key=keys.COMPARED if len(names) > 1 else None)
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
        parts = {name: find_evaluation(run, checkpoint, name) for name in names}
        gap.show_compared(run, parts)
