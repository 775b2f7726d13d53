"""Restoring of a run from an archive: verified, validated, its models rebuilt.

Runs in worker processes, and in the process of the command line.
"""

from __future__ import annotations

from pathlib import Path

from mnist_core.experiment.architectures import architecture
from mnist_core.runs import Store
from mnist_core.runs.event_files import EVENTS
from mnist_core.runs.model_files import MODELS
from mnist_core.tasks import task
from mnist_core.transfer.archive import (
    PIECE,
)
from mnist_core.transfer.archive_reader import opened, read_run
from mnist_core.transfer.keras_import import zip_files
from mnist_core.transfer.keras_import.importer import read_model_file
from mnist_core.transfer.keras_import.plan import DIGITS, Wanted
from mnist_core.transfer.keras_import.refusal import RefusedError
from mnist_core.transfer.uploads import ARRIVED, EndedRun, add_ended


def restore(store: Store, run_id: str, file: str) -> str:
    """Create a run from an uploaded archive.

    The run gets a new id, so a run of the same archive that is already in the store is kept.

    Args:
        store: The run store.
        run_id: The id that :func:`mnist_core.transfer.uploads.keep_arrived` returned.
        file: The file's name.

    Returns:
        The run's id.

    Raises:
        DataError: The file is not an archive of a run, was changed, or contains what cannot be
            imported.
        StoreError: The store cannot be written.
    """
    try:
        try:
            with (
                store.arriving.opened(run_id, ARRIVED) as content,
                opened(content) as parts,
            ):
                ended = _take(store, run_id, parts, file)
        except RefusedError as error:
            raise error.named(file) from error
        run = add_ended(store, run_id, ended)
    except BaseException:
        store.artifacts.remove(run_id)
        raise
    finally:
        store.arriving.remove(run_id)
    store.event_files.show(run.id, run.name)
    return run.id


def _take(store: Store, run_id: str, parts: zip_files.Packed, file: str) -> EndedRun:
    ended = read_run(parts)
    for name in MODELS:
        if name in parts.sizes:
            model = read_model_file(parts.read(name), f"{file}: {name}", wanted=_wanted(ended))
            store.artifacts.write(run_id, name, model.saved())
    folder = store.event_files.folder(run_id)
    for name in parts.sizes:
        if folder is not None and name.startswith(f"{EVENTS}/"):
            _write_events(folder / name.removeprefix(f"{EVENTS}/"), parts, name)
    return ended


def _wanted(ended: EndedRun) -> Wanted:
    """Return the input and output that the models of a run must have."""
    if ended.imported is not None:
        return DIGITS
    found = task(ended.config["task"])
    shape = architecture(ended.config["architecture"], found.key).input_shape
    # With two classes, a network has one output, the probability of class 1.
    outputs = len(found.classes) if len(found.classes) > 2 else 1
    return Wanted((shape,), outputs, probabilities=outputs > 1)


def _write_events(path: Path, parts: zip_files.Packed, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for piece in parts.pieces(name, PIECE):
            file.write(piece)
