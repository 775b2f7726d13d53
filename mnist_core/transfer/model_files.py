"""Export of a run's model to the file formats of other tools.

Only worker processes import this module: it loads Keras.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnist_core.errors import DataError
from mnist_core.i18n import mark
from mnist_core.inference.models import load
from mnist_core.runs import Store
from mnist_core.runs.model_files import FILES
from mnist_core.tensorflow_setup import keras, tf
from mnist_core.transfer.formats import Format, format_of

#: Name of the input in the formats that only predict.
INPUT = "input"


def model_file(store: Store, run_id: str, key: str, checkpoint: str) -> bytes:
    """Return a run's model as a file whose input is float32 numbers, prepared as in training.

    Args:
        store: The run store.
        run_id: The run.
        key: Key of a format that is not code.
        checkpoint: "best" or "last".

    Raises:
        LabError: See `mnist_core.transfer.export.export`.
    """
    model = load(store, run_id, checkpoint).model
    if key == "keras":  # the run's own file, whose checksum `load` has verified
        content = store.artifacts.read(run_id, FILES[checkpoint])
        if content is not None:
            return content
    form = format_of(key)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{form.ending}"
        try:
            with _without_warnings():
                _write(model, form, path)
        except Exception as error:  # converters raise exceptions of any class
            raise DataError(
                mark("Could not convert “{name}” to {format}: {cause}."),
                mark("Choose another format; every network can be exported as a Keras model."),
                name=store.get(run_id).name,
                format=form.label,
                cause=(str(error).strip().splitlines() or [type(error).__name__])[0].rstrip("."),
            ) from error
        return path.read_bytes()


def _write(model: keras.Model, form: Format, path: Path) -> None:
    if form.key in ("keras", "h5"):
        model.save(path)
    elif form.key == "weights":
        model.save_weights(path)
    else:
        # Any number of samples in a batch; the name is the same in every file.
        signature = tf.TensorSpec(model.inputs[0].shape, tf.float32, name=INPUT)
        kind = {"tflite": "litert", "onnx": "onnx"}[form.key]
        model.export(path, format=kind, input_signature=[signature], verbose=False)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keep Keras's advice to use another format, and its converters' warnings, out of the log."""
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # Keras 3.15 looks for `np.object`, to give it to a tf2onnx that is older than NumPy 2.
            warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
            yield
    finally:
        log.setLevel(level)
