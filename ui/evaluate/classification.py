"""Classification metrics: accuracy, loss, precision, recall, ROC curve, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from mnist_core.evaluation.classification import Evaluation
from mnist_core.runs import Run
from ui.common.formatting import loss, percent, samples_called, whole
from ui.common.i18n import Markdown, _, table, translated
from ui.evaluate import classification_charts, keys, threshold_charts
from ui.evaluate.figures import CHART_CONFIG, part_names, show_metric

#: Pairs of classes in the list of the most confused.
PAIRS_SHOWN = 10
#: Largest difference of confidence and accuracy that counts as well calibrated.
CALIBRATED = 0.01


# ---- figures


def show_figures(run: Run, evaluation: Evaluation, part: str) -> None:
    """Accuracy, loss, errors and calibration error, each with its interval."""
    count, classes = len(evaluation), len(evaluation.classes)
    samples = samples_called(run.config)
    accuracy, mean, calibration = evaluation.accuracy, evaluation.loss, evaluation.calibration
    with st.container(key=keys.FIGURES, horizontal=True):
        show_metric(
            _("Accuracy"),
            percent(accuracy.value),
            _("{low} to {high}").format(low=percent(accuracy.low), high=percent(accuracy.high)),
            _(
                "The share of {samples} that are classified correctly. Other {samples} would give "
                "a slightly different share. Below is its 95% confidence interval (Wilson's): the "
                "more {samples}, the narrower."
            ).format(samples=samples),
        )
        show_metric(
            _("Loss"),
            loss(mean.value),
            _("{low} to {high}").format(low=loss(mean.low), high=loss(mean.high)),
            _loss_help(evaluation, classes),
        )
        errors = count - int(np.trace(evaluation.confusion))
        show_metric(
            _("Errors"),
            whole(errors),
            _("of {count} {part} {samples}").format(
                count=whole(count), part=part_names(part).inline, samples=samples
            ),
            _("The number of {samples} that are classified wrongly.").format(samples=samples),
        )
        show_metric(
            _("Calibration error"),
            percent(calibration.expected_error),
            _("mean confidence {confidence}").format(confidence=percent(calibration.confidence)),
            _(
                "The difference between the network's confidence and its accuracy: of the "
                "predictions with 80% confidence, 80 of 100 should be correct. 0% is perfect. See "
                "“Calibration” below."
            ),
        )
    if wrong := int(evaluation.wrong.sum()):
        st.caption(
            _(
                "{count} of these labels were made wrong on purpose (label noise). Predicting the "
                "true class of such a sample counts as an error."
            ).format(count=whole(wrong))
        )


def _loss_help(evaluation: Evaluation, classes: int) -> Markdown:
    text = _(
        "Cross-entropy: minus the logarithm of the probability that the network assigns to the "
        "correct class, averaged over the samples. 0 is perfect; guessing among "
        "{classes} classes gives {guess}. Below is its 95% confidence interval."
    ).format(classes=classes, guess=loss(float(np.log(classes))))
    if evaluation.penalty > 0:
        more = _(
            "The training curves are {penalty} higher: they include the penalty for large weights "
            "(regularisation)."
        ).format(penalty=loss(evaluation.penalty))
        text = Markdown(" ").join([text, more])
    return text


# ---- classes


def show_classes(run: Run, evaluation: Evaluation) -> None:
    """The scores of each class, and the most confused pairs."""
    scores, pairs = st.columns([3, 2], gap="medium")
    with scores:
        st.header(_("Scores per class"), anchor=False)
        _show_scores(run, evaluation)
    with pairs:
        st.header(_("Most confused classes"), anchor=False)
        _show_pairs(run, evaluation)


def _show_scores(run: Run, evaluation: Evaluation) -> None:
    def share(label: str, explanation: str) -> Any:
        return st.column_config.NumberColumn(label, format="%.1f%%", help=explanation)

    per_class = evaluation.per_class
    table: dict[str, list[Any]] = {"name": list(evaluation.classes)}
    for name in ("precision", "recall", "f1"):
        shares = (getattr(scores, name) for scores in per_class)
        table[name] = [None if share is None else 100 * share for share in shares]
    st.dataframe(
        table | {"support": [scores.support for scores in per_class]},
        hide_index=True,
        column_config={
            "name": st.column_config.TextColumn(_("Class")),
            "precision": share(
                _("Precision"),
                _(
                    "Of all samples predicted as this class, the share that belong to it. Low: "
                    "many false positives."
                ),
            ),
            "recall": share(
                _("Recall"),
                _(
                    "Of all samples of this class, the share that are predicted as it. Low: many "
                    "false negatives."
                ),
            ),
            "f1": share(
                _("F1"),
                _("The harmonic mean of precision and recall: high only if both are high."),
            ),
            "support": st.column_config.NumberColumn(
                samples_called(run.config).capitalize(),
                help=_("The number of them in this class (the support)."),
            ),
        },
    )


def _show_pairs(run: Run, evaluation: Evaluation) -> None:
    pairs = evaluation.confused_pairs[:PAIRS_SHOWN]
    if not pairs:
        st.markdown(
            _("None: all {samples} are classified correctly.").format(
                samples=samples_called(run.config)
            )
        )
        return
    names = evaluation.classes
    head = (_("true class"), _("predicted class"), _("count"), _("share of class"))
    rows = [
        (names[pair.true], names[pair.predicted], whole(pair.count), percent(pair.share))
        for pair in pairs
    ]
    st.markdown(table([head, *rows], left=2))


# ---- thresholds


def show_thresholds(evaluation: Evaluation) -> None:
    """Of two classes: the ROC and the precision-recall curve, with the areas under them."""
    if evaluation.curves is None:
        return
    st.header(_("Decision threshold"), anchor=False)
    positive = evaluation.classes[1]
    st.caption(
        _(
            "“{name}” is predicted from a probability of 0.5 (the dot). What if this threshold is "
            "moved? Each point of the curves is another threshold; the dashed lines are guessing."
        ).format(name=positive)
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.metric(
            _("Area under the ROC curve"),
            f"{evaluation.curves.roc.area:.3f}",
            help=_(
                "The probability that a random “{name}” sample gets a higher score than a random "
                "sample of the other class: 1 is perfect, 0.5 is guessing."
            ).format(name=positive),
        )
        st.plotly_chart(
            threshold_charts.roc_curve(evaluation, translate=translated),
            config=CHART_CONFIG,
            alt=_("ROC curve"),
        )
        st.caption(
            _(
                "ROC (receiver operating characteristic): true positive rate against false "
                "positive rate. The nearer to the upper left corner, the better."
            )
        )
    with right:
        st.metric(
            _("Area under the precision-recall curve"),
            f"{evaluation.curves.precision_recall.area:.3f}",
            help=_(
                "The average precision over all values of recall: 1 is perfect, and guessing gives "
                "the share of “{name}” in the data, {share}."
            ).format(name=positive, share=percent(evaluation.curves.positives)),
        )
        st.plotly_chart(
            threshold_charts.precision_recall_curve(evaluation, translate=translated),
            config=CHART_CONFIG,
            alt=_("Precision-recall curve"),
        )
        st.caption(
            _(
                "Precision against recall: to find more “{name}” samples, how many false positives "
                "are accepted? The nearer to the upper right corner, the better."
            ).format(name=positive)
        )


# ---- calibration


def show_calibration(evaluation: Evaluation) -> None:
    """The reliability diagram, and the calibration error."""
    st.header(_("Calibration"), anchor=False)
    diagram, words = st.columns([3, 2], gap="medium")
    calibration = evaluation.calibration
    with diagram:
        st.plotly_chart(
            classification_charts.reliability_diagram(calibration, translate=translated),
            config=CHART_CONFIG,
            alt=_("Reliability diagram"),
        )
    with words:
        st.metric(
            _("Expected calibration error"),
            percent(calibration.expected_error),
            help=_(
                "The mean distance between the bars and the dashed line, weighted by the number of "
                "predictions."
            ),
        )
        st.markdown(_calibration_sentence(evaluation))
        st.caption(
            _(
                "Is the confidence justified? In a reliability diagram, predictions are grouped by "
                "confidence, and each bar is the accuracy of a group. For a well calibrated "
                "network all bars end on the dashed line. Bars below it: overconfident. The thin "
                "lines are 95% intervals."
            )
        )


def _calibration_sentence(evaluation: Evaluation) -> str:
    confidence, accuracy = evaluation.calibration.confidence, evaluation.accuracy.value
    values = {"confidence": percent(confidence), "accuracy": percent(accuracy)}
    if abs(confidence - accuracy) <= CALIBRATED:
        words = _(
            "The mean confidence is {confidence} and the accuracy {accuracy}: **well calibrated**."
        )
    elif confidence > accuracy:
        words = _(
            "The mean confidence is {confidence} but the accuracy only {accuracy}: "
            "**overconfident**."
        )
    else:
        words = _(
            "The mean confidence is {confidence} and the accuracy {accuracy}: **underconfident**."
        )
    return words.format(**values)
