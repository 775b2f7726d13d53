"""An evaluation in figures: accuracy, the gap, the scores of each class, calibration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from mnist_core.estimates import Estimate
from mnist_core.evaluation import Evaluation
from mnist_core.generalisation import Gap
from mnist_core.runs import Run
from mnist_core.words import mark
from ui import evaluation_charts, state
from ui.run_words import escaped, loss, percent, whole
from ui.text import _

#: Pairs of classes in the list of the most confused.
PAIRS_SHOWN = 10
#: Confidence and accuracy that lie no farther apart are as good as equal.
HONEST = 0.01
#: Between the ends of an interval, where no line may break.
_TO = "\N{WORD JOINER}–\N{WORD JOINER}"
#: The charts answer to a click and to the pointer, and need no buttons of their own.
CHART_CONFIG = {"displayModeBar": False, "doubleClick": False}


@dataclass(frozen=True)
class PartWords:
    """What a part of the images is called.

    Attributes:
        label: Alone.
        inline: Before "images".
        array: The array of the dataset that its numbers count in.
    """

    label: str
    inline: str
    array: str


PARTS_IN_WORDS = {
    "test": PartWords(mark("Test"), mark("test"), mark("MNIST's test set")),
    "validation": PartWords(mark("Validation"), mark("validation"), mark("MNIST's training set")),
    "train": PartWords(mark("Training"), mark("training"), mark("MNIST's training set")),
}


def part_words(part: str) -> PartWords:
    """A part of the images in the reader's language."""
    words = PARTS_IN_WORDS[part]
    return PartWords(_(words.label), _(words.inline), _(words.array))


def checkpoint_line(run: Run, checkpoint: str) -> str:
    """One of a run's two networks."""
    record = run.best if checkpoint == "best" else run.last
    words = _("best epoch, {epoch}") if checkpoint == "best" else _("last epoch, {epoch}")
    return words.format(epoch=whole(record.epoch if record else run.epochs_done))


# ---- figures


def show_figures(evaluation: Evaluation, part: str) -> None:
    """Accuracy, loss, errors and calibration error, each with its interval."""
    images, classes = len(evaluation), len(evaluation.classes)
    accuracy, mean, calibration = evaluation.accuracy, evaluation.loss, evaluation.calibration
    with st.container(key=state.EVALUATE_FIGURES, horizontal=True):
        _metric(
            _("Accuracy"),
            percent(accuracy.value),
            _("{low} to {high}").format(low=percent(accuracy.low), high=percent(accuracy.high)),
            _(
                "The share of images that are read correctly. Other images would give a slightly "
                "different share: the range below holds the true one 95 times of 100 (Wilson's "
                "interval). The more images, the narrower it is."
            ),
        )
        _metric(
            _("Loss"),
            loss(mean.value),
            _("{low} to {high}").format(low=loss(mean.low), high=loss(mean.high)),
            _loss_help(evaluation, classes),
        )
        errors = images - int(np.trace(evaluation.confusion))
        _metric(
            _("Errors"),
            whole(errors),
            _("of {count} {part} images").format(count=whole(images), part=part_words(part).inline),
            _("How many images are read as something that they are not."),
        )
        _metric(
            _("Calibration error"),
            percent(calibration.expected_error),
            _("{confidence} sure on average").format(confidence=percent(calibration.confidence)),
            _(
                "How far the network's confidence and its accuracy lie apart: of the answers that "
                "it gives with 80% confidence, 80 of 100 should be right. 0% is perfect. See "
                "“How far can its confidence be trusted?” below."
            ),
        )
    if wrong := int(evaluation.wrong.sum()):
        st.caption(
            _(
                "{count} of these labels were made wrong on purpose. The network is judged by the "
                "labels that it was told, so reading such a digit for what it is counts as an "
                "error."
            ).format(count=whole(wrong))
        )


def _metric(label: str, value: str, below: str, explanation: str) -> None:
    st.metric(label, value, below, delta_color="off", delta_arrow="off", help=explanation)


