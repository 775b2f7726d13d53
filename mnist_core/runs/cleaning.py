"""What the runs take of the disk, and which of them a clean-up would remove.

A clean-up removes what is old and what nobody has pinned. A run that is still at work is never
old. Who cleans up sees first what would go.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mnist_core.errors import StoreError, UnknownRunError
from mnist_core.runs.records import Run
from mnist_core.runs.store import Store
from mnist_core.words import mark

#: Runs that are looked at, the newest; more than a class makes in years.
MOST_RUNS = 100_000
DAY = 86_400.0
#: The youngest that may be asked for, and the oldest, in days.
LEAST_DAYS, MOST_DAYS = 0, 3650


@dataclass(frozen=True)
class OldRun:
    """A run that a clean-up would remove.

    Attributes:
        run: The run.
        bytes: What its files take.
        days: How long ago it ended.
    """

    run: Run
    bytes: int
    days: float


def old_runs(store: Store, days: float, sizes: Mapping[str, int] | None = None) -> list[OldRun]:
    """The runs that have ended so many days ago or more and are not pinned, the oldest first.

    Args:
        store: Where they are.
        days: How old, at least.
        sizes: What each takes, where that was looked up a moment ago.

    Raises:
        StoreError: The number of days is none, or far too large.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise StoreError(
            mark("Runs older than {days} days are to be removed."),
            mark("It has to be a number from {least} to {most}."),
            mark("Choose a number in that range."),
            days=days,
            least=LEAST_DAYS,
            most=MOST_DAYS,
        )
    now = time.time()
    sizes = store.artifacts.sizes() if sizes is None else sizes
    found = [
        OldRun(run, sizes.get(run.id, 0), (now - ended_at(run)) / DAY)
        for run in store.list_runs(limit=MOST_RUNS)
        if _may_go(run) and now - ended_at(run) >= days * DAY
    ]
    return sorted(found, key=lambda old: -old.days)


def remove_old(store: Store, old: Sequence[OldRun]) -> int:
    """Remove runs that were found to be old, but none that was pinned or taken up meanwhile.

    Returns:
        How many were removed.

    Raises:
        StoreError: The store cannot be written.
    """
    removed = 0
    for one in old:
        with suppress(UnknownRunError):  # deleted meanwhile
            if _may_go(store.get(one.run.id)):
                store.delete(one.run.id)
                removed += 1
    return removed


def ended_at(run: Run) -> float:
    """When a run ended, or at least began."""
    return run.ended_at or run.started_at or run.created_at


def _may_go(run: Run) -> bool:
    return run.is_over and not run.pinned
