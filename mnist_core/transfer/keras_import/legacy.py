"""Translation of models from Keras 1, Keras 2 and ``tf.keras`` to the names and layout of Keras 3.

Classes and settings were renamed (``Convolution2D``, ``output_dim``), the layout of the weights
changed, and so did the definition of one function: ``hard_sigmoid``. The translation does not
decide what may be imported; the table in :mod:`allow_list` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mnist_core.i18n import mark
from mnist_core.transfer.keras_import.refusal import RefusedError, brief

Weights: TypeAlias = NDArray[np.float32]

KINDS = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "AtrousConvolution2D": "Conv2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "ThresholdedReLU": "ReLU",
    "UnifiedLSTM": "LSTM",
    "UnifiedGRU": "GRU",
}
#: Modes of Keras 1's ``Merge``, which became separate layers.
MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
}
#: Settings by their name in Keras 1, for all classes.
SETTINGS = {
    "output_dim": "units",
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "subsample": "strides",
    "subsample_length": "strides",
    "stride": "strides",
    "pool_length": "pool_size",
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "atrous_rate": "dilation_rate",
    "init": "kernel_initializer",
    "inner_init": "recurrent_initializer",
    "activation": "activation",
    "inner_activation": "recurrent_activation",
    "W_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer",
    "b_regularizer": "bias_regularizer",
    "W_constraint": "kernel_constraint",
    "b_constraint": "bias_constraint",
    "bias": "use_bias",
    "dropout_W": "dropout",
    "dropout_U": "recurrent_dropout",
    "p": "rate",
    "sigma": "stddev",
}
#: Settings that were renamed in one class.
SETTINGS_OF_KIND = {("LeakyReLU", "alpha"): "negative_slope", ("ReLU", "theta"): "threshold"}
ORDERINGS = {"tf": "channels_last", "th": "channels_first"}
#: Settings of Keras 1 that have no effect on a trained network.
IGNORED_SETTINGS = {"consume_less", "forget_bias_init", "input_dim", "input_dtype", "input_length"}
#: Layers that apply ``activation`` to a sum of weighted inputs and a bias.
SUMMING = (
    "Dense",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "DepthwiseConv2D",
    "SeparableConv2D",
    "SimpleRNN",
)
CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv2DTranspose")
#: Which parts of a recurrent layer's weights belong to gates, in their order.
GATES = {"LSTM": (True, True, False, True), "GRU": (True, True, False)}
#: ``hard_sigmoid`` clips 0.2 x + 0.5 before Keras 3, and x / 6 + 0.5 in Keras 3.
STEEPER = np.float32(0.2 * 6)


@dataclass(frozen=True)
class Origin:
    """The program that wrote a file.

    Attributes:
        major: Major version of Keras; 1 if the file does not state it.
        theano: Whether the backend was Theano, whose convolution kernels are rotated by 180°.
            Files of Keras 1 do not state the backend.
    """

    major: int = 3
    theano: bool = False

    @classmethod
    def of(cls, version: str | None, backend: str | None = None) -> Origin:
        """Return the origin from the version and the backend that a file states."""
        number = re.match(r"\d{1,3}", version or "")
        return cls(int(number[0]) if number else 1, backend == "theano")


#: The version of Keras that the lab uses.
KERAS_3 = Origin()


def modern(kind: str, config: Mapping[str, Any], origin: Origin) -> tuple[str, dict[str, Any]]:
    """Return a layer's class and settings in Keras 3.

    Raises:
        ValueError: Two settings have the same name in Keras 3.
        TypeError, KeyError: The settings are malformed.
    """
    given = dict(config)
    if kind == "Merge" and given.get("mode_type", "raw") == "raw" and given["mode"] in MERGES:
        kept = {key: given[key] for key in ("name", "trainable") if key in given}
        axis = {"axis": given["concat_axis"]} if given["mode"] == "concat" else {}
        return MERGES[given["mode"]], kept | axis
    kind = KINDS.get(kind, kind)
    if "nb_row" in given:
        given["kernel_size"] = [given.pop("nb_row"), given.pop("nb_col")]
    if origin.major < 3 and given.get("groups") == 1:
        del given["groups"]  # Keras 2 wrote it for every convolution; not all have it in Keras 3
    if kind == "GRU" and origin.major < 3:
        given.setdefault("reset_after", False)  # the behaviour before the setting existed
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key in IGNORED_SETTINGS and origin.major < 3:
            continue
        name = SETTINGS_OF_KIND.get((kind, key)) or (
            SETTINGS.get(key, key) if origin.major < 3 else key
        )
        if name in found:
            raise ValueError(name)
        found[name] = _modern_value(name, value)
    return kind, found


def _modern_value(name: str, value: Any) -> Any:
    """Return a value in Keras 3's form; Keras 1 wrote a regulariser as one flat table."""
    if name == "data_format" and isinstance(value, str):
        return ORDERINGS.get(value, value)
    if not isinstance(value, Mapping) or "name" not in value or "class_name" in value:
        return value
    settings = {key: one for key, one in value.items() if key != "name"}
    if name.endswith("_regularizer"):
        return {"class_name": "L1L2", "config": settings}
    names = {"m": "max_value", "low": "min_value", "high": "max_value"}
    return {
        "class_name": value["name"],
        "config": {names.get(key, key): one for key, one in settings.items()},
    }


