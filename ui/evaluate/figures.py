"""What the panels of the Evaluate page have in common: names of parts and classes, figures."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from mnist_core.evaluation.intervals import Estimate
from mnist_core.i18n import mark
from mnist_core.tasks import Quantity
from ui.common.formatting import loss
from ui.common.i18n import Markdown, _

#: Between the ends of an interval, where no line may break.
_TO = "\N{WORD JOINER}–\N{WORD JOINER}"
#: The charts answer to a click and to the pointer, and need no buttons of their own.
CHART_CONFIG = {"displayModeBar": False, "doubleClick": False}


@dataclass(frozen=True)
class PartWords:
    """What a part of the samples is called.

    Attributes:
        inline: Before "images" and the like.
        array: The array of the dataset that its numbers count in.
    """

    inline: str
    array: str


PARTS_IN_WORDS = {
    "test": PartWords(mark("test"), mark("the test set")),
    "validation": PartWords(mark("validation"), mark("the training set")),
    "train": PartWords(mark("training"), mark("the training set")),
}


def part_words(part: str) -> PartWords:
    """A part of the samples in the reader's language."""
    words = PARTS_IN_WORDS[part]
    return PartWords(_(words.inline), _(words.array))


def quoted(name: str) -> str:
    """A class within a sentence: a word in quotation marks, a digit as it is."""
    return name if name.isdigit() else f"“{name}”"


def interval(figure: str, low: str, high: str) -> Markdown:
    """A figure with its interval, for a table."""
    return Markdown("**{figure}** ({low}{to}{high})").format(
        figure=figure, low=low, high=high, to=Markdown(_TO)
    )


def number_interval(estimate: Estimate) -> Markdown:
    """A loss with its interval, for a table."""
    return interval(loss(estimate.value), loss(estimate.low), loss(estimate.high))


def error_interval(estimate: Estimate, quantity: Quantity) -> Markdown:
    """An error with its interval, for a table."""
    return interval(*map(quantity.text, (estimate.value, estimate.low, estimate.high)))


def signed_error(estimate: Estimate, quantity: Quantity) -> Markdown:
    """A difference of errors with its sign and its interval, for a table."""
    value, low, high = map(quantity.change, (estimate.value, estimate.low, estimate.high))
    return _("**{value}** ({low}\N{NO-BREAK SPACE}to {high})").format(
        value=value, low=low, high=high
    )


def signed(estimate: Estimate, *, times: float = 1, form: str = "+.3f") -> Markdown:
    """A difference with its sign and its interval, for a table."""
    value, low, high = (times * x for x in (estimate.value, estimate.low, estimate.high))
    return _("**{value}** ({low}\N{NO-BREAK SPACE}to {high})").format(
        value=f"{value:{form}}", low=f"{low:{form}}", high=f"{high:{form}}"
    )


def show_metric(label: Markdown, value: str, below: Markdown, explanation: Markdown) -> None:
    """One figure, large, with what belongs to it below."""
    st.metric(label, value, below, delta_color="off", delta_arrow="off", help=explanation)
