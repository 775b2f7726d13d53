"""A Keras model, and what it is compiled with, as the lines of code that build them.

The lines come from the objects themselves: each says what differs from a new object of its kind
that is given no more than it has to be. So a network that is added to the lab later is written
as its author would write it, and nothing here knows any of them by name.

Only worker processes import this module: it loads Keras.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mnist_core.errors import DataError
from mnist_core.i18n import mark
from mnist_core.tensorflow_setup import keras

#: A line of code has so many characters, at most.
WIDTH = 100
#: Keras's short names for the modules that its objects are used from.
PLACES = {"keras.layers": "layers"}


def model_lines(model: keras.Model) -> str:
    """The expression that builds a model anew.

    Args:
        model: Layers one after another, or a graph of layers each of which is used once.

    Returns:
        Statements for the body of a function, the last of which returns the model; they need
        ``import keras`` and ``from keras import layers``.

    Raises:
        DataError: It is built in another way, or has a layer that is not Keras's own.
    """
    if isinstance(model, keras.Sequential):
        entries = [object_code(layer, 12) for layer in model.layers]
        taken = f"keras.Input({code_of(tuple(model.input_shape[1:]))})"
        body = "".join(f"            {entry},\n" for entry in (taken, *entries))
        end = f"        name={code_of(model.name)},\n    )"
        return f"    return keras.Sequential(\n        [\n{body}        ],\n{end}"
    return _graph_lines(model)


def _graph_lines(model: keras.Model) -> str:
    """A model whose layers do not just follow each other: one line for each, in order."""
    called: dict[int, str] = {}  # its tensors' names

    def names(tensors: Any) -> str:
        several = tensors if isinstance(tensors, list | tuple) else [tensors]
        try:
            known = [called[id(tensor)] for tensor in several]
        except KeyError as error:  # made by an operation that is no layer
            raise _unknown(model) from error
        return known[0] if len(known) == 1 else f"[{', '.join(known)}]"

    lines = []
    for number, layer in enumerate(model.layers):
        name = f"x_{number}"
        if isinstance(layer, keras.layers.InputLayer):
            code = f"keras.Input({code_of(tuple(layer.batch_shape[1:]))})"
        else:
            code = f"{object_code(layer, 4)}({names(layer.input)})"
        called[id(layer.output)] = name
        lines.append(f"    {name} = {code}\n")
    ends = f"{names(model.inputs)}, {names(model.outputs)}, name={code_of(model.name)}"
    return "".join(lines) + f"    return keras.Model({ends})"


def object_code(thing: Any, indent: int = 0, **named: str) -> str:
    """A call that makes a Keras object like this one.

    Args:
        thing: A layer, an initializer, a regularizer, an optimizer, …
        indent: Where the call stands in its line, to know where to break it.
        **named: Code for arguments that are known by another name, such as a constant's.

    Raises:
        DataError: It is not Keras's own.
    """
    kind = type(thing)
    place = _place(thing)
    config = thing.get_config()
    required, defaults = _arguments(kind)
    plain = kind(**{name: config[name] for name in required}).get_config()
    arguments = [named.get(name) or code_of(config[name]) for name in required]
    for name in defaults:
        if name in named:
            arguments.append(f"{name}={named[name]}")
        elif name in config and _differs(name, config[name], plain.get(name), kind):
            arguments.append(f"{name}={code_of(config[name])}")
    return call(f"{place}.{kind.__name__}", arguments, indent)


def call(name: str, arguments: Sequence[str], indent: int = 0) -> str:
    """A call on one line, or broken as today's formatters break it."""
    line = f"{name}({', '.join(arguments)})"
    if indent + len(line) < WIDTH:  # a comma may follow
        return line
    inner = " " * (indent + 4)
    together = ", ".join(arguments)
    if len(inner) + len(together) > WIDTH:
        together = "".join(f"{inner}{argument},\n" for argument in arguments).strip("\n ")
    return f"{name}(\n{inner}{together}\n{' ' * indent})"


def code_of(value: Any) -> str:
    """A value of a configuration as code."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float | np.floating):
        return _number(float(value))
    if isinstance(value, tuple | list):
        inside = ", ".join(code_of(part) for part in value)
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, Mapping) and "class_name" in value:
        return _nested(keras.saving.deserialize_keras_object(value))
    if value is None or isinstance(value, bool | int):
        return repr(value)
    raise _unknown(value)


def _nested(thing: Any) -> str:
    """An initializer, a regularizer or the like: by its short name, if that is all there is to say.

    Keras takes "ones" for ``keras.initializers.Ones()``.
    """
    code = object_code(thing)
    if not code.endswith("()"):
        return code
    return json.dumps(_snake_case(type(thing).__name__))


def _arguments(kind: type) -> tuple[list[str], list[str]]:
    """Names of the arguments that an object must be given, and of those that it may be."""
    parameters = list(inspect.signature(kind).parameters.values())
    named = [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    required = [one.name for one in named if one.default is one.empty]
    optional = [one.name for one in named if one.default is not one.empty]
    # What goes through **kwargs to every layer.
    more = ["trainable", "dtype"] if issubclass(kind, keras.layers.Layer) else []
    return required, optional + [name for name in ["name", *more] if name not in optional]


def _differs(name: str, value: Any, usual: Any, kind: type) -> bool:
    if name == "name" and isinstance(value, str):
        # "dense_3" says only how many there were before.
        return re.fullmatch(rf"{_snake_case(kind.__name__)}(_\d+)?", value) is None
    return bool(value != usual)


def _place(thing: Any) -> str:
    """Where a program finds an object's class: ``layers`` for a layer."""
    if not type(thing).__module__.startswith("keras.") or isinstance(thing, keras.layers.Lambda):
        raise _unknown(thing)
    place = str(keras.saving.serialize_keras_object(thing)["module"])
    return PLACES.get(place, place)


def _number(value: float) -> str:
    """A number as a person wrote it: 0.001, where 32 bits keep 0.0010000000474974513."""
    if float(np.float32(value)) != value:
        return repr(value)
    return repr(float(f"{value:.7g}"))


def _snake_case(name: str) -> str:
    words = re.sub(r"\W+", "", name)
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", words)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _unknown(thing: Any) -> DataError:
    return DataError(
        mark("A network with “{thing}” is to be written as code."),
        mark("The lab cannot say in code how it is built."),
        mark("Choose a format that holds the model itself, such as the Keras model."),
        thing=getattr(thing, "name", type(thing).__name__),
    )
