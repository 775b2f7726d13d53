"""What the runs take of the disk, and which of them a clean-up would remove.

A clean-up removes what is old and what nobody has pinned. A run that is still at work is never
old. Who cleans up sees first what would go.

Files may also be left whose run is in the database no more, or never came there: a process was
killed between the one and the other, or the database was replaced. They are listed apart, and
removed only by somebody who says so: they may belong to a database that is kept elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mnist_core.errors import StoreError, UnknownRunError
from mnist_core.i18n import mark
from mnist_core.runs.records import RUN_ID, Run
from mnist_core.runs.store import MOST_AT_ONCE, Store

#: Runs that are looked at, the newest; more than a class makes in years.
MOST_RUNS = 100_000
DAY = 86_400.0
#: Files without a run are left alone for so long after the last of them was written, in seconds.
LEFT_SECONDS = DAY
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


def left_files(store: Store, sizes: Mapping[str, int] | None = None) -> dict[str, int]:
    """The files that belong to no run of the database: how many bytes each folder takes, by its id.

    A folder that was written to of late is none of them: its run may be about to begin or to come
    in, and its row is written last.

    Args:
        store: Where they are.
        sizes: What each folder takes, where that was looked up a moment ago.

    Raises:
        StoreError: The files or the runs cannot be read.
    """
    sizes = store.artifacts.sizes() if sizes is None else sizes
    ids = [run_id for run_id in sizes if RUN_ID.fullmatch(run_id)]
    known: set[str] = set()
    for start in range(0, len(ids), MOST_AT_ONCE):
        known |= store.versions(ids[start : start + MOST_AT_ONCE]).keys()
    unknown = [run_id for run_id in ids if run_id not in known]
    if not unknown:
        return {}
    arriving = store.arriving.last_written()
    written, long_ago = store.artifacts.last_written(unknown), time.time() - LEFT_SECONDS
    return {
        run_id: sizes[run_id]
        for run_id, at in written.items()
        if at < long_ago and run_id not in arriving
    }


def remove_left_files(store: Store, run_ids: Iterable[str]) -> int:
    """Remove files that were found to belong to no run, if they still belong to none.

    Returns:
        How many folders were removed.

    Raises:
        StoreError: They cannot be removed.
    """
    left = left_files(store)
    gone = [run_id for run_id in run_ids if run_id in left]
    for run_id in gone:
        store.event_files.hide(run_id)
        store.artifacts.remove(run_id)
    return len(gone)


def ended_at(run: Run) -> float:
    """When a run ended, or at least began."""
    return run.ended_at or run.started_at or run.created_at


def _may_go(run: Run) -> bool:
    return run.is_over and not run.pinned
