"""Export of a run: as a model file for another tool, or as code that trains the model again."""

from __future__ import annotations

from mnist_core.runs import Store
from mnist_core.transfer.code.documents import notebook, script
from mnist_core.transfer.code.source import source_of
from mnist_core.transfer.formats import format_of
from mnist_core.transfer.model_files import model_file


def export(store: Store, run_id: str, key: str, checkpoint: str = "best") -> bytes:
    """Return a run in one of the export formats.

    A model file takes prepared float32 numbers, as the model does (see
    `mnist_core.transfer.formats`). Code is generated from the run's settings, so a run without
    a saved model can be exported as code too.

    Args:
        store: The run store.
        run_id: The run.
        key: Key of `mnist_core.transfer.formats.FORMATS`.
        checkpoint: "best" (lowest validation loss) or "last"; ignored for code.

    Returns:
        The content of the file.

    Raises:
        ConfigError: The format or the checkpoint is unknown, or a setting of the run is no
            longer supported.
        UnknownRunError: No run has this id.
        StoreError: The run has no such model, or the model cannot be read.
        DataError: The model cannot be loaded or converted to this format, or no code can train
            the run again.
    """
    form = format_of(key)
    if form.is_code:
        source = source_of(store.get(run_id), store.curves(run_id))
        return (script if key == "script" else notebook)(source).encode()
    return model_file(store, run_id, key, checkpoint)
