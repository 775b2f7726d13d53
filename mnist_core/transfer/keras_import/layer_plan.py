"""One layer of a model description, checked against the allow-list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mnist_core.i18n import mark
from mnist_core.inference.layer_names import snake_case
from mnist_core.transfer.keras_import.allow_list import LAYERS, LEFT_OUT, Check, initializer
from mnist_core.transfer.keras_import.legacy import Origin, modern, refuse_hard_sigmoid
from mnist_core.transfer.keras_import.refusal import RefusedError, brief

#: A layer's name, and the index of its call.
Call: TypeAlias = tuple[str, int]

RECURRENT = ("SimpleRNN", "GRU", "LSTM")
MODELS = ("Sequential", "Functional", "Model")
#: Operations that ``tf.keras`` wraps into layers, for example ``x / 255`` in a functional model.
OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "Operation")
OF_OPERATIONS = re.compile(r"keras(\.src)?\.ops(\.\w+)*")
OF_LAYERS = re.compile(r"(tf_)?keras(\.\w+)*\.layers(\.\w+)*")
#: Dtypes whose values become float32.
AS_FLOAT32 = (None, "float32", "float64", "mixed_float16", "mixed_bfloat16")
POLICIES = ("DTypePolicy", "FloatDTypePolicy", "Policy", "PolicyV1")


@dataclass(frozen=True)
class Step:
    """A layer and the inputs of its calls.

    Attributes:
        kind: Its class, a key of ``LAYERS``.
        name: A new name, since Keras and TensorFlow do not accept every name in a file.
        label: The layer's name in the file; any text.
        settings: Checked values, by name.
        calls: For each call of the layer, the outputs that are its inputs.
        turns_kernel: Whether the kernel in the file has its channels first.
    """

    kind: str
    name: str
    label: str
    settings: dict[str, Any]
    calls: list[list[Call]] = field(default_factory=list)
    turns_kernel: bool = False


def make_step(layer: Any, place: int, origin: Origin) -> Step:
    """Return a layer from its description.

    Args:
        layer: The description.
        place: The layer's index, which becomes part of its name.
        origin: The program that wrote the file.

    Raises:
        RefusedError: The layer or one of its settings is not supported.
        TypeError, KeyError, ValueError, AttributeError: The description is malformed.
    """
    label = label_of(layer)
    kind, config = modern(layer["class_name"], layer["config"], origin)
    if kind not in LAYERS or not _is_layer(layer.get("module")):
        raise _not_rebuilt(kind, layer.get("module"))
    settings: dict[str, Any] = {}
    for key, value in config.items():
        if key == "dtype":
            _check_dtype(label, value)
        elif key in LAYERS[kind] or key.endswith("_initializer"):
            check: Check = LAYERS[kind].get(key, initializer)
            try:
                found = check(value)
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
                raise wrong_setting(label, key, value) from error
            if check is not initializer:
                settings[key] = found
        elif key not in LEFT_OUT and key != "name" and value not in (None, False, "", [], {}):
            raise wrong_setting(label, key, value)
    if origin.major < 3:
        refuse_hard_sigmoid(kind, label, settings)
    return Step(kind, f"{snake_case(kind)}_{place}", label, settings)


def label_of(layer: Any) -> str:
    """Return a layer's name in the file.

    Raises:
        TypeError: The name is not a text.
    """
    label = layer["config"].get("name", layer.get("name", ""))
    if not isinstance(label, str):
        raise TypeError(label)
    return label


def _is_layer(module: Any) -> bool:
    return module is None or (isinstance(module, str) and OF_LAYERS.fullmatch(module) is not None)


def _not_rebuilt(kind: Any, module: Any) -> RefusedError:
    if kind in OPERATIONS or (isinstance(module, str) and OF_OPERATIONS.fullmatch(module)):
        return RefusedError(
            mark(
                "The model uses the operation {kind} of Keras as a layer, but only layers can be "
                "imported."
            ),
            mark("Use a layer with the same effect, such as Reshape or Rescaling, and save again."),
            kind=brief(kind),
        )
    if kind == "Lambda":
        return RefusedError(
            mark("The model has a Lambda layer, which contains code, and such code is never run."),
            mark("Use a Keras layer with the same effect, and save the model again."),
        )
    if kind in MODELS:
        return RefusedError(
            mark("The model has a layer of the class {kind}: a model inside the model."),
            mark("Build one model from all the layers, and save it again."),
            kind=brief(kind),
        )
    return RefusedError(
        mark("The model has a layer of the class {kind}, which cannot be imported."),
        mark("Use Keras's dense, convolutional, pooling, recurrent or normalisation layers."),
        kind=brief(kind),
    )


def _check_dtype(label: str, value: Any) -> None:
    if isinstance(value, Mapping):
        if value.get("class_name") not in POLICIES:
            raise wrong_setting(label, "dtype", value.get("class_name"))
        value = value["config"]["name"]
    if value not in AS_FLOAT32:
        raise RefusedError(
            mark("Layer {layer} computes in {kind}, but only float32 is supported."),
            mark("Save the model in float32."),
            layer=brief(label),
            kind=brief(value),
        )


def wrong_setting(label: object, setting: str, value: Any) -> RefusedError:
    """Return the error for a setting whose value is not on the allow-list."""
    if isinstance(value, dict):
        value = value.get("config") if value.get("class_name") == "function" else value
    return RefusedError(
        mark("Layer {layer} has the setting {setting} = {value}, which cannot be imported."),
        mark("Use the default value of the setting, train the model again, and save it."),
        layer=brief(label),
        setting=brief(setting),
        value=brief(value),
    )