def modern_weights(
    kind: str,
    settings: Mapping[str, Any],
    arrays: list[Weights],
    origin: Origin,
    *,
    turns_kernel: bool = False,
) -> list[Weights]:
    """Return a layer's weights in Keras 3's layout.

    Args:
        kind: The layer's class.
        settings: The layer's checked settings.
        arrays: The layer's arrays, in the file's order.
        origin: The program that wrote the file.
        turns_kernel: Whether the kernel's channels come first.
    """
    if origin.major >= 3 or not arrays:
        return arrays
    arrays = _joined(kind, arrays)
    kernel = arrays[0]
    if kind == "Conv1D" and kernel.ndim == 4 and kernel.shape[1] == 1:
        kernel = kernel[:, 0]
    if turns_kernel and kernel.ndim == 4:
        kernel = kernel.transpose(2, 3, 1, 0)
    if origin.theano and kind in CONVOLUTIONS:
        kernel = rotated(kernel)
    return _with_flatter_hard_sigmoid(kind, settings, [kernel, *arrays[1:]])


def rotated(kernel: Weights) -> Weights:
    """Return a convolution kernel rotated by 180°: Theano's convention, or back from it."""
    return np.flip(kernel, tuple(range(kernel.ndim - 2)))


def _joined(kind: str, arrays: list[Weights]) -> list[Weights]:
    """Join the arrays of the gates, which Keras 1 stored separately, in the order of Keras 3."""
    order = {("LSTM", 12): (0, 2, 1, 3), ("GRU", 9): (0, 1, 2)}.get((kind, len(arrays)))
    if order is None:
        return arrays
    return [
        np.concatenate([arrays[3 * gate + which] for gate in order], axis=-1) for which in range(3)
    ]


def _with_flatter_hard_sigmoid(
    kind: str, settings: Mapping[str, Any], arrays: list[Weights]
) -> list[Weights]:
    """Scale the weights to compensate for Keras 3's flatter ``hard_sigmoid``."""
    activation = settings.get("activation")
    if activation == "hard_sigmoid" and kind in SUMMING:
        kept = 1 if kind == "SeparableConv2D" else 0  # the depthwise kernel; scaled once is enough
        return [*arrays[:kept], *(one * STEEPER for one in arrays[kept:])]
    if settings.get("recurrent_activation") == "hard_sigmoid" and kind in GATES:
        gates = np.where(GATES[kind], STEEPER, np.float32(1))
        return [one * np.repeat(gates, one.shape[-1] // len(gates)) for one in arrays]
    return arrays


def refuse_hard_sigmoid(kind: str, label: str, settings: Mapping[str, Any]) -> None:
    """Reject the earlier ``hard_sigmoid`` if scaled weights cannot replace it.

    Raises:
        RefusedError: The layer uses it.
    """
    if settings.get("activation") == "hard_sigmoid" and kind not in SUMMING:
        raise RefusedError(
            mark("Layer {layer} uses hard_sigmoid, whose definition changed in Keras 3."),
            mark("Use sigmoid instead, train the model again, and save it."),
            layer=brief(label),
        )
