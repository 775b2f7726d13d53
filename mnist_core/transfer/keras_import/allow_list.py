"""Allow-list of layers: the layers that are imported, and the valid values of their settings.

A setting in the table is checked and passed on as a plain Python value; every other setting must
be empty. So a description cannot name code: neither as a layer, nor as an activation,
initialiser, regulariser or constraint.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

#: Converts a setting from the file to the value that is used; raises ValueError to reject it.
Check: TypeAlias = Callable[[Any], Any]

#: Largest number of units, filters or classes of one layer.
MOST_UNITS = 65_536
#: Largest stride, padding or factor along a side.
LARGEST_SIDE = 256
#: Largest kernel size and dilation of a convolution, for one axis and for two. They determine the
#: padding, which no layer's output shape shows and which grows with their square.
LARGEST_KERNEL, LARGEST_DILATION = {1: 256, 2: 64}, 8
MOST_AXES = 6

ACTIVATIONS = (
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
)


@dataclass(frozen=True)
class Part:
    """A regulariser or constraint, which is created from the name of its class.

    Attributes:
        family: "regularizers" or "constraints".
        kind: The class.
        settings: Plain values.
    """

    family: str
    kind: str
    settings: tuple[tuple[str, Any], ...]


def whole(low: int, high: int) -> Check:
    """Return a check for a whole number in a range."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise ValueError
        if not low <= value <= high:
            raise ValueError
        return int(value)

    return check


def number(low: float, high: float) -> Check:
    """Return a check for a number in a range."""

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError
        return float(value)

    return check


def flag(value: Any) -> bool:
    """Check a boolean; some versions of Keras write 1 and 0."""
    if value not in (0, 1):
        raise ValueError
    return bool(value)


