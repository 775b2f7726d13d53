"""Keras models: build an architecture, or load a model from a run's file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mnist_core.errors import DataError
from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs.records import IMPORTED
from mnist_core.tensorflow_setup import keras


def build_network(key: str, task: str | None = None) -> keras.Model:
    """Return a new, built but uncompiled model of an architecture.

    Args:
        key: Key of the architecture.
        task: Key of the task, see :func:`architecture`.

    Returns:
        The model; its initial weights follow from Keras's global seed, which the caller sets.

    Raises:
        ConfigError: The key is unknown.
    """
    entry = architecture(key, task)
    layers = [getattr(keras.layers, layer.kind)(**layer.settings) for layer in entry.layers]
    return keras.Sequential([keras.Input(entry.input_shape), *layers], name=key)


def read_model(
    content: bytes, config: TrainingConfig, *, name: str, checkpoint: str
) -> keras.Model:
    """Return the model in the content of a .keras file.

    Args:
        content: The file's content.
        config: The run's configuration; unless the model was imported, its input shape has to be
            that of the architecture.
        name: The run's name, for the error message.
        checkpoint: "best", "last" or "base", for the error message.

    Returns:
        The model, uncompiled.

    Raises:
        DataError: The file is damaged, or the model is of another network.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
            known = config.architecture != IMPORTED
            if known and model.input_shape[1:] != config.network.input_shape:
                raise ValueError("the model's input shape is not that of the architecture")
        except Exception as error:  # Keras raises many types of exceptions for a damaged file
            raise DataError(
                mark(
                    "Could not load the {checkpoint} model of “{name}”: its file is damaged or "
                    "was written by another version ({reason})."
                ),
                mark("Train the run again."),
                checkpoint=checkpoint,
                name=name,
                reason=type(error).__name__,
            ) from error
    return model
