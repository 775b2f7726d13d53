"""Code that builds and compiles a Keras model, generated from the model.

The code comes from the objects' configurations: a call names only the arguments that differ from
the defaults. So networks that are added to the lab later are exported without a change here.

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
from mnist_core.inference.layer_names import snake_case
from mnist_core.tensorflow_setup import keras

#: Maximum length of a line of code.
WIDTH = 100
#: Short names of Keras modules in the exported code.
PLACES = {"keras.layers": "layers"}


def model_lines(model: keras.Model) -> str:
    """Return the statements that build a model.

    Args:
        model: A sequential model, or a graph of layers each of which is used once.

    Returns:
        Statements for the body of a function, the last of which returns the model; they need
        ``import keras`` and ``from keras import layers``.

    Raises:
        DataError: The model is built in another way, or has a layer that is not from Keras.
    """
    if isinstance(model, keras.Sequential):
        entries = [object_code(layer, 12) for layer in model.layers]
        taken = f"keras.Input({code_of(tuple(model.input_shape[1:]))})"
        body = "".join(f"            {entry},\n" for entry in (taken, *entries))
        end = f"        name={code_of(model.name)},\n    )"
        return f"    return keras.Sequential(\n        [\n{body}        ],\n{end}"
    return _graph_lines(model)


def _graph_lines(model: keras.Model) -> str:
    """Return the statements for a functional model: one line for each layer, in order."""
    called: dict[int, str] = {}  # names of the tensors

    def names(tensors: Any) -> str:
        several = tensors if isinstance(tensors, list | tuple) else [tensors]
        try:
            known = [called[id(tensor)] for tensor in several]
        except KeyError as error:  # the output of an operation that is not a layer
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
    """Return a call that creates a Keras object like the given one.

    Args:
        thing: A layer, an initializer, a regularizer, an optimizer, …
        indent: Column of the call, which determines where lines are broken.
        **named: Code for some arguments, such as the name of a constant.

    Raises:
        DataError: The object is not from Keras.
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
    """Return a call on one line, or broken as code formatters break it."""
    line = f"{name}({', '.join(arguments)})"
    if indent + len(line) < WIDTH:  # a comma may follow
        return line
    inner = " " * (indent + 4)
    together = ", ".join(arguments)
    if len(inner) + len(together) > WIDTH:
        together = "".join(f"{inner}{argument},\n" for argument in arguments).strip("\n ")
    return f"{name}(\n{inner}{together}\n{' ' * indent})"


def code_of(value: Any) -> str:
    """Return code for a value of a configuration."""
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
    """Return code for an initializer, a regularizer or the like: its short name if that suffices.

    Keras accepts "ones" for ``keras.initializers.Ones()``.
    """
    code = object_code(thing)
    if not code.endswith("()"):
        return code
    return json.dumps(snake_case(type(thing).__name__))


def _arguments(kind: type) -> tuple[list[str], list[str]]:
    """Return the names of the required and of the optional arguments of a class."""
    parameters = list(inspect.signature(kind).parameters.values())
    named = [one for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    required = [one.name for one in named if one.default is one.empty]
    optional = [one.name for one in named if one.default is not one.empty]
    # Arguments that every layer accepts through **kwargs.
    more = ["trainable", "dtype"] if issubclass(kind, keras.layers.Layer) else []
    return required, optional + [name for name in ["name", *more] if name not in optional]


def _differs(name: str, value: Any, usual: Any, kind: type) -> bool:
    if name == "name" and isinstance(value, str):
        # A name such as "dense_3" was generated by Keras.
        return re.fullmatch(rf"{snake_case(kind.__name__)}(_\d+)?", value) is None
    return bool(value != usual)


def _place(thing: Any) -> str:
    """Return the module that an object's class is used from: ``layers`` for a layer."""
    if not type(thing).__module__.startswith("keras.") or isinstance(thing, keras.layers.Lambda):
        raise _unknown(thing)
    place = str(keras.saving.serialize_keras_object(thing)["module"])
    return PLACES.get(place, place)


def _number(value: float) -> str:
    """Return code for a number as written by a person: 0.001, not 0.0010000000474974513."""
    if float(np.float32(value)) != value:
        return repr(value)
    return repr(float(f"{value:.7g}"))


def _unknown(thing: Any) -> DataError:
    return DataError(
        mark("“{thing}” cannot be exported as code: the lab has no code that builds it."),
        mark("Choose a format that contains the model itself, such as the Keras model."),
        thing=getattr(thing, "name", type(thing).__name__),
    )
