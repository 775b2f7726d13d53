"""Runs that come in from outside: a model in a file, or a run that another machine has trained.

They have ended before they are here, so they never stand in the queue and nobody holds a lease.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import sqlalchemy as sa

from mnist_core.errors import DataError, StoreError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs.records import IMPORTED, EpochRecord, Run, RunStatus
from mnist_core.runs.rows import journal_values
from mnist_core.runs.schema import journal, runs
from mnist_core.runs.store import NAME_LENGTH, Store, clean_name, clean_notes, clean_tags

#: A file as it was sent, until a worker has looked at it; in a folder apart from the runs' own.
ARRIVED = "arrived"
#: A file that waits for so long, in seconds, waits for somebody who died. A worker takes minutes at
#: most; the rest is for clocks that are set meanwhile.
ABANDONED_SECONDS = 86_400.0
#: Longest file that is kept until it is looked at: a saved run with all its models, which is made
#: no longer (:mod:`mnist_core.transfer.archive`), and which the page takes
#: (``.streamlit/config.toml``). A longer one, or one without an end, such as a device,
#: would fill the disk first.
MOST_BYTES = 250_000_000
#: Records written with one statement; SQLite takes 32,766 values in all.
RECORDS_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class EndedRun:
    """What is written for a run that has ended elsewhere; as in :class:`Run`.

    Attributes:
        config: Fields of its configuration.
        records: Its epochs, from 1.
    """

    name: str
    config: Mapping[str, Any]
    status: RunStatus = RunStatus.FINISHED
    preset: str | None = None
    message: str = ""
    created_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    active_seconds: float = 0.0
    attempt: int = 1
    records: Sequence[EpochRecord] = ()
    best_epoch: int | None = None
    test_loss: float | None = None
    test_metric: float | None = None
    lesson: dict[str, Any] | None = None
    notes: str = ""
    tags: Sequence[str] = ()
    imported: dict[str, Any] | None = None


def keep_arrived(store: Store, file: BinaryIO) -> str:
    """Keep a file that was sent, for a worker to look at.

    Args:
        store: Where.
        file: Read from its beginning to its end.

    Returns:
        The id that its run will have, if it is taken.

    Raises:
        DataError: It is far too long.
        StoreError: The disk is full or may not be written.
    """
    with suppress(StoreError):  # what cannot be removed is no reason to refuse the next one
        forget_abandoned(store)
    run_id = secrets.token_hex(16)
    file.seek(0)
    try:
        store.arriving.write_from(run_id, ARRIVED, cast("BinaryIO", _Limited(file)))
    except BaseException:
        store.arriving.remove(run_id)
        raise
    return run_id


def forget_abandoned(store: Store) -> int:
    """Remove what came in and was never finished, because its server or its worker was killed.

    As long as such a file waits, the folder of its run may be half-written too.

    Returns:
        How many there were.

    Raises:
        StoreError: They cannot be looked for, or not be removed.
    """
    long_ago = time.time() - ABANDONED_SECONDS
    abandoned = [run_id for run_id, at in store.arriving.last_written().items() if at < long_ago]
    for run_id in abandoned:
        if not store.versions([run_id]):
            store.artifacts.remove(run_id)
        store.arriving.remove(run_id)
    return len(abandoned)


class _Limited:
    """A file that is read up to :data:`MOST_BYTES`, whatever it says of its length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_BYTES

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise DataError(
                mark("A file could not be imported."),
                mark("It has more than {most} MB, which is the most that is looked at."),
                mark("Choose a file that this lab or Keras has saved."),
                most=MOST_BYTES // 1_000_000,
            )
        return piece


def arrived(store: Store, run_id: str, most: int = MOST_BYTES) -> bytes:
    """A file that :func:`keep_arrived` has kept, or its beginning.

    Args:
        store: Where it waits.
        run_id: What :func:`keep_arrived` returned.
        most: So many bytes of it, and one more that tells that it is longer.

    Raises:
        StoreError: It is not there any more.
    """
    with store.arriving.opened(run_id, ARRIVED) as file:
        return file.read(most + 1)


def add_ended(
    store: Store, run_id: str, ended: EndedRun, *, example: str | None = None, hidden: bool = False
) -> Run:
    """Write a run that has ended into the store.

    Args:
        store: Where; its files are there already.
        run_id: The id of the new run.
        ended: What it is.
        example: Key of the example that it is; None for all others.
        hidden: Whether the lists leave the example out.

    Raises:
        StoreError: Its name, notes or tags are too long, or the store cannot be written.
    """
    now = store.database.now
    records = ended.records
    values = {
        "id": run_id,
        "name": clean_name(ended.name),
        "preset": ended.preset,
        "config": dict(ended.config),
        "status": ended.status,
        "message": ended.message,
        "created_at": now if ended.created_at is None else ended.created_at,
        "started_at": ended.started_at,
        "ended_at": now if ended.ended_at is None else ended.ended_at,
        "active_seconds": ended.active_seconds,
        "attempt": ended.attempt,
        "epochs_done": len(records),
        "best_epoch": ended.best_epoch,
        "test_loss": ended.test_loss,
        "test_metric": ended.test_metric,
        "lesson": ended.lesson,
        "notes": clean_notes(ended.notes),
        "tags": clean_tags(ended.tags),
        "imported": ended.imported,
        "last_seq": len(records),
        "example": example,
        "hidden": hidden,
    }
    rows = [journal_values(run_id, seq, record) for seq, record in enumerate(records, start=1)]
    with store.database.writing() as connection:
        connection.execute(sa.insert(runs).values(values))
        for start in range(0, len(rows), RECORDS_AT_ONCE):
            connection.execute(sa.insert(journal), rows[start : start + RECORDS_AT_ONCE])
    return store.get(run_id)


def imported_config(pixel_scaling: str) -> dict[str, Any]:
    """The configuration of a model from a file: only its task and its pixels are known."""
    return TrainingConfig(pixel_scaling=pixel_scaling).to_dict() | {"architecture": IMPORTED}


def name_of(file: str) -> str:
    """What to call a run after the file that it came in as."""
    stem = file.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    plain = "".join(sign if sign.isprintable() else " " for sign in stem)
    return " ".join(plain.split())[:NAME_LENGTH] or IMPORTED
