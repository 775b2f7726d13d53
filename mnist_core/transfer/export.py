"""Models out: a run's network as a file for another tool, or as code that trains it again."""

from __future__ import annotations

from mnist_core.runs import Store
from mnist_core.transfer.code.documents import notebook, script
from mnist_core.transfer.code.source import source_of
from mnist_core.transfer.formats import format_of
from mnist_core.transfer.model_files import model_file


def export(store: Store, run_id: str, key: str, checkpoint: str = "best") -> bytes:
    """Write a run in one of the formats.

    A model's file takes prepared float32 numbers, as the model does (see
    `mnist_core.transfer.formats`).
    Code is written from the run's settings alone: a run that has left no model has it too.

    Args:
        store: Where the run is.
        run_id: The run.
        key: Key of `mnist_core.transfer.formats.FORMATS`.
        checkpoint: "best" (lowest validation loss) or "last"; without meaning for code.

    Returns:
        The content of the file.

    Raises:
        ConfigError: The format or the checkpoint is unknown, or a setting of the run is no more.
        UnknownRunError: There is no such run.
        StoreError: The run has left no such model, or it cannot be read.
        DataError: The model cannot be loaded, or not be written in this format; or the run
            cannot be retrained by code.
    """
    form = format_of(key)
    if form.is_code:
        source = source_of(store.get(run_id), store.curves(run_id))
        return (script if key == "script" else notebook)(source).encode()
    return model_file(store, run_id, key, checkpoint)
