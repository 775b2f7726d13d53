"""One layer of a description, checked against the table of layers, or why it cannot be rebuilt."""

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

#: A layer's name, and which of its calls.
Call: TypeAlias = tuple[str, int]

RECURRENT = ("SimpleRNN", "GRU", "LSTM")
MODELS = ("Sequential", "Functional", "Model")
#: Operations that ``tf.keras`` wraps into layers: ``x / 255`` in a functional model, say.
OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "Operation")
OF_OPERATIONS = re.compile(r"keras(\.src)?\.ops(\.\w+)*")
OF_LAYERS = re.compile(r"(tf_)?keras(\.\w+)*\.layers(\.\w+)*")
#: Types of number whose values become float32: the same ones, or more exact ones.
AS_FLOAT32 = (None, "float32", "float64", "mixed_float16", "mixed_bfloat16")
POLICIES = ("DTypePolicy", "FloatDTypePolicy", "Policy", "PolicyV1")


@dataclass(frozen=True)
class Step:
    """One layer, and what it is applied to.

    Attributes:
        kind: Its class, a key of ``LAYERS``.
        name: A name of ours: Keras and TensorFlow do not take every name that a file may have.
        label: What the file calls it; any text.
        settings: Checked values, by name.
        calls: For each time that it is applied, the outputs that it takes.
        turns_kernel: Whether the file has its kernel with the channels first.
    """

    kind: str
    name: str
    label: str
    settings: dict[str, Any]
    calls: list[list[Call]] = field(default_factory=list)
    turns_kernel: bool = False


def make_step(layer: Any, place: int, origin: Origin) -> Step:
    """A layer from its description.

    Args:
        layer: The description.
        place: Its place among the layers; a part of its name.
        origin: What wrote the file.

    Raises:
        RefusedError: It is not among those rebuilt here, or has settings that are not.
        TypeError, KeyError, ValueError, AttributeError: It is not as Keras writes one.
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
    """What a file calls a layer.

    Raises:
        TypeError: That is no text.
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
                "It uses the operation {kind} as a layer. That is Keras's own, but here only "
                "layers are rebuilt."
            ),
            mark("Use the layer that does the same, such as Reshape or Rescaling, and save again."),
            kind=brief(kind),
        )
    if kind == "Lambda":
        return RefusedError(
            mark("It has a layer of the kind Lambda, which holds code. Such code is never run."),
            mark("Use a layer of Keras that does the same, and save it again."),
        )
    if kind in MODELS:
        return RefusedError(
            mark("It has a layer of the kind {kind}: a model inside the model."),
            mark("Build one model from all the layers, and save it again."),
            kind=brief(kind),
        )
    return RefusedError(
        mark("It has a layer of the kind {kind}, which is not among those rebuilt here."),
        mark("Use dense, convolutional, pooling, recurrent or normalising layers of Keras."),
        kind=brief(kind),
    )


def _check_dtype(label: str, value: Any) -> None:
    if isinstance(value, Mapping):
        if value.get("class_name") not in POLICIES:
            raise wrong_setting(label, "dtype", value.get("class_name"))
        value = value["config"]["name"]
    if value not in AS_FLOAT32:
        raise RefusedError(
            mark("Its layer {layer} computes in {kind}, and only float32 is rebuilt."),
            mark("Save it in float32."),
            layer=brief(label),
            kind=brief(value),
        )


def wrong_setting(label: object, setting: str, value: Any) -> RefusedError:
    """A layer has a setting with a value that is not in the table."""
    if isinstance(value, dict):
        value = value.get("config") if value.get("class_name") == "function" else value
    return RefusedError(
        mark("Its layer {layer} has {setting} = {value}, which is not rebuilt here."),
        mark("Leave that setting at its usual value, train the model again, and save it."),
        layer=brief(label),
        setting=brief(setting),
        value=brief(value),
    )
