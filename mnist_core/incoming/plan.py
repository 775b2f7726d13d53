"""From a model's description to a plan of known layers, or to a sentence about what is unknown.

Keras writes a description in JSON: nested tables that name classes and their settings. Here it is
only read. What comes out are names of the table in :mod:`allowed` with plain, checked values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mnist_core.incoming.allowed import LAYERS, LEFT_OUT, RENAMED
from mnist_core.incoming.refusal import RefusedError, brief, damaged
from mnist_core.words import mark

#: Most bytes of a model file, packed or not.
MOST_BYTES = 100_000_000
#: A description is text: a network of 300 layers has some 300 kB.
MOST_TEXT = 2_000_000
DEEPEST = 40
MOST_LAYERS = 300
MOST_CALLS = 600
#: Longest side of a sample.
LONGEST_SIDE = 1_000_000
#: Where Keras's own classes live.
OWN_MODULE = re.compile(r"builtins|keras(\.\w+)*")
NAME = re.compile(r"\w[\w.\- ]{0,99}")

#: A layer's name, and which of its calls.
Call: TypeAlias = tuple[str, int]


@dataclass(frozen=True)
class Wanted:
    """What a network must take and answer to be of use here.

    Attributes:
        shapes: The shapes that one sample may have.
        outputs: How many numbers it answers with.
        probabilities: Whether these are probabilities of classes that exclude each other. A file
            from outside may then end in the sums before them.
    """

    shapes: tuple[tuple[int, ...], ...]
    outputs: int
    probabilities: bool = True


#: A network that reads digits, however the pixels of a picture are laid out.
DIGITS = Wanted(((784,), (28, 28), (28, 28, 1)), 10)


@dataclass(frozen=True)
class Step:
    """One layer, and what it is applied to.

    Attributes:
        kind: Its class, a key of ``LAYERS``.
        name: Its own name.
        settings: Checked values, by name.
        calls: For each time that it is applied, the outputs that it takes.
    """

    kind: str
    name: str
    settings: dict[str, Any]
    calls: list[list[Call]] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """A network to be built.

    Attributes:
        name: Its name.
        is_sequential: Whether each layer follows the one before.
        input_name: Name of its input.
        input_shape: One sample's shape.
        steps: The layers in the file's order, without the input.
        output: What it answers with.
    """

    name: str
    is_sequential: bool
    input_name: str
    input_shape: tuple[int, ...]
    steps: list[Step]
    output: Call


def read_json(text: bytes) -> Any:
    """A description from its text.

    Raises:
        RefusedError: It is too long, nested too deep, or no JSON.
    """
    if len(text) > MOST_TEXT:
        raise RefusedError(
            mark("Its description has {size} bytes, and {most} are the most that is read."),
            mark("Save a smaller model."),
            size=f"{len(text):,}",
            most=f"{MOST_TEXT:,}",
        )
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise damaged(mark("It is damaged: its description is no JSON.")) from error
    if _deeper_than(found, DEEPEST):
        raise damaged(mark("It is damaged: its description is nested too deep."))
    return found


def make_plan(description: Any) -> Plan:
    """The plan of a description.

    Raises:
        RefusedError: It names something that is not known here, or does not hang together.
    """
    try:
        _refuse_foreign_code(description)
        kind, config = description["class_name"], description["config"]
        if kind == "Sequential":
            return _sequential(config)
        if kind in ("Functional", "Model") and isinstance(config, Mapping) and "layers" in config:
            return _functional(config)
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as error:
        raise damaged(mark("It is damaged: its description is not as Keras writes one.")) from error
    raise RefusedError(
        mark("It is a {kind}, and only Sequential and functional models are rebuilt."),
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
    """Nothing in the whole text may name code that is not Keras's, used or not."""
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
                mark("It names code that is not Keras's own: {code}. Such code is never run here."),
                mark("Build the model from Keras's own layers, and save it again."),
                code=brief(f"{module}.{table.get('class_name')}" if foreign else name),
            )


def _sequential(config: Any) -> Plan:
    layers = config if isinstance(config, list) else config["layers"]  # the oldest are a list
    name = "model" if isinstance(config, list) else config.get("name", "model")
    _check_count(len(layers), len(layers))
    first = layers[0]
    if first["class_name"] == "InputLayer":
        input_name, layers = _input_name(first), layers[1:]
    else:
        input_name = "input"
    shape = _sequential_shape(first, config)
    steps, before = [], input_name
    for layer in layers:
        step = _step(layer)
        step.calls.append([(before, 0)])
        steps.append(step)
        before = step.name
    plan = Plan(_name(name), True, input_name, shape, steps, (before, 0))
    return _checked(plan)


def _sequential_shape(first: Any, config: Any) -> tuple[int, ...]:
    settings = first["config"]
    for key in ("batch_shape", "batch_input_shape"):
        if settings.get(key):
            return _input_shape(settings[key])
    if isinstance(config, Mapping) and config.get("build_input_shape"):
        return _input_shape(config["build_input_shape"])
    raise RefusedError(
        mark("It does not say which shape its input has."),
        mark("Begin the model with keras.Input((784,)) or keras.Input((28, 28, 1))."),
    )