def _loss_help(evaluation: Evaluation, classes: int) -> str:
    text = _(
        "How wrong the network is, and how sure of it: minus the logarithm of the probability "
        "that it gives to the right class, averaged (cross-entropy). 0 is perfect; guessing among "
        "{classes} classes gives {guess}. The range below holds the true loss 95 times of 100."
    ).format(classes=classes, guess=loss(float(np.log(classes))))
    if evaluation.penalty > 0:
        text += " " + _(
            "The curves of the training show {penalty} more: what regularisation adds for large "
            "weights."
        ).format(penalty=loss(evaluation.penalty))
    return text


# ---- training against test


def show_compared_heading() -> None:
    """The title above the parts side by side."""
    st.subheader(_("Does it hold for new images?"), anchor=False)


def show_compared(parts: dict[str, Evaluation]) -> None:
    """Training, validation and test side by side, and the gap between them."""
    if "train" not in parts:
        st.markdown(
            _(
                "This model came in as a file, and nobody here knows which images it learned from. "
                "So there is nothing to compare the test images with."
            )
        )
        return
    order = ("train", "validation", "test")
    gaps = {name: Gap.between(parts["train"], parts[name]) for name in order if name != "train"}

    def row(label: str, cells: Iterable[str]) -> str:
        return f"| {label} | " + " | ".join(cells) + " |"

    def gap_cells(figure: str) -> list[str]:
        return ["", *(_signed(getattr(gap, figure), figure) for gap in gaps.values())]

    lines = [
        row("", (part_words(name).label for name in order)),
        "|---|" + "---:|" * len(order),
        row(_("images"), (whole(len(parts[name])) for name in order)),
        row(_("accuracy"), (_share(parts[name].accuracy) for name in order)),
        row(_("loss"), (_loss(parts[name].loss) for name in order)),
        row(_("**gap** in accuracy, points"), gap_cells("accuracy")),
        row(_("**gap** in loss"), gap_cells("loss")),
    ]
    st.markdown("\n".join(lines))
    st.caption(f"{_gap_sentence(gaps['test'], parts['train'])} {_('In brackets: 95% intervals.')}")


def _share(estimate: Estimate) -> str:
    ends = (f"{100 * end:.1f}" for end in (estimate.low, estimate.high))
    return f"**{percent(estimate.value)}** ({_TO.join(ends)})"


def _loss(estimate: Estimate) -> str:
    return f"**{loss(estimate.value)}** ({loss(estimate.low)}{_TO}{loss(estimate.high)})"


def _signed(estimate: Estimate, figure: str) -> str:
    times, form = (100, "+.1f") if figure == "accuracy" else (1, "+.3f")
    value, low, high = (times * x for x in (estimate.value, estimate.low, estimate.high))
    return _("**{value}** ({low}\N{NO-BREAK SPACE}to {high})").format(
        value=f"{value:{form}}", low=f"{low:{form}}", high=f"{high:{form}}"
    )


def _gap_sentence(gap: Gap, train: Evaluation) -> str:
    points = f"{100 * abs(gap.accuracy.value):.1f}"
    if gap.accuracy.low > 0:
        return _(
            "The generalisation gap: it reads {points} percentage points fewer of the test images "
            "than of those that it learned from. What it learned by heart does not help it there."
        ).format(points=points)
    if gap.accuracy.high < 0:
        words = _(
            "There is no generalisation gap: it reads even {points} percentage points more of the "
            "test images than of those that it learned from."
        ).format(points=points)
        if wrong := int(train.wrong.sum()):
            return f"{words} " + _(
                "Of the training labels {count} were made wrong on purpose; it has not learned "
                "those by heart."
            ).format(count=whole(wrong))
        return f"{words} " + _("Those must be the harder ones.")
    return _(
        "The generalisation gap in accuracy, {points} percentage points, may be chance: the "
        "interval holds 0. So far it has learned what holds for new images too."
    ).format(points=points)


# ---- classes


