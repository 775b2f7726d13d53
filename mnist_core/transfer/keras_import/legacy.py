"""What Keras 1, Keras 2 and ``tf.keras`` wrote, in the words and the layout of Keras 3.

Classes and settings were renamed (``Convolution2D``, ``output_dim``), weights were laid out in
other ways, and one function kept its name and changed: the ``hard_sigmoid`` of Keras 3 is another
one. Nothing here decides what may come in; that is the table in :mod:`allow_list`.
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
#: The modes of Keras 1's ``Merge``, which are layers of their own since.
MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
}
#: Settings by their name in Keras 1, whatever the class.
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
OF_KIND = {("LeakyReLU", "alpha"): "negative_slope", ("ReLU", "theta"): "threshold"}
ORDERINGS = {"tf": "channels_last", "th": "channels_first"}
#: Of Keras 1, without a meaning for a trained network.
NO_MATTER = {"consume_less", "forget_bias_init", "input_dim", "input_dtype", "input_length"}
#: Layers whose ``activation`` sees the sum of weighted inputs and a bias, and that sum alone.
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
#: The gates among the parts of a recurrent layer's weights, in their order.
GATES = {"LSTM": (True, True, False, True), "GRU": (True, True, False)}
#: ``hard_sigmoid`` clips 0.2 x + 0.5 before Keras 3, and x / 6 + 0.5 since.
STEEPER = np.float32(0.2 * 6)


@dataclass(frozen=True)
class Origin:
    """What wrote a file.

    Attributes:
        major: The first number of Keras's version; 1 where the file does not say.
        theano: Whether it computed with Theano, which turns the kernels of convolutions round.
            Keras 1 did not say so.
    """

    major: int = 3
    theano: bool = False

    @classmethod
    def of(cls, version: str | None, backend: str | None = None) -> Origin:
        """The origin by what a file says of it."""
        number = re.match(r"\d{1,3}", version or "")
        return cls(int(number[0]) if number else 1, backend == "theano")


#: The library that the lab itself uses.
KERAS_3 = Origin()


def modern(kind: str, config: Mapping[str, Any], origin: Origin) -> tuple[str, dict[str, Any]]:
    """A layer's class and settings as Keras 3 calls them.

    Raises:
        ValueError: Two settings were one and the same; or TypeError, KeyError: they make no sense.
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
        del given["groups"]  # every convolution had them, and not all have them now
    if kind == "GRU" and origin.major < 3:
        given.setdefault("reset_after", False)  # the only way there was at first
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key in NO_MATTER and origin.major < 3:
            continue
        name = OF_KIND.get((kind, key)) or (SETTINGS.get(key, key) if origin.major < 3 else key)
        if name in found:
            raise ValueError(name)
        found[name] = _modern_value(name, value)
    return kind, found


def _modern_value(name: str, value: Any) -> Any:
    """Keras 1 wrote a regulariser as its settings, with the class's name among them."""
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
    """A layer's weights as Keras 3 lays them out.

    Args:
        kind: The layer's class.
        settings: Its checked settings.
        arrays: What the file has for it, in the file's order.
        origin: What wrote the file.
        turns_kernel: Whether the channels come first in a kernel.
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
        kernel = turned_round(kernel)
    return _steeper(kind, settings, [kernel, *arrays[1:]])


def turned_round(kernel: Weights) -> Weights:
    """A convolution's kernel as the other one of Theano and all the rest has it."""
    return np.flip(kernel, tuple(range(kernel.ndim - 2)))


def _joined(kind: str, arrays: list[Weights]) -> list[Weights]:
    """Keras 1 kept the three arrays of each gate apart, and those of an LSTM in another order."""
    order = {("LSTM", 12): (0, 2, 1, 3), ("GRU", 9): (0, 1, 2)}.get((kind, len(arrays)))
    if order is None:
        return arrays
    return [
        np.concatenate([arrays[3 * gate + which] for gate in order], axis=-1) for which in range(3)
    ]


def _steeper(kind: str, settings: Mapping[str, Any], arrays: list[Weights]) -> list[Weights]:
    """Make up in the weights for the ``hard_sigmoid`` of Keras 3, which is less steep."""
    activation = settings.get("activation")
    if activation == "hard_sigmoid" and kind in SUMMING:
        kept = 1 if kind == "SeparableConv2D" else 0  # what comes first is multiplied by the rest
        return [*arrays[:kept], *(one * STEEPER for one in arrays[kept:])]
    if settings.get("recurrent_activation") == "hard_sigmoid" and kind in GATES:
        gates = np.where(GATES[kind], STEEPER, np.float32(1))
        return [one * np.repeat(gates, one.shape[-1] // len(gates)) for one in arrays]
    return arrays


def refuse_hard_sigmoid(kind: str, label: str, settings: Mapping[str, Any]) -> None:
    """Refuse the earlier ``hard_sigmoid`` where no weights can make up for the difference.

    Raises:
        RefusedError: The layer has one.
    """
    if settings.get("activation") == "hard_sigmoid" and kind not in SUMMING:
        raise RefusedError(
            mark("Its layer {layer} is a hard_sigmoid of before Keras 3, where it is another one."),
            mark("Use sigmoid in its place, train the model again, and save it."),
            layer=brief(label),
        )
