"""Import of a model file as a run that can be evaluated, used and exported like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mnist_core.runs import Store
from mnist_core.runs.artifacts import BEST_MODEL, LAST_MODEL
from mnist_core.tensorflow_setup import keras
from mnist_core.transfer.keras_import import pixel_range
from mnist_core.transfer.keras_import.build import build
from mnist_core.transfer.keras_import.files import Unpacked, check_size
from mnist_core.transfer.keras_import.findings import AUTO
from mnist_core.transfer.keras_import.legacy import Origin
from mnist_core.transfer.keras_import.plan import DIGITS, MOST_BYTES, Wanted, make_plan, read_json
from mnist_core.transfer.keras_import.refusal import RefusedError
from mnist_core.transfer.keras_import.sandbox import unpack_in_sandbox
from mnist_core.transfer.uploads import EndedRun, add_ended, arrived, imported_config, name_of


@dataclass(frozen=True, eq=False)
class IncomingModel:
    """A model that was rebuilt from a file.

    Attributes:
        model: Its output is the required one: for digits, ten probabilities.
        output: "softmax", "logits" if the file's own output was logits, or "as it is" if no
            probabilities were required.
        kind: "keras" or "h5".
        origin: The program that wrote the file.
    """

    model: keras.Model
    output: str
    kind: str
    origin: Origin

    def saved(self) -> bytes:
        """Return the content of a .keras file that the lab has written."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            self.model.save(path)
            return path.read_bytes()


def read_model_file(
    content: bytes,
    file: str,
    unpack: Callable[[bytes], Unpacked] = unpack_in_sandbox,
    wanted: Wanted = DIGITS,
) -> IncomingModel:
    """Rebuild the network in a model file, without executing anything in the file.

    Args:
        content: The file.
        file: The file's name, for the error message.
        unpack: Reads the file; by default in a sandboxed process.
        wanted: The required input and output.

    Raises:
        DataError: The file cannot be imported.
    """
    try:
        check_size(content)
        found = unpack(content)
        plan = make_plan(read_json(found.description), found.origin)
        model, output = build(plan, found.arrays, wanted)
    except RefusedError as error:
        raise error.named(file) from error
    kind = "keras" if content.startswith(b"PK") else "h5"
    return IncomingModel(model, output, kind, found.origin)


def import_model(
    store: Store, run_id: str, file: str, pixel_scaling: str, name: str | None = None
) -> str:
    """Create a run from an uploaded model file.

    Args:
        store: The run store.
        run_id: The id that :func:`mnist_core.transfer.uploads.keep_arrived` returned.
        file: The file's name.
        pixel_scaling: "unit" for a network that takes pixels from 0 to 1, "raw" for 0 to 255,
            "auto" to determine the range by measuring.
        name: The run's name; None for the file's name.

    Returns:
        The run's id.

    Raises:
        DataError: The file cannot be imported.
        StoreError: The store cannot be written.
    """
    try:
        incoming = read_model_file(arrived(store, run_id, MOST_BYTES), file)
        run = _keep(store, run_id, incoming, file, pixel_scaling, name)
    except BaseException:
        store.artifacts.remove(run_id)
        raise
    finally:
        store.arriving.remove(run_id)
    return run


def _keep(
    store: Store,
    run_id: str,
    incoming: IncomingModel,
    file: str,
    pixel_scaling: str,
    name: str | None,
) -> str:
    model = incoming.model
    found, turned = pixel_range.run_trials(model), False
    if incoming.origin.major == 1:
        found, turned = pixel_range.with_rotated_kernels(model, found)
    chosen = "given"
    if pixel_scaling == AUTO:
        pixel_scaling, chosen = pixel_range.better_range(found)
    try:
        pixel_range.check_probabilities(found[pixel_scaling])
    except RefusedError as error:
        raise error.named(file) from error
    other = pixel_range.other_way(found)
    test_loss, test_accuracy, read = pixel_range.measured(model, pixel_scaling)
    content = incoming.saved()
    for checkpoint in (BEST_MODEL, LAST_MODEL):
        store.artifacts.write(run_id, checkpoint, content)
    known = {
        "file": file[:200],
        "kind": incoming.kind,
        "output": incoming.output,
        "input_shape": list(model.input_shape[1:]),
        "layers": len(model.layers),
        "parameters": model.count_params(),
        "glances": {way: found[way].accuracy for way in pixel_range.SCALINGS},
        "chosen": chosen,
        "other_way": other,
        "other_share": None if other is None else found[other].accuracy,
        "read": read,
        "turned": turned,
    }
    ended = EndedRun(
        name=name_of(file) if name is None else name,
        config=imported_config(pixel_scaling),
        test_loss=test_loss,
        test_metric=test_accuracy,
        imported=known,
    )
    return add_ended(store, run_id, ended).id
