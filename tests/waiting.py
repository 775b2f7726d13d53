"""Waiting for what must come, with a limit that no machine should need."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

#: Longest wait, in seconds, also of a slow machine that does other things beside the tests. What
#: comes usually takes a hundredth of it.
PATIENCE = 240.0

Found = TypeVar("Found")


def until(look: Callable[[], Found], *, patience: float = PATIENCE, every: float = 0.01) -> Found:
    """Look again and again until something is found (anything true); fail after the limit."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"this did not come within {patience} s: {look}"
        time.sleep(every)
    return found


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended, also one that nobody has asked how (a zombie)."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
