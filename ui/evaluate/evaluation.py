"""Everything about one network and one part of the samples."""

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
from ui.evaluate.figures import part_words


def judge(run: Run, checkpoint: str, part: str) -> AnyEvaluation:
    """The evaluation of one part, with the classes in the reader's language.

    It says how far it is while the worker reads.
    """
    found = results.known(run, checkpoint, part) or _asked(run, checkpoint, part)
    if isinstance(found, Evaluation):
        return replace(found, classes=class_labels(task(run.config.task)))
    return found


def _asked(run: Run, checkpoint: str, part: str) -> AnyEvaluation:
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
    words = _("The networks are being loaded. They answer in a few seconds.")
    if None in needed and not workers_answer(words):
        return
    evaluation = judge(run, checkpoint, part)
    figures = st.container()
    # It keeps room for all parts, if there are more than one.
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
        parts = {name: judge(run, checkpoint, name) for name in names}
        gap.show_compared(run, parts)
