"""Runs that are imported: models from files, and runs that were trained on another machine.

They have already ended, so they are never queued and have no lease.
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

#: Name of an uploaded file until a worker has checked it, in a folder apart from the runs' files.
ARRIVED = "arrived"
#: Age in seconds after which an uploaded file counts as abandoned, because its server or worker
#: died. A worker takes minutes at most; the rest allows for changes of the system clock.
ABANDONED_SECONDS = 86_400.0
#: Largest upload in bytes: an archive with all its models, which is never larger
#: (:mod:`mnist_core.transfer.archive`); also the limit of the page (``.streamlit/config.toml``).
#: Without a limit, an endless file such as a device would fill the disk.
MOST_BYTES = 250_000_000
#: Records written by one statement; SQLite allows 32,766 values in a statement.
RECORDS_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class EndedRun:
    """Values of a run that ended elsewhere; the attributes are those of :class:`Run`.

    Attributes:
        config: Fields of the configuration.
        records: The epochs, starting at 1.
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
    """Store an uploaded file until a worker has checked it.

    Args:
        store: The run store.
        file: The upload; it is read from the beginning to the end.

    Returns:
        The id of the run that the file may become.

    Raises:
        DataError: The file is too large.
        StoreError: The disk is full or not writable.
    """
    with suppress(StoreError):  # an old file that cannot be removed does not prevent an upload
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
    """Remove uploads that were never processed because their server or worker was killed.

    While such a file exists, the folder of its run may also be incomplete.

    Returns:
        The number of removed uploads.

    Raises:
        StoreError: The uploads cannot be listed or removed.
    """
    long_ago = time.time() - ABANDONED_SECONDS
    abandoned = [run_id for run_id, at in store.arriving.last_written().items() if at < long_ago]
    for run_id in abandoned:
        if not store.versions([run_id]):
            store.artifacts.remove(run_id)
        store.arriving.remove(run_id)
    return len(abandoned)


class _Limited:
    """A file that is read up to :data:`MOST_BYTES`, whatever its stated length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MOST_BYTES

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise DataError(
                mark("Could not import the file: it is larger than {most} MB."),
                mark("Choose a file that this lab or Keras has saved."),
                most=MOST_BYTES // 1_000_000,
            )
        return piece


def arrived(store: Store, run_id: str, most: int = MOST_BYTES) -> bytes:
    """Return an upload that :func:`keep_arrived` has stored, or the beginning of it.

    Args:
        store: The run store.
        run_id: The id that :func:`keep_arrived` returned.
        most: Maximum number of bytes; one more byte is returned if the upload is larger.

    Raises:
        StoreError: The upload no longer exists.
    """
    with store.arriving.opened(run_id, ARRIVED) as file:
        return file.read(most + 1)


def add_ended(
    store: Store, run_id: str, ended: EndedRun, *, example: str | None = None, hidden: bool = False
) -> Run:
    """Insert a run that has ended into the store.

    Args:
        store: The run store, which already has the run's files.
        run_id: The id of the new run.
        ended: The values of the run.
        example: Key of the example that the run is; None for all other runs.
        hidden: Whether lists omit the example.

    Raises:
        StoreError: The name, notes or tags are too long, or the store cannot be written.
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
    """Return the configuration of an imported model, of which only task and pixels are known."""
    return TrainingConfig(pixel_scaling=pixel_scaling).to_dict() | {"architecture": IMPORTED}


def name_of(file: str) -> str:
    """Return the name of a run that was imported from a file: the file name without extension."""
    stem = file.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    plain = "".join(sign if sign.isprintable() else " " for sign in stem)
    return " ".join(plain.split())[:NAME_LENGTH] or IMPORTED