def _functional(config: Any) -> Plan:
    layers = config["layers"]
    inputs = _ends(config["input_layers"])
    outputs = _ends(config["output_layers"])
    if len(inputs) != 1 or len(outputs) != 1:
        raise RefusedError(
            mark("It has {inputs} inputs and {outputs} outputs."),
            mark("Save a model with one input, a picture, and one output, ten numbers."),
            inputs=len(inputs),
            outputs=len(outputs),
        )
    _check_count(len(layers), sum(len(layer["inbound_nodes"]) for layer in layers))
    found = [one for one in layers if one["class_name"] == "InputLayer"]
    first = found[0]
    if len(found) != 1 or _input_name(first) != inputs[0][0]:
        raise damaged(mark("It is damaged: its description is not as Keras writes one."))
    settings = first["config"]
    shape = _input_shape(settings.get("batch_shape") or settings["batch_input_shape"])
    steps = []
    for layer in layers:
        if layer is first:
            continue
        step = _step(layer)
        step.calls.extend(_sources(node, step) for node in layer["inbound_nodes"])
        steps.append(step)
    name = _name(config.get("name", "model"))
    return _checked(Plan(name, False, inputs[0][0], shape, steps, outputs[0]))


def _checked(plan: Plan) -> Plan:
    """Refuse two layers of one name."""
    names = [plan.input_name, *(step.name for step in plan.steps)]
    if len(set(names)) != len(names) or not plan.steps:
        raise damaged(mark("It is damaged: its description is not as Keras writes one."))
    return plan


def _check_count(layers: int, calls: int) -> None:
    if layers > MOST_LAYERS or calls > MOST_CALLS:
        raise RefusedError(
            mark("It has {layers} layers, and {most} are the most that are rebuilt."),
            mark("Save a smaller model."),
            layers=layers,
            most=MOST_LAYERS,
        )


def _ends(value: Any) -> list[Call]:
    """The inputs or outputs: one as ``[name, 0, 0]``, or a list of such."""
    if value and isinstance(value[0], str):
        value = [value]
    return [_call(one) for one in value]


def _call(history: Any) -> Call:
    name, call, tensor = history[:3]
    if tensor != 0 or not isinstance(call, int) or not isinstance(name, str):
        raise ValueError
    return name, call


def _sources(node: Any, step: Step) -> list[Call]:
    """What a layer is applied to, as Keras 3 (a table) or Keras 2 (a list) writes it."""
    if isinstance(node, list):
        for one in node:
            _check_options(one[3] if len(one) > 3 else {}, step)
        return [_call(one) for one in node]
    _check_options(node.get("kwargs") or {}, step)
    arguments = node["args"]
    if len(arguments) != 1:
        raise _odd_call(step)
    tensors = arguments[0] if isinstance(arguments[0], list) else arguments
    if not all(isinstance(one, dict) and "config" in one for one in tensors):
        raise _odd_call(step)
    return [_call(one["config"]["keras_history"]) for one in tensors]


def _check_options(options: Any, step: Step) -> None:
    if any(value not in (None, False) for value in options.values()):
        raise _odd_call(step)


def _odd_call(step: Step) -> RefusedError:
    return RefusedError(
        mark("Its layer {layer} is called with more than the output of other layers."),
        mark("Call each layer with other layers' outputs alone, and save it again."),
        layer=brief(step.name),
    )


def _input_name(layer: Any) -> str:
    settings = layer["config"]
    kind = settings.get("dtype", "float32")
    if kind not in ("float32", None) or settings.get("sparse") or settings.get("ragged"):
        raise _wrong_setting(settings.get("name", "input"), "dtype", kind)
    return _name(settings.get("name", "input"))


def _input_shape(shape: Any) -> tuple[int, ...]:
    found = tuple(shape[1:])
    sides = all(type(side) is int and 0 < side <= LONGEST_SIDE for side in found)
    if shape[0] is None and 1 <= len(found) <= 4 and sides:
        return found
    raise RefusedError(
        mark("Its input has the shape {shape}, which is not that of one sample."),
        mark("Begin the model with keras.Input((784,)) or keras.Input((28, 28, 1))."),
        shape=brief(found),
    )


def _name(name: Any) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise RefusedError(
            mark("It calls a layer {name}, which is no name."),
            mark("Use letters, digits and the sign _ in the names of layers."),
            name=brief(name),
        )
    return name


def _step(layer: Any) -> Step:
    kind, config = layer["class_name"], layer["config"]
    if kind not in LAYERS:
        raise RefusedError(
            mark("It has a layer of the kind {kind}, which is not among those rebuilt here."),
            mark("Use Keras's usual layers: no Lambda, no layer of your own, no model in a model."),
            kind=brief(kind),
        )
    name = _name(config.get("name", layer.get("name")))
    settings: dict[str, Any] = {}
    for key, value in config.items():
        key = RENAMED.get((kind, key), key)
        if key == "trainable":
            settings[key] = bool(value)
        elif key == "dtype":
            _check_dtype(name, value)
        elif key in LAYERS[kind]:
            try:
                settings[key] = LAYERS[kind][key](value)
            except (ValueError, TypeError, KeyError, OverflowError) as error:
                raise _wrong_setting(name, key, value) from error
        elif key not in LEFT_OUT and key != "name" and value not in (None, False, "", [], {}):
            raise _wrong_setting(name, key, value)
    return Step(kind, name, settings)


def _check_dtype(name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        if value.get("class_name") not in ("DTypePolicy", "Policy"):
            raise _wrong_setting(name, "dtype", value.get("class_name"))
        value = value["config"]["name"]
    if value not in (None, "float32"):
        raise _wrong_setting(name, "dtype", value)


def _wrong_setting(layer: object, setting: str, value: Any) -> RefusedError:
    if isinstance(value, dict):
        value = value.get("config") if value.get("class_name") == "function" else value
    return RefusedError(
        mark("Its layer {layer} has {setting} = {value}, which is not known here."),
        mark("Use what comes with Keras, in float32, and save the model again."),
        layer=brief(layer),
        setting=brief(setting),
        value=brief(value),
    )
