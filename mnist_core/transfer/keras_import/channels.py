"""Networks with the channels first, as those built for Theano have them, turned to channels last.

Keras computes convolutions with the channels first on few machines only. The same network with
the channels last has the same weights: its input and what lies between its layers are turned, and
turned back where a layer puts all numbers into one row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mnist_core.i18n import mark
from mnist_core.transfer.keras_import.layer_plan import Call, Step
from mnist_core.transfer.keras_import.legacy import Origin
from mnist_core.transfer.keras_import.refusal import RefusedError, brief

FIRST = "channels_first"
#: Layers that work on each channel's rows and columns, and those that leave one number of each.
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
#: Layers for which it is all the same where the channels are.
ANYHOW = (
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
    """The same network with the channels last, and the shape of its input.

    Args:
        steps: Its layers, each after those whose outputs it takes.
        start: Name of its input.
        shape: One sample's shape.
        origin: What wrote the file.

    Raises:
        RefusedError: It has a layer that is not turned.
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
    """A layer on numbers in a row, which may become rows and columns of one channel."""
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
    # Keras 1 did not say it of every layer.
    order = step.settings.get("data_format", FIRST if origin.major == 1 else None)
    first = order == FIRST and not settings.get("keepdims")
    if step.kind in (*SPATIAL, *GLOBAL) and first:
        return replace(step, settings=settings, turns_kernel=origin.major == 1)
    if step.kind in ("BatchNormalization", "Concatenate") and settings.get("axis") in (1, -3):
        return replace(step, settings=settings | {"axis": -1})
    plain = step.kind != "Activation" or "softmax" not in str(settings["activation"])
    if step.kind == "Flatten" or (step.kind in ANYHOW and plain):
        return replace(step, settings=settings)
    raise _not_turned(step)


def _not_turned(step: Step) -> RefusedError:
    return RefusedError(
        mark(
            "It has the channels first, and its layer {layer} ({kind}) is not rebuilt with the "
            "channels last."
        ),
        mark("Build it with data_format=“channels_last”, train it again, and save it."),
        layer=brief(step.label),
        kind=brief(step.kind),
    )
