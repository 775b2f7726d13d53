"""Model files of old versions of Keras, generated from arrays.

The layouts are those of files that Keras 1.2.2, 2.0.9, 2.2.4, 2.12, 2.13, tf_keras 2.15 and Keras
3.0 have written; for ``tf.keras`` 1.13 and 1.15 they follow its source code.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tests.model_files import ABOUT, CONFIG, WEIGHTS, zipped

Arrays = list[NDArray[np.float32]]
#: A layer: its class and settings in the file, its name in the file, and its weights.
Layer = tuple[dict[str, Any], str, Arrays]
NAMES = ("kernel", "bias")


def h5(
    layers: Sequence[Layer],
    description: dict[str, Any],
    version: str | None,
    name: Callable[[str, int], str],
    backend: str | None = "tensorflow",
) -> bytes:
    """Return a .h5 file.

    Args:
        layers: The layers.
        description: Content of ``model_config``.
        version: Version of Keras; None for a file that does not state it.
        name: Returns a weight's name from its layer's name and its index.
        backend: The backend; None for Keras 1, which does not state it.
    """
    kept = io.BytesIO()
    with h5py.File(kept, "w") as file:
        file.attrs["model_config"] = json.dumps(description).encode()
        weights = file.create_group("model_weights")
        for key, value in (("keras_version", version), ("backend", backend)):
            if value is not None:
                file.attrs[key] = value.encode()
        weights.attrs["layer_names"] = [label.encode() for _, label, _ in layers]
        for _, label, arrays in layers:
            group = weights.create_group(label)
            names = [name(label, place) for place in range(len(arrays))]
            group.attrs["weight_names"] = [one.encode() for one in names]
            for one, array in zip(names, arrays, strict=True):
                group[one] = array
        weights.create_group("top_level_model_weights").attrs["weight_names"] = np.array([], "S1")
        file["optimizer_weights/Adam/iterations:0"] = np.int64(7)
    return kept.getvalue()


def v3(
    layers: Sequence[Layer],
    description: dict[str, Any],
    version: str,
    holders: Sequence[str],
    path: str = "layers/{}/vars",
) -> bytes:
    """Return a .keras file.

    Args:
        layers: The layers.
        description: Content of ``config.json``.
        version: Version of Keras.
        holders: Name of each layer's group.
        path: Path of a layer's weights.
    """
    kept = io.BytesIO()
    with h5py.File(kept, "w") as file:
        for (_, _, arrays), holder in zip(layers, holders, strict=True):
            group = file.create_group(path.format(holder))
            for place, array in enumerate(arrays):
                group[str(place)] = array
        file["optimizer/vars/0"] = np.int64(7)
    about = {"keras_version": version, "date_saved": "2023-07-01@12:00:00"}
    return zipped(
        {
            ABOUT: json.dumps(about).encode(),
            CONFIG: json.dumps(description).encode(),
            WEIGHTS: kept.getvalue(),
        }
    )


def _dense(array: Arrays, place: int, **more: Any) -> dict[str, Any]:
    last = place == 2
    return {"units": array[0].shape[1], "activation": "softmax" if last else "relu", **more}


def keras_1(arrays: Sequence[Arrays]) -> bytes:
    """Keras 1.2.2: other names, a list in place of a table, and no backend."""
    layers: list[Layer] = []
    for place, pair in enumerate(arrays):
        label = f"dense_{place + 1}"
        config = {
            "name": label,
            "trainable": True,
            "output_dim": pair[0].shape[1],
            "init": "glorot_uniform",
            "activation": "softmax" if place == 2 else "relu",
            "W_regularizer": {"name": "L1L2Regularizer", "l1": 0.0, "l2": 0.01},
            "b_regularizer": None,
            "activity_regularizer": None,
            "W_constraint": {"name": "MaxNorm", "m": 2, "axis": 0},
            "b_constraint": None,
            "bias": True,
            "input_dim": pair[0].shape[0],
        }
        if place == 0:
            config |= {"batch_input_shape": [None, 784], "input_dtype": "float32"}
        layers.append(({"class_name": "Dense", "config": config}, label, pair))
        if place == 0:
            config = {"name": "dropout_1", "trainable": True, "p": 0.2}
            layers.append(({"class_name": "Dropout", "config": config}, "dropout_1", []))
    described = {"class_name": "Sequential", "config": [layer for layer, _, _ in layers]}
    return h5(layers, described, "1.2.2", lambda label, n: f"{label}_{'Wb'[n]}:0", backend=None)


def _keras_2(
    arrays: Sequence[Arrays], start: dict[str, Any], own: dict[str, Any], **first: Any
) -> list[Layer]:
    """Return dense layers of Keras 2 or ``tf.keras``.

    Args:
        arrays: The weights.
        start: The initialiser of the kernels.
        own: Further settings of each layer.
        **first: Further settings of the first layer.
    """
    layers: list[Layer] = []
    for place, pair in enumerate(arrays):
        label = f"dense_{place}" if place else "dense"
        config = {
            "name": label,
            "trainable": True,
            **_dense(pair, place),
            "use_bias": True,
            "kernel_initializer": start,
            "bias_initializer": {"class_name": "Zeros", "config": own.get("_zeros", {})},
            "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}},
            "bias_regularizer": None,
            "activity_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
        }
        config |= {key: value for key, value in own.items() if key != "_zeros"}
        config |= first if place == 0 else {}
        layers.append(({"class_name": "Dense", "config": config}, label, pair))
    return layers


def _named(label: str, place: int) -> str:
    return f"{label}/{NAMES[place]}:0"


def _table(layers: Sequence[Layer], **more: Any) -> dict[str, Any]:
    described = [layer for layer, _, _ in layers]
    return {
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": described},
        **more,
    }


_SCALED = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
}


def keras_2_0(arrays: Sequence[Arrays]) -> bytes:
    """Keras 2.0.9: the current names, and still a list."""
    layers = _keras_2(arrays, _SCALED, {}, batch_input_shape=[None, 784], dtype="float32")
    described = {"class_name": "Sequential", "config": [layer for layer, _, _ in layers]}
    return h5(layers, described, "2.0.9", _named)


def keras_2_2(arrays: Sequence[Arrays]) -> bytes:
    """Keras 2.2.4: a table."""
    layers = _keras_2(arrays, _SCALED, {}, batch_input_shape=[None, 784], dtype="float32")
    return h5(layers, _table(layers), "2.2.4", _named)


def tf_1_13(arrays: Sequence[Arrays]) -> bytes:
    """``tf.keras`` 1.13 to 1.15: a dtype in each initialiser."""
    start = {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}}
    own = {"dtype": "float32", "_zeros": {"dtype": "float32"}}
    layers = _keras_2(arrays, start, own, batch_input_shape=[None, 784])
    config = {"name": "dropout", "rate": 0.2, "noise_shape": None, "seed": None, "dtype": "float32"}
    layers.insert(1, ({"class_name": "Dropout", "config": config}, "dropout", []))
    return h5(layers, _table(layers), "2.2.4-tf", _named)


_GLOROT = {"class_name": "GlorotUniform", "config": {"seed": None}}
_POLICY = {"class_name": "Policy", "config": {"name": "float32"}}
_FIRST = {
    "class_name": "InputLayer",
    "config": {"batch_input_shape": [None, 784], "dtype": "float32", "sparse": False},
}


def tf_2_10(arrays: Sequence[Arrays]) -> bytes:
    """``tf.keras`` 2.0 to 2.12: a separate input layer, and dtype policies."""
    layers = _keras_2(arrays, _GLOROT, {"dtype": _POLICY})
    description = _table(layers)
    description["config"]["layers"].insert(0, _FIRST)
    return h5(layers, description, "2.10.0", _named)


def _tf_2_13(arrays: Sequence[Arrays], path: str) -> bytes:
    layers = _keras_2(
        arrays, {"module": "keras.initializers", "registered_name": None} | _GLOROT, {}
    )
    description = _table(layers, module="keras", registered_name=None)
    description["build_config"] = {"input_shape": [None, 784]}
    description["compile_config"] = {"optimizer": "adam", "loss": "mse"}
    return v3(layers, description, "2.13.1", ("dense", "dense_2", "dense_4"), path)


def tf_2_13(arrays: Sequence[Arrays]) -> bytes:
    """``.keras`` of TensorFlow 2.12 and 2.13, which count each layer with weights twice."""
    return _tf_2_13(arrays, "_layer_checkpoint_dependencies/{}/vars")


def tf_2_13_windows(arrays: Sequence[Arrays]) -> bytes:
    """The same format on Windows."""
    return _tf_2_13(arrays, "_layer_checkpoint_dependencies\\{}/vars")


def tf_keras_2_16(arrays: Sequence[Arrays]) -> bytes:
    """``.keras`` of the package tf_keras, as a functional model with a table of inputs."""
    layers = _keras_2(arrays, _GLOROT, {"dtype": "float32"})
    described, before = [_FIRST | {"name": "pixels 像素", "inbound_nodes": []}], "pixels 像素"
    described[0]["config"] = _FIRST["config"] | {"name": before}
    for layer, label, _ in layers:
        described.append(layer | {"name": label, "inbound_nodes": [[[before, 0, 0, {}]]]})
        before = label
    config = {"name": "model", "layers": described}
    config |= {"input_layers": {"x": ["pixels 像素", 0, 0]}, "output_layers": [[before, 0, 0]]}
    description = {
        "module": "tf_keras.src.engine.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }
    return v3(layers, description, "2.16.0", ("dense", "dense_1", "dense_2"))


LAYOUTS: dict[str, Callable[[Sequence[Arrays]], bytes]] = {
    one.__name__: one
    for one in (
        keras_1,
        keras_2_0,
        keras_2_2,
        tf_1_13,
        tf_2_10,
        tf_2_13,
        tf_2_13_windows,
        tf_keras_2_16,
    )
}