def word(*words: str) -> Check:
    """Return a check for one of several words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError
        return value

    return check


def optional(check: Check) -> Check:
    """Return a check that also accepts None."""
    return lambda value: None if value is None else check(value)


def either(*checks: Check) -> Check:
    """Return a check that accepts what any of several checks accepts."""

    def check(value: Any) -> Any:
        for one in checks:
            try:
                return one(value)
            except (ValueError, TypeError, OverflowError):
                continue
        raise ValueError

    return check


def listed(check: Check, low: int = 1, high: int = MOST_AXES) -> Check:
    """Return a check for a short list, which becomes a tuple."""

    def check_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise ValueError
        return tuple(check(one) for one in value)

    return check_all


def sides(count: int, low: int = 1, high: int = LARGEST_SIDE) -> Check:
    """Return a check for one length for all sides, or one length for each side."""
    length = whole(low, high)
    return either(length, listed(length, count, count))


def activation(value: Any) -> str:
    """Check an activation: its name, or a function as newer versions of Keras write it."""
    if isinstance(value, Mapping):
        if value.get("class_name") != "function" or value.get("module") not in _OWN:
            raise ValueError
        value = value.get("config")
    if value == "softmax_v2":  # the name of TensorFlow's function, which some versions write
        return "softmax"
    return "linear" if value is None else str(word(*ACTIVATIONS)(value))


def part(family: str, kinds: Mapping[str, Mapping[str, Check]]) -> Check:
    """Return a check for None, or a regulariser or constraint of a known class."""
    short = {kind.lower(): kind for kind in kinds}

    def check(value: Any) -> Part | None:
        if value is None:
            return None
        if isinstance(value, str):
            value = {"class_name": short.get(value.lower().replace("_", ""), value), "config": {}}
        kind, config = value["class_name"], value.get("config") or {}
        if kind not in kinds or not set(value) <= _SERIALISED or not isinstance(config, Mapping):
            raise ValueError
        if value.get("module") not in (None, "builtins", f"keras.{family}"):
            raise ValueError
        if value.get("registered_name") not in (None, "", kind):
            raise ValueError
        # None means Keras's default; newer versions may write more settings than the table has.
        given = {name: one for name, one in config.items() if one is not None}
        if not set(given) <= set(kinds[kind]):
            raise ValueError
        return Part(family, kind, tuple((name, kinds[kind][name](given[name])) for name in given))

    return check


_OWN = (None, "builtins", "keras.activations")
_SERIALISED = {"module", "class_name", "config", "registered_name", "shared_object_id"}
#: Initialisers: Keras's names in lower case, without underscores.
_BEGINNINGS = re.compile(
    "zeros?|ones?|constant|(identity|orthogonal)(initializer)?|normal|uniform|variancescaling|"
    "(glorot|he|lecun|random)(normal|uniform)|truncatednormal"
)
_any = number(-1e6, 1e6)
_factor = number(0, 1e6)


def initializer(value: Any) -> None:
    """Check an initialiser; the result is None, since the weights come from the file.

    The settings differ between versions of Keras, so any number, text or list of numbers is valid.
    """
    if value is None:
        return
    if isinstance(value, str):
        value = {"class_name": value}
    settings = value.get("config") or {}
    known = _BEGINNINGS.fullmatch(value["class_name"].replace("_", "").lower())
    own = value.get("module") in (None, "builtins", "keras.initializers")
    named = value.get("registered_name") in (None, "", value["class_name"])
    plain = isinstance(settings, Mapping) and all(_is_plain(one) for one in settings.values())
    if not (known and own and named and plain and set(value) <= _SERIALISED):
        raise ValueError


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, int | float) for one in value)
    return value is None or isinstance(value, bool | int | float | str)


regularizer = part(
    "regularizers",
    {"L1": {"l1": _factor}, "L2": {"l2": _factor}, "L1L2": {"l1": _factor, "l2": _factor}},
)
_axis = whole(-MOST_AXES, MOST_AXES)
_axes = either(_axis, listed(_axis))
constraint = part(
    "constraints",
    {
        "NonNeg": {},
        "UnitNorm": {"axis": _axes},
        "MaxNorm": {"max_value": _factor, "axis": _axes},
        "MinMaxNorm": {
            "min_value": _factor,
            "max_value": _factor,
            "rate": number(0, 1),
            "axis": _axes,
        },
    },
)


def _weights(*names: str) -> dict[str, Check]:
    found: dict[str, Check] = {}
    for name in names:
        found[f"{name}_regularizer"] = regularizer
        found[f"{name}_constraint"] = constraint
    return found


def _one_axis(value: Any) -> int:
    """Check an axis; tf.keras writes it as a list with one element."""
    return int(_axis(value[0] if isinstance(value, list) and len(value) == 1 else value))


_layout = {"data_format": optional(word("channels_last", "channels_first"))}
_padding = word("valid", "same")
_units = whole(1, MOST_UNITS)
_rate = number(0, 0.9999)
_small = number(0, 1)
_seeded = {"seed": optional(whole(0, 2**63 - 1))}


def _convolution(axes: int, *weights: str) -> dict[str, Check]:
    return {
        "kernel_size": sides(axes, high=LARGEST_KERNEL[axes]),
        "strides": sides(axes),
        "padding": _padding,
        "dilation_rate": sides(axes, high=LARGEST_DILATION),
        "groups": whole(1, MOST_UNITS),
        "activation": activation,
        "activity_regularizer": regularizer,
        "use_bias": flag,
        **_layout,
        **_weights(*weights, "bias"),
    }


def _pool(axes: int) -> dict[str, Check]:
    return {
        "pool_size": sides(axes),
        "strides": optional(sides(axes)),
        "padding": _padding,
        **_layout,
    }


def _recurrent(**more: Check) -> dict[str, Check]:
    return {
        "units": _units,
        "activation": activation,
        "use_bias": flag,
        "dropout": _rate,
        "recurrent_dropout": _rate,
        "return_sequences": flag,
        "go_backwards": flag,
        "activity_regularizer": regularizer,
        **_weights("kernel", "recurrent", "bias"),
        **_seeded,
        **more,
    }


_normal = {"epsilon": number(1e-12, 1), "center": flag, "scale": flag}
_border = either(
    whole(0, LARGEST_SIDE),
    listed(whole(0, LARGEST_SIDE), 2, 2),
    listed(listed(whole(0, LARGEST_SIDE), 2, 2), 2, 2),
)
_depth = {"depth_multiplier": whole(1, 256)}
_range = either(number(-10, 10), listed(number(-10, 10), 2, 2))
_fill = {
    "fill_mode": word("reflect", "wrap", "constant", "nearest"),
    "interpolation": word("nearest", "bilinear"),
    "fill_value": _any,
}
_factors = either(_any, listed(_any, 1, 4))

#: Class of Keras → its settings. The name and the dtype, which all layers have, are not listed.
LAYERS: dict[str, dict[str, Check]] = {
    "Dense": {
        "units": _units,
        "activation": activation,
        "use_bias": flag,
        "activity_regularizer": regularizer,
        **_weights("kernel", "bias"),
    },
    "Conv1D": {
        "filters": _units,
        **_convolution(1, "kernel"),
        "padding": word("valid", "same", "causal"),
    },
    "Conv2D": {"filters": _units, **_convolution(2, "kernel")},
    "Conv2DTranspose": {"filters": _units, **_convolution(2, "kernel")},
    "DepthwiseConv2D": {**_convolution(2, "depthwise"), **_depth},
    "SeparableConv2D": {"filters": _units, **_convolution(2, "depthwise", "pointwise"), **_depth},
    "MaxPooling1D": _pool(1),
    "MaxPooling2D": _pool(2),
    "AveragePooling1D": _pool(1),
    "AveragePooling2D": _pool(2),
    "GlobalMaxPooling1D": {"keepdims": flag, **_layout},
    "GlobalMaxPooling2D": {"keepdims": flag, **_layout},
    "GlobalAveragePooling1D": {"keepdims": flag, **_layout},
    "GlobalAveragePooling2D": {"keepdims": flag, **_layout},
    "SimpleRNN": _recurrent(),
    "GRU": _recurrent(recurrent_activation=activation, reset_after=flag),
    "LSTM": _recurrent(recurrent_activation=activation, unit_forget_bias=flag),
    "Flatten": _layout,
    "Reshape": {"target_shape": listed(either(whole(-1, -1), whole(1, 2**20)))},
    "Permute": {"dims": listed(whole(1, MOST_AXES))},
    "RepeatVector": {"n": whole(1, 4096)},
    "ZeroPadding2D": {"padding": _border, **_layout},
    "Cropping2D": {"cropping": _border, **_layout},
    "UpSampling2D": {
        "size": sides(2),
        "interpolation": word("nearest", "bilinear", "bicubic"),
        **_layout,
    },
    "Rescaling": {"scale": _factors, "offset": _factors},
    "Normalization": {
        "axis": optional(either(_axis, listed(_axis, 0))),
        "invert": flag,
        "mean": optional(_factors),
        "variance": optional(either(_factor, listed(_factor, 1, 4))),
    },
    "BatchNormalization": {
        "axis": _one_axis,
        "momentum": _small,
        **_normal,
        **_weights("beta", "gamma"),
    },
    "LayerNormalization": {"axis": _axes, **_normal, **_weights("beta", "gamma")},
    "GroupNormalization": {
        "groups": whole(-1, MOST_UNITS),
        "axis": _axis,
        **_normal,
        **_weights("beta", "gamma"),
    },
    "UnitNormalization": {"axis": _axes},
    "Activation": {"activation": activation},
    "ReLU": {"max_value": optional(_factor), "negative_slope": _factor, "threshold": _factor},
    "LeakyReLU": {"negative_slope": _factor},
    "ELU": {"alpha": _factor},
    "PReLU": {
        **_weights("alpha"),
        "shared_axes": optional(listed(whole(1, MOST_AXES))),
    },
    "Softmax": {"axis": _axes},
    "Add": {},
    "Subtract": {},
    "Multiply": {},
    "Average": {},
    "Maximum": {},
    "Minimum": {},
    "Concatenate": {"axis": _axis},
    "Identity": {},
    "ActivityRegularization": {"l1": _factor, "l2": _factor},
    # These layers change values in training only.
    "Dropout": {"rate": _rate, **_seeded},
    "AlphaDropout": {"rate": _rate, **_seeded},
    "SpatialDropout1D": {"rate": _rate, **_seeded},
    "SpatialDropout2D": {"rate": _rate, **_seeded, **_layout},
    "GaussianDropout": {"rate": _rate, **_seeded},
    "GaussianNoise": {"stddev": _factor, **_seeded},
    "RandomFlip": {
        "mode": word("horizontal", "vertical", "horizontal_and_vertical"),
        **_seeded,
        **_layout,
    },
    "RandomRotation": {"factor": _range, **_fill, **_seeded, **_layout},
    "RandomTranslation": {
        "height_factor": _range,
        "width_factor": _range,
        **_fill,
        **_seeded,
        **_layout,
    },
    "RandomZoom": {
        "height_factor": _range,
        "width_factor": optional(_range),
        **_fill,
        **_seeded,
        **_layout,
    },
}

#: Settings that do not change a trained network's predictions, and are not passed on.
LEFT_OUT = frozenset(
    {
        "batch_input_shape",
        "batch_shape",
        "implementation",
        "input_shape",
        "is_legacy_layer",
        "rank",
        "renorm_momentum",
        "rng_type",
        "synchronized",
        "trainable",
        "unroll",
    }
)
