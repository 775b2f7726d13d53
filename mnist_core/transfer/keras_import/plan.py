"""Conversion of a model's description to a plan of known layers.

Keras describes a model in JSON: nested tables that name classes and their settings. The
description is only read; the plan consists of names from the table in :mod:`allow_list` with plain,
checked values.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.i18n import mark
from mnist_core.transfer.keras_import.channels import with_channels_last
from mnist_core.transfer.keras_import.layer_plan import (
    Call,
    Step,
    label_of,
    make_step,
    wrong_setting,
)
from mnist_core.transfer.keras_import.legacy import KERAS_3, Origin
from mnist_core.transfer.keras_import.refusal import RefusedError, brief, damaged

#: Largest model file in bytes, compressed or not.
MOST_BYTES = 100_000_000
#: Largest description in bytes; a network of 300 layers has about 300 kB.
MOST_TEXT = 2_000_000
DEEPEST = 40
MOST_LAYERS = 300
MOST_CALLS = 600
#: Largest side of a sample.
LONGEST_SIDE = 1_000_000
#: Modules of Keras's own classes.
OWN_MODULE = re.compile(r"builtins|(tf_)?keras(\.\w+)*")
#: Dtypes of the input that are supported; the input is float32 in any case.
INPUT_KINDS = ("float16", "bfloat16", "float32", "float64", "uint8", "int32", "int64")
#: New names of a network and its input.
NAME, INPUT = "model", "pixels"


@dataclass(frozen=True)
class Wanted:
    """The required input and output of a network.

    Attributes:
        shapes: The valid shapes of one sample.
        outputs: The number of outputs.
        probabilities: Whether the outputs are probabilities of mutually exclusive classes. An
            imported model may then end in logits.
    """

    shapes: tuple[tuple[int, ...], ...]
    outputs: int
    probabilities: bool = True


#: A network that classifies digits, with any layout of the pixels.
DIGITS = Wanted(((784,), (28, 28), (28, 28, 1)), 10)


@dataclass(frozen=True)
class Plan:
    """A network to build, whose input is called :data:`INPUT`.

    Attributes:
        is_sequential: Whether the layers form a chain.
        input_shape: Shape of one sample.
        steps: The layers in the file's order, without the input.
        output: The call whose output is the network's output.
    """

    is_sequential: bool
    input_shape: tuple[int, ...]
    steps: list[Step]
    output: Call


def read_json(text: bytes) -> Any:
    """Parse a description.

    Raises:
        RefusedError: The text is too long, nested too deeply, or not JSON.
    """
    if len(text) > MOST_TEXT:
        raise RefusedError(
            mark("The description has {size} bytes, but the limit is {most} bytes."),
            mark("Save a smaller model."),
            size=f"{len(text):,}",
            most=f"{MOST_TEXT:,}",
        )
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise damaged(mark("The file is damaged: its description is not JSON.")) from error
    if _deeper_than(found, DEEPEST):
        raise damaged(mark("The file is damaged: its description is nested too deeply."))
    return found


def make_plan(description: Any, origin: Origin = KERAS_3) -> Plan:
    """Return the plan of a description.

    Args:
        description: The value that :func:`read_json` returned.
        origin: The program that wrote the description.

    Raises:
        RefusedError: The description has unknown content, or its layers are not connected.
    """
    try:
        _refuse_foreign_code(description)
        kind, config = description["class_name"], description["config"]
        if kind == "Sequential":
            return _sequential(config, description.get("build_config"), origin)
        if kind in ("Functional", "Model") and isinstance(config, Mapping) and "layers" in config:
            return _functional(config, origin)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError) as error:
        raise _malformed() from error
    raise RefusedError(
        mark("The file contains a {kind}, but only Sequential and functional models are imported."),
        mark("Build the model from Keras's own layers with Sequential or keras.Model."),
        kind=brief(kind),
    )


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _deeper_than(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _everything(value: Any) -> Iterator[Any]:
    todo = [value]
    while todo:
        one = todo.pop()
        yield one
        todo += _children(one)


def _refuse_foreign_code(description: Any) -> None:
    """Reject a description that names code other than Keras's, used or not."""
    for table in _everything(description):
        if not isinstance(table, dict):
            continue
        module, name = table.get("module"), table.get("registered_name")
        foreign = module is not None and not (
            isinstance(module, str) and OWN_MODULE.fullmatch(module)
        )
        custom = name is not None and (not isinstance(name, str) or ">" in name)
        if foreign or custom:
            raise RefusedError(
                mark(
                    "The file names code from outside Keras ({code}), and such code is never run."
                ),
                mark("Build the model from Keras's own layers, and save it again."),
                code=brief(f"{module}.{table.get('class_name')}" if foreign else name),
            )


def _sequential(config: Any, built: Any, origin: Origin) -> Plan:
    layers = config if isinstance(config, list) else config["layers"]  # a list in old versions
    _check_count(len(layers), len(layers))
    shape = _sequential_shape(layers[0], config, built)
    if layers[0]["class_name"] == "InputLayer":
        _check_input(layers[0])
        layers = layers[1:]
    steps, before = [], INPUT
    for place, layer in enumerate(layers):
        step = make_step(layer, place, origin)
        step.calls.append([(before, 0)])
        steps.append(step)
        before = step.name
    _check_labels([step.label for step in steps])
    steps, shape = with_channels_last(steps, INPUT, shape, origin)
    return Plan(True, shape, steps, (before, 0))


