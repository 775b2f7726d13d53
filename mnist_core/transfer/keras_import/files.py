"""The two formats of model files, read into a description and the arrays of each layer.

``.keras`` is a zip file with the description in ``config.json`` and the weights in
``model.weights.h5``. ``.h5`` is one HDF5 file with the description in an attribute. The first
bytes of a file determine its format, not its name: Keras 2.12 also wrote HDF5 to ``.keras`` files.
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

#: Maximum bytes of all weights as float32, so that the lab's own model file stays below the limit.
MOST_WEIGHTS = MOST_BYTES - 5_000_000
DESCRIPTION, ABOUT, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
#: Files in a .keras file, with their largest size in bytes.
PARTS = {DESCRIPTION: MOST_TEXT, ABOUT: 100_000, WEIGHTS: MOST_BYTES}
ZIP_SIGN, HDF5_SIGN = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
#: Group of the layers' weights in a .keras file: since Keras 2.14, and in 2.12 and 2.13.
LAYERS, DEPENDENCIES = "layers", "_layer_checkpoint_dependencies"
#: Group that contains an array in an HDF5 file, and the array's name in the group.
Place: TypeAlias = tuple[h5py.Group, str]
Weights: TypeAlias = NDArray[np.float32]
#: Contents of other zip files, and an explanation of each.
OTHERS = (
    (r"assets/.*", mark("The file contains vocabularies or other assets, which are not imported.")),
    (r"(.*/)?saved_model\.pb", mark("The file is a SavedModel of TensorFlow, not a .keras file.")),
    (r"(.*/)?data\.pkl", mark("The file is a PyTorch model, not a Keras model.")),
    (r"model.*\.weights\.(json|npz)", mark("The format of the file's weights is not supported.")),
    (r"[^/]+\.npy", mark("The file contains NumPy arrays, but no model.")),
)


@dataclass(frozen=True, eq=False)
class Unpacked:
    """Content of a model file.

    Attributes:
        description: The text that describes the network; JSON in UTF-8.
        origin: The program that wrote the file.
        arrays: The weights of each layer as in Keras 3, by the name of the step; float32.
    """

    description: bytes
    origin: Origin
    arrays: dict[str, list[Weights]]


def unpack(content: bytes) -> Unpacked:
    """Read the description and the weights of a model file, in this process.

    Raises:
        RefusedError: The file cannot be imported.
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
            mark("The file is an index of a model whose weights are in several files."),
            mark("Save the whole model to one file with model.save(“model.keras”)."),
        )
    raise RefusedError(
        mark("The file is not a model: its content is neither in the .keras nor the .h5 format."),
        mark("Save a model with model.save(“model.keras”), and choose that file."),
    )


def check_size(content: bytes) -> None:
    """Reject a file that is empty or too large.

    Raises:
        RefusedError: The file is empty or too large.
    """
    if not content:
        raise RefusedError(mark("The file is empty."), mark("Save the model, and choose its file."))
    if len(content) > MOST_BYTES:
        raise RefusedError(
            mark("The file is larger than {most} MB."),
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
    """Guess the version of a file that does not state it, by keys that only one version has."""
    if b'"output_dim"' in description or b'"nb_filter"' in description:
        return "1"
    return "2" if b'"batch_input_shape"' in description else "3"


def _other(name: str) -> RefusedError | None:
    """Return the error for a file with a member that belongs to another format."""
    why = next((words for form, words in OTHERS if re.fullmatch(form, name)), None)
    if why is None:
        return None
    return RefusedError(
        why, mark("Save a model with Keras's usual layers, using model.save(“model.keras”).")
    )


def _read(places: dict[str, list[Place]], plan: Plan, origin: Origin) -> dict[str, list[Weights]]:
    # Several names may refer to one array; the total size is limited all the same.
    left = MOST_WEIGHTS
    for place in (one for of_layer in places.values() for one in of_layer):
        left -= 4 * arrays.dataset_in(*place).size
    if left < 0:
        raise RefusedError(
            mark("The weights take more than {most} MB in float32."),
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
    """Return the arrays of a .keras file: numbered, in groups named after the layers' classes."""
    root = LAYERS if LAYERS in file else DEPENDENCIES
    seen: Counter[str] = Counter()
    found: dict[str, list[Place]] = {}
    for step in plan.steps:
        name = snake_case(step.kind)
        number = seen[name]
        holder = f"{name}_{number}" if number else name
        inner = ("cell",) if step.kind in RECURRENT else ()
        found[step.name] = _numbered(file, root, holder, *inner)
        # Keras 2.12 and 2.13 count a layer with weights twice.
        seen[name] += 2 if root == DEPENDENCIES and found[step.name] else 1
    return found


def _numbered(file: h5py.File, *path: str) -> list[Place]:
    """Return the arrays of a layer: in nested groups, or in a group named by a Windows path."""
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
    """Return the arrays of an .h5 file: each layer's group lists its arrays in an attribute."""
    layers = arrays.group(file, "model_weights")
    return {step.name: _listed(layers, step) for step in plan.steps}


def _listed(layers: h5py.Group, step: Step) -> list[Place]:
    holder = layers
    for name in _parts(step.label):  # HDF5 treats a slash in a name as a nested group
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
