"""Names of sets and classes, intervals and metrics, for all panels of the Evaluate page."""

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
#: The charts react to clicks and to the pointer, and need no buttons.
CHART_CONFIG = {"displayModeBar": False, "doubleClick": False}


@dataclass(frozen=True)
class PartNames:
    """The names of a set.

    Attributes:
        inline: Before a noun, as in "test images".
        array: The array in which the positions of its samples are counted.
    """

    inline: str
    array: str


PART_NAMES = {
    "test": PartNames(mark("test"), mark("the test set")),
    "validation": PartNames(mark("validation"), mark("the training set")),
    "train": PartNames(mark("training"), mark("the training set")),
}


def part_names(part: str) -> PartNames:
    """The names of a set in the user's language."""
    names = PART_NAMES[part]
    return PartNames(_(names.inline), _(names.array))


def quoted(name: str) -> str:
    """A class name in a sentence: in quotation marks, unless it is a digit."""
    return name if name.isdigit() else f"“{name}”"


def interval(figure: str, low: str, high: str) -> Markdown:
    """A value with its interval, for a table."""
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
    """A metric, with its interval or a remark below."""
    st.metric(label, value, below, delta_color="off", delta_arrow="off", help=explanation)
