"""Doing a thing once for each decision: a double click is delivered as two presses of a button.

Streamlit ends a run of the script, a callback too, at its next touch of the page or of the
session once another press waits. What was done and then noted in the session would therefore be
done again where the second press comes while it is being done: the note is made in an object that
the session holds already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from ui import state

#: The same request again within so many seconds is one press of a button, delivered twice.
REPEAT_SECONDS = 2.0
#: So many requests are remembered.
KEPT = 20

Result = TypeVar("Result")


def once(
    what: Hashable,
    do: Callable[[], Result],
    *,
    seconds: float | None = None,
    holds: Callable[[Result], bool] = lambda _: True,
) -> Result:
    """Do something, unless this session did the very same a moment ago.

    Args:
        what: The request, to know it again.
        do: Does it. What it raises is not remembered: then the next press tries again.
        seconds: How long it counts as the same press, from its end; None for the usual.
        holds: Whether an earlier result still stands; where not, it is done again.

    Returns:
        What ``do`` returned, now or a moment ago.
    """
    done = state.presses()
    lasts = REPEAT_SECONDS if seconds is None else seconds
    if (known := done.get(what)) is not None:
        at, earlier = known
        if time.monotonic() - at <= lasts and holds(cast("Result", earlier)):
            return cast("Result", earlier)
    result = do()
    done[what] = (time.monotonic(), result)
    if len(done) > KEPT:
        del done[next(iter(done))]
    return result
