"""Waiting for what must come, with a limit that no machine should need."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

#: Longest wait, in seconds; what comes usually takes a hundredth of it.
PATIENCE = 60.0

Found = TypeVar("Found")


def until(look: Callable[[], Found], *, patience: float = PATIENCE, every: float = 0.01) -> Found:
    """Look again and again until something is found (anything true); fail after the limit."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"this did not come within {patience} s: {look}"
        time.sleep(every)
    return found
