"""Disk usage of the runs, and clean-up of old runs.

A clean-up deletes old runs that are not pinned; active runs are never old. The user sees the list
first.

Files may also remain without a run in the database, if a process was killed between two writes or
the database was replaced. They are listed separately and deleted only on request, because another
database may refer to them.
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

#: Largest number of runs to check, the newest first.
MOST_RUNS = 100_000
DAY = 86_400.0
#: Files without a run are kept for this time after they were written, in seconds.
LEFT_SECONDS = DAY
#: Range of the age that a user may choose, in days.
LEAST_DAYS, MOST_DAYS = 0, 3650


@dataclass(frozen=True)
class OldRun:
    """A run that a clean-up would delete.

    Attributes:
        run: The run.
        bytes: Size of its files.
        days: Days since it ended.
    """

    run: Run
    bytes: int
    days: float


def old_runs(store: Store, days: float, sizes: Mapping[str, int] | None = None) -> list[OldRun]:
    """Return the runs that ended at least the given number of days ago and are not pinned.

    Args:
        store: The run store.
        days: Least age in days.
        sizes: Size of each run's files in bytes, if known.

    Returns:
        The runs, oldest first.

    Raises:
        StoreError: The number of days is out of range.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise StoreError(
            mark("The age is {days} days, but has to be from {least} to {most}."),
            mark("Choose a number in this range."),
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
    """Delete runs found by `old_runs`, except those pinned or resumed since.

    Returns:
        The number of deleted runs.

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
    """Return the size in bytes of each folder without a run in the database, by run id.

    Recently written folders are excluded: a run's row is written after its files.

    Args:
        store: The run store.
        sizes: Size of each folder in bytes, if known.

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
    """Delete folders found by `left_files` that still have no run.

    Returns:
        The number of deleted folders.

    Raises:
        StoreError: The files cannot be deleted.
    """
    left = left_files(store)
    gone = [run_id for run_id in run_ids if run_id in left]
    for run_id in gone:
        store.event_files.hide(run_id)
        store.artifacts.remove(run_id)
    return len(gone)


def ended_at(run: Run) -> float:
    """When a run ended, or else started or was created."""
    return run.ended_at or run.started_at or run.created_at


def _may_go(run: Run) -> bool:
    return run.is_over and not run.pinned