def _sequential_shape(first: Any, config: Any, built: Any) -> tuple[int, ...]:
    """Return the input shape: from the first layer, or else from the model's build or call."""
    found = [first["config"].get(key) for key in ("batch_shape", "batch_input_shape")]
    for holder, key in ((config, "build_input_shape"), (built, "input_shape")):
        found.append(holder.get(key) if isinstance(holder, Mapping) else None)
    shape = next((one for one in found if one), None)
    if shape is not None:
        return _input_shape(shape)
    raise RefusedError(
        mark("The file does not state the shape of the model's input."),
        mark("Begin the model with keras.Input((784,)) or keras.Input((28, 28, 1))."),
    )


def _functional(config: Any, origin: Origin) -> Plan:
    layers = config["layers"]
    inputs, outputs = config["input_layers"], config["output_layers"]
    if _count(inputs) != 1 or _count(outputs) != 1:
        raise RefusedError(
            mark("The model has {inputs} inputs and {outputs} outputs."),
            mark("Save a model with one input, an image, and one output, ten numbers."),
            inputs=_count(inputs),
            outputs=_count(outputs),
        )
    _check_count(len(layers), 0)
    found = [one for one in layers if one["class_name"] == "InputLayer"]
    first = found[0]
    if len(found) != 1:
        raise _malformed()
    settings = first["config"]
    shape = _input_shape(settings.get("batch_shape") or settings["batch_input_shape"])
    _check_input(first)
    rest = [layer for layer in layers if layer is not first]
    steps = [make_step(layer, place, origin) for place, layer in enumerate(rest)]
    _check_labels([label_of(first), *(step.label for step in steps)])
    names = {step.label: step.name for step in steps} | {label_of(first): INPUT}
    for step, layer in zip(steps, rest, strict=True):
        step.calls.extend(_sources(node, step, names) for node in layer["inbound_nodes"])
    sources = [call for step in steps for call in step.calls]
    _check_count(len(layers), sum(map(len, sources)))
    if _end(inputs, names) != (INPUT, 0) or not all(sources):
        raise _malformed()
    steps, shape = with_channels_last(steps, INPUT, shape, origin)
    return Plan(False, shape, steps, _end(outputs, names))


def _check_labels(labels: list[str]) -> None:
    """Reject two layers of the same name, by which weights and connections are found."""
    if not labels:
        raise _malformed()
    twice = next((label for label, count in Counter(labels).items() if count > 1), None)
    if twice is not None:
        raise RefusedError(
            mark("Two layers are called {layer}."),
            mark("Give each layer a different name, and save the model again."),
            layer=brief(twice),
        )


def _check_count(layers: int, calls: int) -> None:
    if layers > MOST_LAYERS or calls > MOST_CALLS:
        raise RefusedError(
            mark(
                "The model has {layers} layers with {calls} connections, but the limit is {most} "
                "layers with {most_calls} connections."
            ),
            mark("Save a smaller model."),
            layers=layers,
            calls=calls,
            most=MOST_LAYERS,
            most_calls=MOST_CALLS,
        )


def _count(ends: Any) -> int:
    """Count inputs or outputs: one ``[name, 0, 0]``, a list of them, or a table of names."""
    return 1 if isinstance(ends, list) and ends and isinstance(ends[0], str) else len(ends)


def _end(ends: Any, names: Mapping[str, str]) -> Call:
    """Return the only input or output."""
    if isinstance(ends, Mapping):
        ends = list(ends.values())
    return _call(ends if isinstance(ends[0], str) else ends[0], names)


def _call(history: Any, names: Mapping[str, str]) -> Call:
    label, call, tensor = history[:3]
    if tensor != 0 or type(call) is not int or call < 0 or not isinstance(label, str):
        raise ValueError
    return names.get(label, ""), call  # "" for an unknown layer: the layers are not connected


def _sources(node: Any, step: Step, names: Mapping[str, str]) -> list[Call]:
    """Return the inputs of a call, which Keras 3 writes as a table and Keras 2 as a list."""
    if isinstance(node, list):
        for one in node:
            _check_options(one[3] if len(one) > 3 else {}, step)
        return [_call(one, names) for one in node]
    _check_options(node.get("kwargs") or {}, step)
    arguments = node["args"]
    if len(arguments) != 1:
        raise _odd_call(step)
    tensors = arguments[0] if isinstance(arguments[0], list) else arguments
    if not all(isinstance(one, dict) and "config" in one for one in tensors):
        raise _odd_call(step)
    return [_call(one["config"]["keras_history"], names) for one in tensors]


def _check_options(options: Any, step: Step) -> None:
    if any(value not in (None, False) for value in options.values()):
        raise _odd_call(step)


def _odd_call(step: Step) -> RefusedError:
    return RefusedError(
        mark("Layer {layer} is called with arguments other than the outputs of layers."),
        mark("Call each layer with outputs of other layers only, and save the model again."),
        layer=brief(step.label),
    )


def _malformed() -> RefusedError:
    return damaged(mark("The file is damaged: its description is not as Keras writes it."))


def _check_input(layer: Any) -> None:
    settings = layer["config"]
    kind = settings.get("dtype") or settings.get("input_dtype")
    for name, value in (("sparse", settings.get("sparse")), ("ragged", settings.get("ragged"))):
        if value:
            raise wrong_setting(settings.get("name", ""), name, value)
    if kind is not None and kind not in INPUT_KINDS:
        raise wrong_setting(settings.get("name", ""), "dtype", kind)


def _input_shape(shape: Any) -> tuple[int, ...]:
    """Return the shape of one sample; a fixed batch size is ignored."""
    batch, *found = shape
    fits = all(type(side) is int and 0 < side <= LONGEST_SIDE for side in found)
    if (batch is None or type(batch) is int) and 1 <= len(found) <= 4 and fits:
        return tuple(found)
    raise RefusedError(
        mark("The model's input has the shape {shape}, which cannot be the shape of a sample."),
        mark("Begin the model with keras.Input((784,)) or keras.Input((28, 28, 1))."),
        shape=brief(tuple(found)),
    )
