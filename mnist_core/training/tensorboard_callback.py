"""Keras callback for TensorBoard: histograms of the weights, and the graph of a training step.

The TensorBoard callback of Keras 3 has the option `write_graph`, but writes no graph of
operations. Here the graph is taken from the compiled program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from weakref import WeakKeyDictionary

import numpy as np

from mnist_core.tensorboard.images import image_epochs
from mnist_core.tensorboard.writer import EventWriter, histogram_stride
from mnist_core.tensorflow_setup import keras
from mnist_core.training.fit import FitLoop, Program

#: Batch size and serialised graph of each cached program.
_graphs: WeakKeyDictionary[Program, tuple[int, bytes]] = WeakKeyDictionary()


def graph_definition(loop: FitLoop) -> bytes:
    """Return the operations of one training step as a serialised GraphDef.

    The result is cached, because tracing takes up to a quarter of a second.
    """
    size = min(loop.program.batch_size, len(loop.train))
    cached = _graphs.get(loop.program)
    if cached is None or cached[0] != size:
        graph = loop.program.graph(loop.train)
        cached = size, graph.as_graph_def().SerializeToString()
        _graphs[loop.program] = cached
    return cached[1]


class RecordHistograms(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes histograms and images of the weights to a run's event files.

    Has to precede the callback that records the epoch, so that both are written together.

    Args:
        writer: The run's event files.
        epochs: Number of planned epochs; in a long run some epochs have no histograms.
    """

    def __init__(self, writer: EventWriter, epochs: int) -> None:
        super().__init__()
        self._writer = writer
        self._stride = histogram_stride(epochs)
        self._drawn = image_epochs(epochs)
        self._weights: dict[str, keras.Variable] = {}

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Store the model's weights by name."""
        self._weights = weight_names(self.model)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write the histograms of the epoch, unless it is skipped."""
        images = epoch + 1 in self._drawn
        if images or epoch % self._stride == 0:
            arrays = {name: np.asarray(weight) for name, weight in self._weights.items()}
            self._writer.histograms(epoch + 1, arrays, images=images)


def weight_names(model: keras.Model) -> dict[str, keras.Variable]:
    """Return a model's weights by layer and kind, such as ``dense_1/kernel``.

    Keras numbers the layers of all models in a process. Here each model's layers are numbered from
    the start, so that TensorBoard can compare the same layer of two runs.
    """
    counts: dict[str, int] = {}
    found: dict[str, keras.Variable] = {}
    for layer in model.layers:
        name = kind = re.sub(r"_\d+$", "", layer.name)
        if kind.replace("_", "") == type(layer).__name__.lower():  # named by Keras
            number = counts[kind] = counts.get(kind, -1) + 1
            name = f"{kind}_{number}" if number else kind
        else:
            name = layer.name
        for weight in layer.weights:
            # A path is "layer/weight" or "model/layer/weight".
            found[f"{name}/{weight.path.split(f'{layer.name}/', 1)[-1]}"] = weight
    return found
