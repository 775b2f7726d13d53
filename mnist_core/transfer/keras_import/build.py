"""Rebuilding of a network from a checked plan and arrays, with Keras's own layers only.

Only worker processes import this module: it loads Keras.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import LabError
from mnist_core.i18n import mark
from mnist_core.tensorflow_setup import keras
from mnist_core.transfer.keras_import.allow_list import Part
from mnist_core.transfer.keras_import.layer_plan import RECURRENT, Call, Step
from mnist_core.transfer.keras_import.plan import DIGITS, INPUT, NAME, Plan, Wanted
from mnist_core.transfer.keras_import.refusal import RefusedError, brief

Weights: TypeAlias = NDArray[np.float32]
#: Maximum total size of all layers' outputs for one image; 250 images then take 2 GB.
MOST_VALUES_BETWEEN = 2_000_000
#: Maximum number of multiplications of all layers for one image: a thousand times LeNet's.
MOST_WORK = 1_000_000_000
#: Layers that only change the shape, or change nothing after training.
SHAPE_ONLY = (
    "Flatten",
    "Reshape",
    "Identity",
    "Dropout",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
    "ActivityRegularization",
)
FAMILIES = {
    "regularizers": keras.regularizers,
    "constraints": keras.constraints,
}


def build(
    plan: Plan, arrays: dict[str, list[Weights]], wanted: Wanted = DIGITS
) -> tuple[keras.Model, str]:
    """Build a network and set its weights.

    Args:
        plan: The network.
        arrays: The weights of each layer.
        wanted: The required input and output.

    Returns:
        The network, and the kind of the file's own output: "softmax" for probabilities, "logits"
        for logits, to which a softmax was added, or "as it is" if no probabilities are required.

    Raises:
        RefusedError: The network has another input or output, is not connected, or is too large.
    """
    if plan.input_shape not in wanted.shapes:
        raise RefusedError(
            mark("The model's input has the shape {shape}, which does not fit the data."),
            mark("Save a model with the input {wanted}; a digit has 28 × 28 pixels."),
            shape=brief(plan.input_shape),
            wanted=brief(" or ".join(map(str, wanted.shapes))),
        )
    output = kind_of_output(plan) if wanted.probabilities else "as it is"
    layers = [_layer(step) for step in plan.steps]
    start = keras.Input(plan.input_shape, name=INPUT)
    done = {(INPUT, 0): start}
    size = _Size()
    for step, layer in _in_order(plan, layers):
        for number, sources in enumerate(step.calls):
            result = _applied(step, layer, sources, done, arrays[step.name])
            size.add(step, layer, done[sources[0]], result)
            done[step.name, number] = result
    result = done[plan.output]
    if tuple(result.shape) != (None, wanted.outputs):
        raise RefusedError(
            mark("The model's output has the shape {shape} instead of {count} numbers."),
            mark("Save a model with {count} outputs; for digits, one output for each class."),
            shape=brief(tuple(result.shape[1:])),
            count=wanted.outputs,
        )
    if output == "logits":
        layers = _with_softmax(plan, layers)
        result = layers[-1](result) if layers[-1].name not in arrays else result
    if plan.is_sequential:
        return keras.Sequential([start, *layers], name=NAME), output
    return keras.Model(start, result, name=NAME), output


def kind_of_output(plan: Plan) -> str:
    """Return whether a network's output is "softmax" (probabilities) or "logits".

    Raises:
        RefusedError: The last activation is a different one.
    """
    steps = {step.name: step for step in plan.steps}
    step = steps.get(plan.output[0])
    for _ in plan.steps:
        if step is None or not step.calls:
            break
        ending = str(step.settings.get("activation", "linear"))
        if step.kind == "Softmax" or ending == "softmax":
            return "softmax"
        if ending != "linear":
            raise RefusedError(
                mark("The model ends in {ending}, which gives no probabilities of ten digits."),
                mark("Use Dense(10) with softmax or without activation as the last layer."),
                ending=ending,
            )
        if step.kind not in (*SHAPE_ONLY, "Activation"):
            return "logits"
        step = steps.get(step.calls[0][0][0])
    return "logits"


def _with_softmax(plan: Plan, layers: list[Any]) -> list[Any]:
    last = layers[-1]
    if plan.steps[-1].kind == "Dense" and plan.output == (last.name, 0):
        last.activation = keras.activations.softmax
        return layers
    return [*layers, keras.layers.Softmax(name="softmax")]  # layers of a plan are called class_n


def _layer(step: Step) -> Any:
    """Return a Keras layer that is not built yet; its class is a key of ``LAYERS``."""
    settings = {name: _value(one) for name, one in step.settings.items()}
    try:
        return getattr(keras.layers, step.kind)(name=step.name, **settings)
    except Exception as error:  # Keras raises exceptions of many classes for invalid settings
        raise _cannot_build(step, error) from error


def _value(value: Any) -> Any:
    if isinstance(value, Part):
        return getattr(FAMILIES[value.family], value.kind)(**dict(value.settings))
    return value


def _in_order(plan: Plan, layers: list[Any]) -> list[tuple[Step, Any]]:
    """Return the layers in topological order: each after the layers whose outputs it takes."""
    waiting = list(zip(plan.steps, layers, strict=True))
    calls = {INPUT: 1} | {step.name: len(step.calls) for step in plan.steps}
    ordered: list[tuple[Step, Any]] = []
    known = {INPUT}
    while waiting:
        ready = [one for one in waiting if _sources_of(one[0]) <= known]
        if not ready or any(
            number >= calls[name] for step, _ in ready for name, number in _calls_of(step)
        ):
            raise _disconnected()
        ordered += ready
        known |= {step.name for step, _ in ready}
        waiting = [one for one in waiting if one[0].name not in known]
    if plan.output[0] not in known or plan.output[1] >= calls[plan.output[0]]:
        raise _disconnected()
    return ordered


def _disconnected() -> RefusedError:
    return RefusedError(
        mark("The model's layers are not all connected, or they are connected in a circle."),
        mark("Save the model again, with Keras's own model.save."),
    )


def _calls_of(step: Step) -> list[Call]:
    return [source for call in step.calls for source in call]


def _sources_of(step: Step) -> set[str]:
    return {name for name, _ in _calls_of(step)}


def _applied(
    step: Step, layer: Any, sources: list[Call], done: dict[Call, Any], arrays: list[Weights]
) -> Any:
    """Return the output of a layer; the first call builds the layer and sets its weights."""
    inputs = [done[source] for source in sources]
    first = not layer.built
    holder = getattr(layer, "cell", layer)
    # The settings determine the size of the weights. No weight may be larger than the arrays that
    # the file has for the layer; it begins with zeros, since its values are set at once.
    holder.add_weight = _bounded(step, holder.add_weight, arrays)
    try:
        result = layer(inputs if len(inputs) > 1 else inputs[0])
    except (RefusedError, LabError):
        raise
    except Exception as error:  # Keras raises exceptions of many classes for mismatched shapes
        raise _cannot_build(step, error) from error
    finally:
        del holder.add_weight
    if first:
        _fill(step, layer, arrays)
    return result


def _fill(step: Step, layer: Any, arrays: list[Weights]) -> None:
    weights = [one for one in layer.weights if "seed_generator" not in one.path]
    wanted = [tuple(one.shape) for one in weights]
    found = [one.shape for one in arrays]
    if wanted != found:
        raise RefusedError(
            mark("Layer {layer} needs weights of the shapes {wanted}, but the file has {found}."),
            mark("Save the model again: its description and its weights do not match."),
            layer=brief(step.label),
            wanted=brief(wanted),
            found=brief(found),
        )
    for weight, values in zip(weights, arrays, strict=True):
        weight.assign(values.astype(np.dtype(weight.dtype)))
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()


def _bounded(
    step: Step, add_weight: Callable[..., Any], arrays: list[Weights]
) -> Callable[..., Any]:
    left = sum(one.size for one in arrays)

    def add(shape: Any = None, _initializer: Any = None, *rest: Any, **more: Any) -> Any:
        nonlocal left
        more.pop("initializer", None)
        left -= math.prod(shape or ())
        if left < 0:
            raise RefusedError(
                mark("Layer {layer} needs weights of the shape {shape}; the file has too few."),
                mark("Save the model again: its description and its weights do not match."),
                layer=brief(step.label),
                shape=brief(tuple(shape or ())),
            )
        return add_weight(shape, "zeros", *rest, **more)

    return add


class _Size:
    """The size of a network so far, for one image, compared with the limits.

    The outputs of all layers are counted, since they stay in memory until the last layer has run.
    """

    def __init__(self) -> None:
        self._numbers = 0
        self._work = 0

    def add(self, step: Step, layer: Any, source: Any, result: Any) -> None:
        """Count a call of a layer.

        Raises:
            RefusedError: The network is too large.
        """
        shape = tuple(result.shape[1:])
        if any(side is None for side in shape):
            raise _cannot_build(step, ValueError("a dimension of unknown length"))
        self._numbers += math.prod(shape)
        times = int(source.shape[1]) if step.kind in RECURRENT else math.prod(shape[:-1])
        self._work += times * layer.count_params()
        if self._numbers > MOST_VALUES_BETWEEN or self._work > MOST_WORK:
            raise RefusedError(
                mark(
                    "Up to layer {layer}, the model computes {numbers} values for each image with "
                    "{work} multiplications, which is too much for a class."
                ),
                mark("Save a smaller model."),
                layer=brief(step.label),
                numbers=f"{self._numbers:,}",
                work=f"{self._work:,}",
            )


def _cannot_build(step: Step, error: Exception) -> RefusedError:
    return RefusedError(
        mark("Layer {layer} cannot be built as the file describes it ({cause})."),
        mark("Save the model again, with Keras's own model.save."),
        layer=brief(step.label),
        cause=brief(str(error).strip().splitlines()[0] if str(error).strip() else "", 120),
    )
