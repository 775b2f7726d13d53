"""Event files that TensorBoard reads: scalars, histograms, and the graph of one training step.

Keras 3 still has the option to write the graph of operations, but looks for it where it no longer
is and writes nothing. Here it is written from the program that trains.
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

#: The graph of each program that is kept in the worker, and for which size of batch.
_graphs: WeakKeyDictionary[Program, tuple[int, bytes]] = WeakKeyDictionary()


def graph_definition(loop: FitLoop) -> bytes:
    """The operations of one training step as a serialised GraphDef.

    Drawn up once for a program: that takes up to a quarter of a second.
    """
    size = min(loop.program.batch_size, len(loop.train))
    known = _graphs.get(loop.program)
    if known is None or known[0] != size:
        graph = loop.program.graph(loop.train)
        known = size, graph.as_graph_def().SerializeToString()
        _graphs[loop.program] = known
    return known[1]


class RecordHistograms(keras.callbacks.Callback):  # type: ignore[misc]
    """Hands the weights' histograms of each epoch to a run's event files.

    Stands before the callback that records the epoch, so that both are written together.

    Args:
        writer: The run's event files.
        epochs: How many epochs are planned; of very many, not every one's histograms are kept.
    """

    def __init__(self, writer: EventWriter, epochs: int) -> None:
        super().__init__()
        self._writer = writer
        self._stride = histogram_stride(epochs)
        self._drawn = image_epochs(epochs)
        self._weights: dict[str, keras.Variable] = {}

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Find the weights."""
        self._weights = weight_names(self.model)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Hand them over, also those of the first epoch."""
        images = epoch + 1 in self._drawn
        if images or epoch % self._stride == 0:
            arrays = {name: np.asarray(weight) for name, weight in self._weights.items()}
            self._writer.histograms(epoch + 1, arrays, images=images)


def weight_names(model: keras.Model) -> dict[str, keras.Variable]:
    """A model's weights by layer and kind, such as ``dense_1/kernel``.

    The names are those that the layers have in a process of their own. Keras counts on from model
    to model, and a worker trains many: the same layer would be called otherwise in each run, and
    TensorBoard could not lay two runs beside each other.
    """
    counts: dict[str, int] = {}
    found: dict[str, keras.Variable] = {}
    for layer in model.layers:
        name = kind = re.sub(r"_\d+$", "", layer.name)
        if kind.replace("_", "") == type(layer).__name__.lower():  # Keras's own choice
            number = counts[kind] = counts.get(kind, -1) + 1
            name = f"{kind}_{number}" if number else kind
        else:
            name = layer.name
        for weight in layer.weights:
            # A path is that of the layer, perhaps within the model's, and the weight's own.
            found[f"{name}/{weight.path.split(f'{layer.name}/', 1)[-1]}"] = weight
    return found
