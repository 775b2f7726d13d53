"""The networks of the architectures as Keras models: built new, or read from a run's file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mnist_core.errors import DataError
from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs.records import IMPORTED
from mnist_core.tensorflow_setup import keras


def build_network(key: str) -> keras.Model:
    """A new, uncompiled, built model of an architecture.

    Args:
        key: Which architecture.

    Returns:
        The model; its weights are drawn from Keras's global seed, which the caller sets.

    Raises:
        ConfigError: There is no such architecture.
    """
    entry = architecture(key)
    layers = [getattr(keras.layers, one.kind)(**one.settings) for one in entry.layers]
    return keras.Sequential([keras.Input(entry.input_shape), *layers], name=key)


def read_model(
    content: bytes, config: TrainingConfig, *, name: str, checkpoint: str
) -> keras.Model:
    """A model from the content of its .keras file.

    Args:
        content: The file.
        config: What its run trains: the file must be of the same network, if one is known.
        name: The run's name, for the error.
        checkpoint: Which of its models, for the error.

    Raises:
        DataError: The file is no model that can be loaded.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
            known = config.architecture != IMPORTED
            if known and model.input_shape[1:] != architecture(config.architecture).input_shape:
                raise ValueError("this is another network's model")
        except Exception as error:  # Keras has no one kind of error for a damaged file
            raise DataError(
                mark("The {checkpoint} model of “{name}” cannot be loaded."),
                mark("Its file is damaged, or another version wrote it ({reason})."),
                mark("Train the run again."),
                checkpoint=checkpoint,
                name=name,
                reason=type(error).__name__,
            ) from error
    return model
