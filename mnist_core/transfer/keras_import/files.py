"""The two forms of a model file, taken apart: a description and, for each layer, its arrays.

``.keras`` is a zip file with the description in ``config.json`` and the weights in
``model.weights.h5``. ``.h5`` is one HDF5 file with the description in an attribute. Which one a
file is, its first bytes say, whatever it is called: Keras 2.12 wrote ``.h5`` into ``.keras``, too.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from mnist_core.i18n import mark
from mnist_core.inference.layer_names import snake_case
from mnist_core.transfer.keras_import import arrays, zip_files
from mnist_core.transfer.keras_import.layer_plan import RECURRENT, Step
from mnist_core.transfer.keras_import.legacy import Origin, modern_weights
from mnist_core.transfer.keras_import.plan import MOST_BYTES, MOST_TEXT, Plan, make_plan, read_json
from mnist_core.transfer.keras_import.refusal import RefusedError

#: Most bytes of all weights as float32, so that the lab's own file of them is no larger than this.
MOST_WEIGHTS = MOST_BYTES - 5_000_000
DESCRIPTION, ABOUT, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
#: What a .keras file consists of, with the most bytes of each.
PARTS = {DESCRIPTION: MOST_TEXT, ABOUT: 100_000, WEIGHTS: MOST_BYTES}
ZIP_SIGN, HDF5_SIGN = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
#: Where the weights of the layers lie in a .keras file: since Keras 2.14, and in 2.12 and 2.13.
LAYERS, DEPENDENCIES = "layers", "_layer_checkpoint_dependencies"
#: The group of an array in an HDF5 file, and its name there.
Place: TypeAlias = tuple[h5py.Group, str]
Weights: TypeAlias = NDArray[np.float32]
#: Parts of files that are no .keras file, or one that is not read, and what such a file is.
OTHERS = (
    (r"assets/.*", mark("It brings tables of words or other assets, which are not taken.")),
    (r"(.*/)?saved_model\.pb", mark("It is a SavedModel of TensorFlow, not a .keras file.")),
    (r"(.*/)?data\.pkl", mark("It is a model of PyTorch, not one of Keras.")),
    (r"model.*\.weights\.(json|npz)", mark("Its weights lie in a form that is not read here.")),
    (r"[^/]+\.npy", mark("It holds arrays of NumPy, and no model.")),
)


@dataclass(frozen=True, eq=False)
class Unpacked:
    """What is in a model file.

    Attributes:
        description: The text that describes the network; JSON in UTF-8.
        origin: What wrote it.
        arrays: The weights of each layer as Keras 3 has them, by the name of its step; float32.
    """

    description: bytes
    origin: Origin
    arrays: dict[str, list[Weights]]


def unpack(content: bytes) -> Unpacked:
    """Take a model file apart, in this process.

    Raises:
        RefusedError: It cannot be used.
    """
    if content.startswith(ZIP_SIGN):
        with zip_files.opened(io.BytesIO(content), PARTS.get, _other) as parts:
            description = parts.read(DESCRIPTION)
            version = _version(parts.read(ABOUT)) if ABOUT in parts.sizes else None
            origin = Origin.of(version or _likely_version(description))
            plan = make_plan(read_json(description), origin)
            weights = parts.read(WEIGHTS)
        with arrays.opened(weights) as file:
            return Unpacked(description, origin, _read(_places_in_keras(file, plan), plan, origin))
    if content.startswith(HDF5_SIGN):
        with arrays.opened(content) as file:
            description = arrays.text(file, "model_config")
            version = arrays.note(file, "keras_version") or _likely_version(description)
            origin = Origin.of(version, arrays.note(file, "backend"))
            plan = make_plan(read_json(description), origin)
            return Unpacked(description, origin, _read(_places_in_h5(file, plan), plan, origin))
    if content.lstrip()[:1] == b"{" and b'"weight_map"' in content[:100_000]:
        raise RefusedError(
            mark("It lists the files that a model's weights were divided into."),
            mark("Save the whole model in one file: model.save(“model.keras”)."),
        )
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
            mark("It has more than {most} MB, which is the most that is taken."),
            mark("Save a smaller model."),
            most=MOST_BYTES // 1_000_000,
        )


def _version(about: bytes) -> str | None:
    try:
        version = json.loads(about)["keras_version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return version if isinstance(version, str) else None


def _likely_version(description: bytes) -> str:
    """The version of a file that does not say it, by words that stand in one version alone."""
    if b'"output_dim"' in description or b'"nb_filter"' in description:
        return "1"
    return "2" if b'"batch_input_shape"' in description else "3"


def _other(name: str) -> RefusedError | None:
    """What a file is that has such a part."""
    why = next((words for form, words in OTHERS if re.fullmatch(form, name)), None)
    if why is None:
        return None
    return RefusedError(
        why, mark("Save a model of Keras's usual layers with model.save(“model.keras”).")
    )


def _read(places: dict[str, list[Place]], plan: Plan, origin: Origin) -> dict[str, list[Weights]]:
    # One array may have many names: together they may not be larger than a file can be.
    left = MOST_WEIGHTS
    for place in (one for of_layer in places.values() for one in of_layer):
        left -= 4 * arrays.dataset_in(*place).size
    if left < 0:
        raise RefusedError(
            mark("Its weights take more than {most} MB in float32."),
            mark("Save a smaller model."),
            most=MOST_WEIGHTS // 1_000_000,
        )
    found: dict[str, list[Weights]] = {}
    for step in plan.steps:
        of_layer = [arrays.array(*place) for place in places[step.name]]
        found[step.name] = modern_weights(
            step.kind, step.settings, of_layer, origin, turns_kernel=step.turns_kernel
        )
    return found


def _places_in_keras(file: h5py.File, plan: Plan) -> dict[str, list[Place]]:
    """The arrays by the scheme of .keras: numbered, in a group called after the layer's class."""
    root = LAYERS if LAYERS in file else DEPENDENCIES
    seen: Counter[str] = Counter()
    found: dict[str, list[Place]] = {}
    for step in plan.steps:
        name = snake_case(step.kind)
        number = seen[name]
        holder = f"{name}_{number}" if number else name
        inner = ("cell",) if step.kind in RECURRENT else ()
        found[step.name] = _numbered(file, root, holder, *inner)
        # Keras 2.12 and 2.13 counted a layer that has weights twice.
        seen[name] += 2 if root == DEPENDENCIES and found[step.name] else 1
    return found


def _numbered(file: h5py.File, *path: str) -> list[Place]:
    """The arrays of a layer: in groups below each other, or in one whose name is a Windows path."""
    joined = "\\".join(path)
    parent, rest = (file, (joined,)) if joined in file else (file, path)
    for name in rest:
        if name not in parent:
            return []
        parent = arrays.group(parent, name)
    if "vars" not in parent:
        return []
    variables = arrays.group(parent, "vars")
    return [(variables, str(one)) for one in range(min(len(variables), arrays.MOST_NAMES))]


def _places_in_h5(file: h5py.File, plan: Plan) -> dict[str, list[Place]]:
    """The arrays by the scheme of .h5: in a group of the layer's name, which lists theirs."""
    layers = arrays.group(file, "model_weights")
    return {step.name: _listed(layers, step) for step in plan.steps}


def _listed(layers: h5py.Group, step: Step) -> list[Place]:
    holder = layers
    for name in _parts(step.label):  # HDF5 takes a slash in a name for a group in a group
        if name not in holder:
            return []
        holder = arrays.group(holder, name)
    places: list[Place] = []
    for path in arrays.names(holder, "weight_names"):
        *above, last = _parts(path) or [""]
        places.append((arrays.group(holder, *above), last))
    return places


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]