def show_classes(evaluation: Evaluation) -> None:
    """The scores of each class, and the most confused pairs."""
    with st.container(key=state.EVALUATE_TABLES):
        scores, pairs = st.columns([3, 2], gap="medium")
        with scores:
            st.subheader(_("How well does it know each class?"), anchor=False)
            _show_scores(evaluation)
        with pairs:
            st.subheader(_("Most confused"), anchor=False)
            _show_pairs(evaluation)


def _show_scores(evaluation: Evaluation) -> None:
    def share(label: str, explanation: str) -> Any:
        return st.column_config.NumberColumn(label, format="%.1f%%", help=explanation)

    per_class = evaluation.per_class
    table: dict[str, list[Any]] = {"name": [one.name for one in per_class]}
    for name in ("precision", "recall", "f1"):
        shares = (getattr(one, name) for one in per_class)
        table[name] = [None if share is None else 100 * share for share in shares]
    st.dataframe(
        table | {"support": [one.support for one in per_class]},
        hide_index=True,
        column_config={
            "name": st.column_config.TextColumn(_("Class")),
            "precision": share(
                _("Precision"),
                _(
                    "Of all that is read as this class, the share that really is. Low: it sees the "
                    "class where it is not."
                ),
            ),
            "recall": share(
                _("Recall"),
                _(
                    "Of all that is this class, the share that is read so. Low: it misses the "
                    "class."
                ),
            ),
            "f1": share(
                _("F1"),
                _(
                    "Precision and recall in one figure, their harmonic mean: high only where both "
                    "are."
                ),
            ),
            "support": st.column_config.NumberColumn(
                _("Images"), help=_("How many images of this class there are (the support).")
            ),
        },
    )


def _show_pairs(evaluation: Evaluation) -> None:
    pairs = evaluation.confused_pairs[:PAIRS_SHOWN]
    if not pairs:
        st.markdown(_("None: every image is read correctly."))
        return
    lines = [
        f"| {_('what it is')} | {_('read as')} | {_('times')} | {_('of its class')} |",
        "|---|---|---:|---:|",
    ]
    for pair in pairs:
        true, read = (escaped(evaluation.classes[number]) for number in (pair.true, pair.read))
        lines.append(f"| {true} | {read} | {whole(pair.count)} | {percent(pair.share)} |")
    st.markdown("\n".join(lines))


# ---- calibration


def show_calibration(evaluation: Evaluation) -> None:
    """The reliability diagram, and what it says."""
    st.subheader(_("How far can its confidence be trusted?"), anchor=False)
    diagram, words = st.columns([3, 2], gap="medium")
    calibration = evaluation.calibration
    with diagram, st.container(key=state.EVALUATE_RELIABILITY):
        st.plotly_chart(
            evaluation_charts.reliability_diagram(calibration, translate=_),
            config=CHART_CONFIG,
            alt=_("Reliability diagram"),
        )
    with words:
        st.metric(
            _("Expected calibration error"),
            percent(calibration.expected_error),
            help=_(
                "The distance between each bar and the dashed line, averaged by how many answers "
                "stand behind the bar."
            ),
        )
        st.markdown(_calibration_sentence(evaluation))
        st.caption(
            _(
                "A reliability diagram: the answers are sorted by how sure the network was of "
                "them, and each bar is the share of them that is right. Of a network that can be "
                "taken at its word, all bars end on the dashed line. Bars below it: too sure. "
                "The thin lines are 95% intervals, long where there are few answers."
            )
        )


def _calibration_sentence(evaluation: Evaluation) -> str:
    confidence, accuracy = evaluation.calibration.confidence, evaluation.accuracy.value
    values = {"confidence": percent(confidence), "accuracy": percent(accuracy)}
    if abs(confidence - accuracy) <= HONEST:
        words = _(
            "On average it is {confidence} sure, and right in {accuracy} of all cases: **as sure "
            "as it may be**."
        )
    elif confidence > accuracy:
        words = _(
            "On average it is {confidence} sure, but right in only {accuracy} of all cases: **too "
            "sure of itself**."
        )
    else:
        words = _(
            "On average it is {confidence} sure, and right in {accuracy} of all cases: **better "
            "than it thinks**."
        )
    return words.format(**values)
