"""Everything about one network and one part of the samples."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import LabError
from mnist_core.evaluation.parts import AnyEvaluation, parts_of
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.runs import Run
from ui.common.formatting import samples_called
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.waiting import wait_for_engine
from ui.evaluate import classification, confusion_matrix, gap, keys, regression, results
from ui.evaluate.figures import part_words


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
