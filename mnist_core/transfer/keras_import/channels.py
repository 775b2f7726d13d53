"""Conversion of networks from channels first, as Theano has them, to channels last.

Keras computes channels-first convolutions on few machines only. A network with channels last has
the same weights: its input and its intermediate tensors are transposed, and transposed back before
a layer that flattens them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mnist_core.i18n import mark
from mnist_core.transfer.keras_import.layer_plan import Call, Step
from mnist_core.transfer.keras_import.legacy import Origin
from mnist_core.transfer.keras_import.refusal import RefusedError, brief

FIRST = "channels_first"
#: Layers that work on the rows and columns of each channel, and layers that reduce each channel
#: to one number.
SPATIAL = (
    "Conv2D",
    "MaxPooling2D",
    "AveragePooling2D",
    "ZeroPadding2D",
    "Cropping2D",
    "UpSampling2D",
    "SpatialDropout2D",
)
GLOBAL = ("GlobalMaxPooling2D", "GlobalAveragePooling2D")
#: Layers that do not depend on the position of the channel axis.
CHANNEL_INDEPENDENT = (
    "Activation",
    "ReLU",
    "LeakyReLU",
    "ELU",
    "Dropout",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
    "Identity",
    "Add",
    "Subtract",
    "Multiply",
    "Average",
    "Maximum",
    "Minimum",
)


def with_channels_last(
    steps: list[Step], start: str, shape: tuple[int, ...], origin: Origin
) -> tuple[list[Step], tuple[int, ...]]:
    """Return the same network with channels last, and the shape of its input.

    Args:
        steps: The layers in topological order.
        start: Name of the input.
        shape: Shape of one sample.
        origin: The program that wrote the file.

    Raises:
        RefusedError: A layer cannot be converted.
    """
    if not any(step.settings.get("data_format") == FIRST for step in steps):
        return steps, shape
    turned = {start: len(shape) == 3}
    found: list[Step] = []
    for step in steps:
        sources = {turned.get(name) for call in step.calls for name, _ in call}
        if len(sources) != 1 or None in sources:
            raise _not_turned(step)
        if not sources.pop():
            turned[step.name], step = _made_spatial(step)
            found.append(step)
            continue
        turned[step.name] = step.kind not in (*GLOBAL, "Flatten")
        if step.kind == "Flatten" and step.settings.get("data_format") != FIRST:
            back = Step("Permute", f"{step.name}_back", "", {"dims": (3, 1, 2)}, step.calls)
            calls: list[list[Call]] = [[(back.name, place)] for place in range(len(step.calls))]
            found.append(back)
            step = replace(step, calls=calls)
        found.append(_turned(step, origin))
    return found, (*shape[1:], shape[0]) if turned[start] else shape


def _made_spatial(step: Step) -> tuple[bool, Step]:
    """Return whether a layer makes an image with one channel of a vector, and the layer."""
    target = step.settings.get("target_shape", ())
    if step.kind == "Reshape" and len(target) == 3 and target[0] == 1:
        return True, replace(step, settings={"target_shape": (*target[1:], 1)})
    if step.settings.get("data_format") == FIRST or (step.kind == "Reshape" and len(target) == 3):
        raise _not_turned(step)
    return False, step


def _turned(step: Step, origin: Origin) -> Step:
    settings: dict[str, Any] = {
        name: value for name, value in step.settings.items() if name != "data_format"
    }
    # Keras 1 did not store the order for every layer.
    order = step.settings.get("data_format", FIRST if origin.major == 1 else None)
    first = order == FIRST and not settings.get("keepdims")
    if step.kind in (*SPATIAL, *GLOBAL) and first:
        return replace(step, settings=settings, turns_kernel=origin.major == 1)
    if step.kind in ("BatchNormalization", "Concatenate") and settings.get("axis") in (1, -3):
        return replace(step, settings=settings | {"axis": -1})
    plain = step.kind != "Activation" or "softmax" not in str(settings["activation"])
    if step.kind == "Flatten" or (step.kind in CHANNEL_INDEPENDENT and plain):
        return replace(step, settings=settings)
    raise _not_turned(step)


def _not_turned(step: Step) -> RefusedError:
    return RefusedError(
        mark(
            "Layer {layer} ({kind}) of a model with channels first cannot be converted to "
            "channels last."
        ),
        mark("Build the model with data_format=“channels_last”, train it again, and save it."),
        layer=brief(step.label),
        kind=brief(step.kind),
    )
