"""Archives of runs: one zip file with the settings, epochs, models and event files of a run.

``manifest.json`` lists every other file of the archive with its SHA-256, so that a changed or
truncated archive is detected. A matching checksum does not make the content trusted: on import,
each setting is validated like user input, and each model is rebuilt like any other model from
outside (:mod:`mnist_core.transfer.keras_import`).

An archive can always be uploaded again: event files that would make it larger than
:data:`MOST_BYTES` are left out.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

from mnist_core.errors import StoreError
from mnist_core.i18n import mark
from mnist_core.runs import EpochRecord, Run, Store
from mnist_core.runs.event_files import EVENTS, TRAIN, VALIDATION
from mnist_core.runs.model_files import MODELS, check_left_model
from mnist_core.runs.records import RECORD_FIELDS
from mnist_core.transfer import uploads
from mnist_core.transfer.keras_import.plan import MOST_BYTES as MOST_PART

FORMAT, VERSION = "mnist-lab-run", 1
MANIFEST, ABOUT, EPOCHS = "manifest.json", "run.json", "epochs.csv"
#: Attributes of :class:`Run` that ``run.json`` stores unchanged.
PLAIN = (
    "name",
    "preset",
    "message",
    "created_at",
    "started_at",
    "ended_at",
    "active_seconds",
    "attempt",
    "test_loss",
    "test_metric",
    "lesson",
    "notes",
    "imported",
)
#: Names of event files, as TensorBoard's writers choose them.
EVENT_FILE = re.compile(rf"{EVENTS}/(({TRAIN}|{VALIDATION})/)?[\w.\-]*tfevents[\w.\-]*")
PIECE = 1 << 20
#: Largest archive in bytes, compressed or not; `SPARE` is for the zip directory and overhead.
MOST_BYTES = uploads.MOST_BYTES
SPARE = 2_000_000
MOST_EVENT_FILES = 2000


def file_name(run: Run) -> str:
    """Return the file name for the archive of a run."""
    plain = re.sub(r"[^\w.-]+", "-", run.name).strip("-.")[:60] or "run"
    return f"{plain}-{run.id[:8]}.zip"


def write_archive(store: Store, run_id: str, out: BinaryIO) -> list[str]:
    """Write a run that has ended to a zip file.

    Args:
        store: The run store.
        run_id: The run.
        out: A file that is open for writing.

    Returns:
        The names of the event files that were left out because of the size limit.

    Raises:
        UnknownRunError: No run has this id.
        StoreError: The run is active, or one of its files is damaged, missing or unreadable, or
            the archive cannot be written.
    """
    run = store.get(run_id)
    if run.status.is_active:
        raise StoreError(
            mark("Could not save “{name}”: the run is active, so its files still change."),
            mark("Wait until the run has ended, or stop it."),
            name=run.name,
        )
    for name in _models(store, run):  # before anything is written
        check_left_model(store, run, name)
    try:
        left_out = _pack(store, run, out)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StoreError(
            mark("Could not save “{name}” as one file: the disk is full.")
            if full
            else mark("Could not save “{name}” as one file: {cause}."),
            mark("Free some space, or choose a place on another disk.")
            if full
            else mark(
                "Check that the run's files are readable and that the new file can be written."
            ),
            name=run.name,
            cause=error.strerror or str(error),
        ) from error
    store.get(run_id)  # raises if the run was deleted meanwhile: files would be missing
    return left_out


def _pack(store: Store, run: Run, out: BinaryIO) -> list[str]:
    manifest: dict[str, Any] = {"format": FORMAT, "version": VERSION, "files": {}}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, pieces in _parts(store, run):
            manifest["files"][name] = _add(packed, name, pieces)
        left_out = _add_events(packed, store, run, manifest["files"])
        packed.writestr(zipfile.ZipInfo(MANIFEST), json.dumps(manifest, indent=1))
    out.flush()
    return left_out


def _parts(store: Store, run: Run) -> Iterator[tuple[str, Iterator[bytes]]]:
    about = {name: getattr(run, name) for name in PLAIN}
    about |= {
        "id": run.id,
        "status": run.status.value,
        "config": run.config.to_dict(),
        "tags": list(run.tags),
        "best_epoch": run.best.epoch if run.best else None,
    }
    yield ABOUT, iter([json.dumps(about, indent=1).encode()])
    yield EPOCHS, iter([_epochs_table(store.curves(run.id)).encode()])
    for name in _models(store, run):
        with store.artifacts.opened(run.id, name) as file:
            yield name, _pieces(file)


def _add_events(
    packed: zipfile.ZipFile, store: Store, run: Run, files: dict[str, dict[str, Any]]
) -> list[str]:
    """Add the event files that fit, and return the names of the others."""
    left = MOST_BYTES - SPARE - sum(one["bytes"] for one in files.values())
    folder = store.event_files.folder(run.id)
    left_out = []
    for number, path in enumerate(store.event_files.paths(run.id)):
        assert folder is not None
        name = f"{EVENTS}/{path.relative_to(folder).as_posix()}"
        if not EVENT_FILE.fullmatch(name):
            continue
        size = path.stat().st_size
        if size > min(left, MOST_PART) or number >= MOST_EVENT_FILES:
            left_out.append(name)
            continue
        with path.open("rb") as file:
            files[name] = _add(packed, name, _pieces(file))
        left -= size
    return left_out


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(PIECE), b"")


def _models(store: Store, run: Run) -> list[str]:
    """Return the names of the run's models: both after a run that ended normally."""
    there = store.artifacts.names(run.id)
    return [name for name in MODELS if run.has_models or name in there]


def _epochs_table(records: list[EpochRecord]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, RECORD_FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(record) for record in records)
    return table.getvalue()


def _add(packed: zipfile.ZipFile, name: str, pieces: Iterator[bytes]) -> dict[str, Any]:
    member = zipfile.ZipInfo(name)  # without a timestamp: the same run gives the same file
    member.compress_type = zipfile.ZIP_DEFLATED
    digest, size = hashlib.sha256(), 0
    with packed.open(member, "w") as file:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
    return {"sha256": digest.hexdigest(), "bytes": size}
