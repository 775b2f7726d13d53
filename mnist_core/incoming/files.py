"""The two forms of a model file, taken apart: a description and, for each layer, its arrays.

``.keras`` is a zip file with the description in ``config.json`` and the weights in
``model.weights.h5``. ``.h5`` is one HDF5 file with the description in an attribute. Which one a
file is, its first bytes say, whatever it is called.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from mnist_core.incoming import arrays, packed
from mnist_core.incoming.plan import MOST_BYTES, MOST_TEXT, Plan, make_plan, read_json
from mnist_core.incoming.refusal import RefusedError, damaged
from mnist_core.words import mark

DESCRIPTION, ABOUT, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
#: What a .keras file consists of, with the most bytes of each.
PARTS = {DESCRIPTION: MOST_TEXT, ABOUT: 100_000, WEIGHTS: MOST_BYTES}
ZIP_SIGN, HDF5_SIGN = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
#: The group of an array in an HDF5 file, and its name there.
Place: TypeAlias = tuple[h5py.Group, str]
Weights: TypeAlias = NDArray[np.float32]
RECURRENT = ("SimpleRNN", "GRU", "LSTM")


@dataclass(frozen=True, eq=False)
class Unpacked:
    """What is in a model file.

    Attributes:
        description: The text that describes the network; JSON in UTF-8.
        arrays: The weights of each layer, by the layer's name, in their order; float32.
    """

    description: bytes
    arrays: dict[str, list[Weights]]


def unpack(content: bytes) -> Unpacked:
    """Take a model file apart, in this process.

    Raises:
        RefusedError: It cannot be used.
    """
    if content.startswith(ZIP_SIGN):
        with packed.opened(io.BytesIO(content), PARTS.get) as parts:
            description = parts.read(DESCRIPTION)
            plan = make_plan(read_json(description))
            weights = parts.read(WEIGHTS)
        with arrays.opened(weights) as file:
            return Unpacked(description, _read(_places_in_keras(file, plan)))
    if content.startswith(HDF5_SIGN):
        with arrays.opened(content) as file:
            description = arrays.text(file, "model_config")
            plan = make_plan(read_json(description))
            return Unpacked(description, _read(_places_in_h5(file, plan)))
    raise RefusedError(
        mark("It is no model: what it begins with is neither a .keras nor a .h5 file."),
        mark("Save one with model.save(“model.keras”), and choose that file."),
    )


def check_size(content: bytes) -> None:
    """Refuse a file that is empty or far too large.

    Raises:
        RefusedError: It is.
    """
    if not content:
        raise RefusedError(mark("It is empty."), mark("Save the model, and choose its file."))
    if len(content) > MOST_BYTES:
        raise RefusedError(
            mark("It has {size} MB, and {most} MB are the most that is taken."),
            mark("Save a smaller model."),
            size=-(-len(content) // 1_000_000),
            most=MOST_BYTES // 1_000_000,
        )


def _read(places: dict[str, list[Place]]) -> dict[str, list[Weights]]:
    # One array may have many names: together they may not be larger than a file can be.
    left = MOST_BYTES
    for place in (one for of_layer in places.values() for one in of_layer):
        left -= arrays.dataset_in(*place).nbytes
    if left < 0:
        raise damaged(mark("It is damaged: its weights are larger than the file."))
    return {
        layer: [arrays.array(*place) for place in of_layer] for layer, of_layer in places.items()
    }


def _places_in_keras(file: h5py.File, plan: Plan) -> dict[str, list[Place]]:
    """The arrays by the scheme of .keras: numbered, in a group called after the layer's class."""
    layers = arrays.group(file, "layers")
    seen: Counter[str] = Counter()
    found: dict[str, list[Place]] = {}
    for step in plan.steps:
        name = snake_case(step.kind)
        number = seen[name]
        seen[name] += 1
        holder = f"{name}_{number}" if number else name
        path = (holder, "cell", "vars") if step.kind in RECURRENT else (holder, "vars")
        if holder not in layers:
            found[step.name] = []
            continue
        variables = arrays.group(layers, *path)
        names = [str(place) for place in range(min(len(variables), arrays.MOST_NAMES))]
        found[step.name] = [(variables, one) for one in names]
    return found


def _places_in_h5(file: h5py.File, plan: Plan) -> dict[str, list[Place]]:
    """The arrays by the scheme of .h5: in a group of the layer's name, which lists theirs."""
    layers = arrays.group(file, "model_weights")
    found: dict[str, list[Place]] = {}
    for step in plan.steps:
        places: list[Place] = []
        if step.name in layers:
            holder = arrays.group(layers, step.name)
            for path in arrays.names(holder, "weight_names"):
                *above, last = path.split("/")
                places.append((arrays.group(holder, *above), last))
        found[step.name] = places
    return found


def snake_case(kind: str) -> str:
    """A class's name as Keras writes it in a file: ``MaxPooling2D`` is ``max_pooling2d``."""
    kind = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
