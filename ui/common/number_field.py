"""Number fields that send every number, also one out of range, to the server.

With ``min_value`` and ``max_value``, Streamlit's field turns red but does not send a number out of
range: the server would continue with the last valid number, and Start would train with a number
that is not displayed. So these fields have no limits in the browser. The server validates the
number, and the field shows the valid range.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from mnist_core.experiment.config import Limit
from ui.common import session
from ui.common.i18n import Markdown, _


def number_field(
    label: str,
    entry: session.Entry[Any],
    limit: Limit,
    *,
    step: float | None = None,
    help: str = "",
) -> None:
    """Show a field for a whole number or, if the limits are floats, for any number.

    Args:
        label: Label of the field.
        entry: Session entry of the value.
        limit: Valid range, shown below the field while the number is out of range.
        step: Change per press of + or -.
        help: Tooltip.
    """
    whole = isinstance(limit.low, int)
    st.number_input(
        label,
        value=limit.low,  # the value of a cleared field
        step=step or (1 if whole else 0.01),
        format="%d" if whole else "%g",
        key=entry.prepare(),
        help=help or None,
        persist_state="session",
    )
    if not is_within(entry.get(), limit):
        words = _("Enter a number from {low} to {high}.")
        low, high = (f"{end:,}" if whole else f"{end:g}" for end in (limit.low, limit.high))
        st.markdown(Markdown(":red[{words}]").format(words=words.format(low=low, high=high)))


def place_field(
    label: str,
    entry: session.Entry[Any],
    limit: Limit,
    *,
    help: str = "",
    then: Callable[[], None] | None = None,
) -> None:
    """Show a field for a position in a collection; a position past an end becomes that end.

    Args:
        label: Label of the field.
        entry: Session entry of the position.
        limit: First and last position.
        help: Tooltip.
        then: Called after a change.
    """

    def clip() -> None:
        entry.set(min(max(entry.get(), limit.low), limit.high))
        if then is not None:
            then()

    st.number_input(
        label,
        value=limit.low,
        step=1,
        key=entry.key,
        help=help or None,
        on_change=clip,
        persist_state="session",
    )


def is_within(value: float | None, limit: Limit) -> bool:
    """Whether a number is in range."""
    return value is not None and limit.low <= value <= limit.high
