"""The generalisation gap: training, validation and test metrics side by side."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.gap import ErrorGap, Gap
from mnist_core.evaluation.parts import AnyEvaluation
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.runs import Run
from mnist_core.tasks import Quantity
from ui.common.formatting import loss, percent, samples_called, whole
from ui.common.i18n import Markdown, _, table
from ui.common.setting_labels import SET_LABELS
from ui.evaluate.figures import (
    error_interval,
    interval,
    number_interval,
    signed,
    signed_error,
)

#: Accuracies are compared in percentage points.
_POINTS = 100
#: The order of the columns.
_ORDER = ("train", "validation", "test")


def show_heading(run: Run) -> None:
    """The heading of the comparison."""
    st.header(_("Generalisation gap"), anchor=False)
    words = _("Does it generalise to new {samples}?")
    st.caption(words.format(samples=samples_called(run.config)))


def show_compared(run: Run, parts: Mapping[str, AnyEvaluation]) -> None:
    """Training, validation and test side by side, and the gap between them."""
    samples = samples_called(run.config)
    if "train" not in parts:
        st.markdown(
            _(
                "This model was imported, and the {samples} that it was trained on are not known. "
                "So its generalisation gap cannot be computed."
            ).format(samples=samples)
        )
        return
    ordered = [name for name in _ORDER if name in parts]
    if isinstance(parts["train"], RegressionEvaluation):
        numbers = {n: p for n in ordered if isinstance(p := parts[n], RegressionEvaluation)}
        quantity = run.config.quantity
        assert quantity is not None
        rows = _number_rows(numbers, quantity)
        sentence = _number_sentence(numbers, samples, quantity)
    else:
        classes = {n: p for n in ordered if isinstance(p := parts[n], Evaluation)}
        rows, sentence = _class_rows(classes), _class_sentence(classes, samples)
    head = [_("figure"), *(_(SET_LABELS[name]) for name in ordered)]
    counts = [samples, *(whole(len(parts[name])) for name in ordered)]
    st.markdown(table([head, counts, *rows], left=1))
    st.caption(Markdown(" ").join([sentence, _("In brackets: 95% intervals.")]))


def _class_rows(parts: Mapping[str, Evaluation]) -> list[list[str]]:
    gaps = [Gap.between(parts["train"], one) for name, one in parts.items() if name != "train"]
    points = (signed(gap.accuracy, times=_POINTS, form="+.1f") for gap in gaps)
    return [
        [_("accuracy"), *map(_share, parts.values())],
        [_("loss"), *(number_interval(one.loss) for one in parts.values())],
        [_("**gap** in accuracy, points"), "", *points],
        [_("**gap** in loss"), "", *(signed(gap.loss) for gap in gaps)],
    ]


def _share(one: Evaluation) -> str:
    low, high = (f"{_POINTS * end:.1f}" for end in (one.accuracy.low, one.accuracy.high))
    return interval(percent(one.accuracy.value), low, high)


def _class_sentence(parts: Mapping[str, Evaluation], samples: str) -> str:
    train = parts["train"]
    gap = Gap.between(train, parts["test"])
    points = f"{_POINTS * abs(gap.accuracy.value):.1f}"
    if gap.accuracy.low > 0:
        return _(
            "The generalisation gap: the accuracy on the test {samples} is {points} percentage "
            "points lower than on the training {samples}. What was memorised in training does not "
            "help with new {samples}."
        ).format(points=points, samples=samples)
    if gap.accuracy.high < 0:
        words = _(
            "There is no generalisation gap: the accuracy on the test {samples} is even {points} "
            "percentage points higher than on the training {samples}."
        ).format(points=points, samples=samples)
        why = _("The training {samples} may be harder, or the difference is chance.").format(
            samples=samples
        )
        if wrong := int(train.wrong.sum()):
            why = _(
                "Of the training labels, {count} were made wrong on purpose; the network has not "
                "memorised them."
            ).format(count=whole(wrong))
        return Markdown(" ").join([words, why])
    return _(
        "The generalisation gap in accuracy, {points} percentage points, may be chance: the "
        "interval contains 0. So far the network generalises to new {samples}."
    ).format(points=points, samples=samples)


def _number_rows(parts: Mapping[str, RegressionEvaluation], quantity: Quantity) -> list[list[str]]:
    gaps = [ErrorGap.between(parts["train"], one) for name, one in parts.items() if name != "train"]
    return [
        [_("mean absolute error"), *(error_interval(one.mae, quantity) for one in parts.values())],
        [
            _("root mean squared error"),
            *(error_interval(one.rmse, quantity) for one in parts.values()),
        ],
        ["R²", *(Markdown("**{r2}**").format(r2=loss(one.r2)) for one in parts.values())],
        [
            _("**gap** in mean absolute error"),
            "",
            *(signed_error(gap.mae, quantity) for gap in gaps),
        ],
    ]


def _number_sentence(
    parts: Mapping[str, RegressionEvaluation], samples: str, quantity: Quantity
) -> str:
    gap = ErrorGap.between(parts["train"], parts["test"]).mae
    values = {
        "error": quantity.text(abs(gap.value)),
        "samples": samples,
    }
    if gap.low > 0:
        return _(
            "The generalisation gap: the mean error on the test {samples} is {error} larger than "
            "on the training {samples}. What was memorised in training does not help with new "
            "{samples}."
        ).format(**values)
    if gap.high < 0:
        return _(
            "There is no generalisation gap: the mean error on the test {samples} is even {error} "
            "smaller than on the training {samples}."
        ).format(**values)
    return _(
        "The generalisation gap, {error}, may be chance: the interval contains 0. So far the "
        "network generalises to new {samples}."
    ).format(**values)
