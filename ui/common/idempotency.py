"""Doing a thing once for each decision: a double click is delivered as two presses of a button.

Streamlit ends a run of the script, a callback too, at its next touch of the page or of the
session once another press waits. What was done and then noted in the session would therefore be
done again where the second press comes while it is being done: the note is made in an object that
the session holds already. The second press has a script of its own, which may run beside the
first one: it waits for the first one's result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from ui.common import session

#: The same request again within so many seconds is one press of a button, delivered twice.
REPEAT_SECONDS = 2.0
#: So many requests are remembered.
KEPT = 20

Result = TypeVar("Result")


@dataclass(eq=False)
class Press:
    """A request, and what came of it.

    Attributes:
        doing: Held while it is being done.
        ended_at: When it was done, in seconds of the monotonic clock; None before.
        result: What it returned.
    """

    doing: threading.Lock = field(default_factory=threading.Lock)
    ended_at: float | None = None
    result: object = None


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
    presses = session.presses()
    lasts = REPEAT_SECONDS if seconds is None else seconds
    press = presses.setdefault(what, Press())
    while len(presses) > KEPT:
        presses.pop(next(iter(presses)), None)
    with press.doing:
        if press.ended_at is not None and time.monotonic() - press.ended_at <= lasts:
            earlier = cast("Result", press.result)
            if holds(earlier):
                return earlier
        result = do()
        press.ended_at, press.result = time.monotonic(), result
    return result
