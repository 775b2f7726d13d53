"""Fields for a number that is acted on: what is shown is what counts, or it is refused.

With limits of its own, Streamlit's field turns red and keeps to itself what lies beyond them: the
server goes on with the last good number, and a press of Start trains with a number that is not
shown. So these fields have no limits; whoever acts on the number checks it and says what is wrong,
and the field says beforehand what is allowed.
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
    """A field for a whole number or, where the limits are floats, for any number.

    Args:
        label: What it is called.
        entry: Where it is kept.
        limit: What is allowed; said below the field while what stands in it is not.
        step: What one press of + or - changes.
        help: What it means.
    """
    whole = isinstance(limit.low, int)
    st.number_input(
        label,
        value=limit.low,  # what an emptied field becomes
        step=step or (1 if whole else 0.01),
        format="%d" if whole else "%g",
        key=entry.prepare(),
        help=help or None,
        persist_state="session",
    )
    if not is_within(entry.get(), limit):
        words = _("Only from {low} to {high}.")
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
    """A field that turns to a place in a collection: what lies past an end becomes that end.

    Args:
        label: What it is called.
        entry: Where the place is kept.
        limit: The first place and the last one.
        help: What it means.
        then: What else is done once another place was chosen.
    """

    def bring_within() -> None:
        entry.set(min(max(entry.get(), limit.low), limit.high))
        if then is not None:
            then()

    st.number_input(
        label,
        value=limit.low,
        step=1,
        key=entry.key,
        help=help or None,
        on_change=bring_within,
        persist_state="session",
    )


def is_within(value: float | None, limit: Limit) -> bool:
    """Whether a number is allowed."""
    return value is not None and limit.low <= value <= limit.high
