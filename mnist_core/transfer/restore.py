"""A run that another machine has saved comes in: verified, checked, and built anew.

Only worker processes do this, and the command line in its own process.
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
    """Make a run of an archive that waits in the store.

    It always gets an id of its own: one that is here already stays as it is beside it.

    Args:
        store: Where it waits.
        run_id: What :func:`mnist_core.transfer.uploads.keep_arrived` returned.
        file: What the file is called.

    Returns:
        The run's id.

    Raises:
        DataError: It is no archive of a run, was changed on the way, or holds what is not taken.
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
    """What the networks of a run must take and answer."""
    if ended.imported is not None:
        return DIGITS
    found = task(ended.config["task"])
    shape = architecture(ended.config["architecture"]).input_shape
    # Of two classes a network may name one probability alone, as it does of a number.
    outputs = len(found.classes) if len(found.classes) > 2 else 1
    return Wanted((shape,), outputs, probabilities=outputs > 1)


def _write_events(path: Path, parts: zip_files.Packed, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for piece in parts.pieces(name, PIECE):
            file.write(piece)
