"""Idempotent button presses: a double click, which Streamlit delivers as two presses, acts once.

When another press waits, Streamlit ends the current script run (also a callback) at its next
access to the page or to the session. A result stored in the session after the action could
therefore be lost, and the second press would act again. So the result is stored in an object that
the session holds already. The second press may run concurrently: it waits for the first result.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from ui.common import session

#: The same request within this time in seconds is a double click.
REPEAT_SECONDS = 2.0
#: Maximal number of remembered requests.
KEPT = 20

Result = TypeVar("Result")


@dataclass(eq=False)
class Press:
    """A request and its result.

    Attributes:
        lock: Held during the action.
        ended_at: End of the action, in seconds of the monotonic clock; None before.
        result: What the action returned.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    ended_at: float | None = None
    result: object = None


def once(
    request: Hashable,
    action: Callable[[], Result],
    *,
    seconds: float | None = None,
    holds: Callable[[Result], bool] = lambda _: True,
) -> Result:
    """Run an action, unless this session has just run it for the same request.

    Args:
        request: Identifies the request.
        action: What to do. If it raises, the next press tries again.
        seconds: Time after its end in which the result is reused; None for `REPEAT_SECONDS`.
        holds: Whether an earlier result is still valid; otherwise the action runs again.

    Returns:
        What ``action`` returned, now or before.
    """
    presses = session.presses()
    lifetime = REPEAT_SECONDS if seconds is None else seconds
    press = presses.setdefault(request, Press())
    while len(presses) > KEPT:
        presses.pop(next(iter(presses)), None)
    with press.lock:
        if press.ended_at is not None and time.monotonic() - press.ended_at <= lifetime:
            earlier = cast("Result", press.result)
            if holds(earlier):
                return earlier
        result = action()
        press.ended_at, press.result = time.monotonic(), result
    return result
