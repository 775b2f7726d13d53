"""Waiting for conditions, with a generous time limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psutil

#: Time limit in seconds, also for a slow machine that is busy with other work; conditions usually
#: hold after a hundredth of it.
PATIENCE = 240.0

Found = TypeVar("Found")


def until(look: Callable[[], Found], *, patience: float = PATIENCE, every: float = 0.01) -> Found:
    """Call a function repeatedly until its result is true; fail after the limit."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"no result within {patience} s: {look}"
        time.sleep(every)
    return found


def is_gone(process: psutil.Process) -> bool:
    """Return whether a process has ended, even if its exit status was not read (a zombie)."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
