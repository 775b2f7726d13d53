"""Model summary: layers, output shapes, parameters, and images of the weights."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.inference.answers import Anatomy, Layer, WeightPictures
from mnist_core.inference.models import load
from mnist_core.runs import Store
from mnist_core.tasks.base import SIDE

#: Largest number of units or filters of a layer with an image: those with the largest weights.
MOST_PICTURES = 48
#: The settings of layers in a description.
SETTINGS = (
    "units", "filters", "kernel_size", "pool_size", "strides", "padding", "rate", "activation",
)  # fmt: skip


def describe(store: Store, run_id: str, checkpoint: str) -> Anatomy:
    """Describe a model of a run.

    Args:
        store: The store that has the run.
        run_id: Id of the run.
        checkpoint: "best" or "last".

    Raises:
        StoreError: The run or its model does not exist.
        DataError: The model cannot be loaded.
    """
    return of_model(load(store, run_id, checkpoint).model)


def of_model(model: Any) -> Anatomy:
    """Describe a built Keras model."""
    layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
    return Anatomy(
        input_shape=tuple(model.input_shape[1:]),
        layers=[_layer(layer) for layer in layers],
        parameters=model.count_params(),
        trainable_parameters=sum(math.prod(weight.shape) for weight in model.trainable_weights),
        weights=_pictures(layers, math.prod(size or 0 for size in model.input_shape[1:])),
        chain=_is_chain(model),
    )


def _is_chain(model: Any) -> bool:
    """Return whether the only input of each layer is the previous layer."""
    if type(model).__name__ == "Sequential":
        return True
    entries = model.get_config()["layers"]
    return all(
        _input_layers(after["inbound_nodes"]) == [before["config"]["name"]]
        for before, after in pairwise(entries)
    )


def _input_layers(nodes: Any) -> list[str]:
    """Return the names of the layers in a layer's inbound nodes."""
    if isinstance(nodes, dict):
        if "keras_history" in nodes:
            return [nodes["keras_history"][0]]
        nodes = list(nodes.values())
    if isinstance(nodes, list | tuple):
        return [name for node in nodes for name in _input_layers(node)]
    return []


def _layer(layer: Any) -> Layer:
    settings = layer.get_config()
    return Layer(
        name=layer.name,
        kind=type(layer).__name__,
        output_shape=tuple(layer.output.shape[1:]),
        parameters=layer.count_params(),
        trainable=bool(layer.trainable_variables) if layer.weights else None,
        settings={
            name: _plain(settings[name])
            for name in SETTINGS
            if settings.get(name) not in (None, "linear")
        },
    )


def _plain(value: Any) -> Any:
    """Return a setting as plain data; a Keras object becomes its class name."""
    if isinstance(value, dict):
        return str(value.get("class_name", ""))
    return tuple(value) if isinstance(value, list) else value


def _pictures(layers: list[Any], inputs: int) -> list[WeightPictures]:
    with_kernels = [layer for layer in layers if getattr(layer, "kernel", None) is not None]
    found = []
    for number, layer in enumerate(with_kernels):
        kernel: NDArray[np.float32] = np.asarray(layer.kernel.numpy(), np.float32)
        if kernel.ndim == 4:
            found.append(_of_filters(layer.name, kernel))
        elif number == 0 and kernel.ndim == 2 and inputs == len(kernel) == SIDE * SIDE:
            found.append(_of_units(layer.name, kernel))
    return found


def _of_units(name: str, kernel: NDArray[np.float32]) -> WeightPictures:
    """Return the weights of units, (784, units), as an image for each unit."""
    unit = _strongest(np.square(kernel).sum(axis=0))
    pictures = kernel.T[unit].reshape(-1, SIDE, SIDE)
    return WeightPictures(name, "units", unit, kernel.shape[1], np.zeros_like(unit), 1, pictures)


def _of_filters(name: str, kernel: NDArray[np.float32]) -> WeightPictures:
    """Return kernels, (height, width, inputs, filters), as an image for each filter."""
    squares = np.square(kernel).sum(axis=(0, 1))
    unit = _strongest(squares.sum(axis=0))
    inputs = squares.argmax(axis=0)[unit]
    pictures = np.moveaxis(kernel[:, :, inputs, unit], -1, 0)
    return WeightPictures(name, "filters", unit, kernel.shape[3], inputs, kernel.shape[2], pictures)


def _strongest(squares: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the indices of the units with the largest weights, ascending."""
    return np.sort(np.argsort(-squares, kind="stable")[:MOST_PICTURES])
