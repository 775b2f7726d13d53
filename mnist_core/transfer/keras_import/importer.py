"""A model file becomes a run that can be evaluated, drawn for and exported like any other."""

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
from mnist_core.transfer.keras_import.sandbox import unpack_apart
from mnist_core.transfer.uploads import EndedRun, add_ended, arrived, imported_config, name_of


@dataclass(frozen=True, eq=False)
class IncomingModel:
    """A model that was built anew from a file.

    Attributes:
        model: Its output is what was wanted: for digits, ten probabilities.
        output: "softmax", "logits" where the file's own output was the sums before it, or "as it
            is" where no probabilities were wanted.
        kind: "keras" or "h5".
        origin: What wrote the file.
    """

    model: keras.Model
    output: str
    kind: str
    origin: Origin

    def saved(self) -> bytes:
        """The content of a .keras file, written by the lab itself."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            self.model.save(path)
            return path.read_bytes()


def read_model_file(
    content: bytes,
    file: str,
    unpack: Callable[[bytes], Unpacked] = unpack_apart,
    wanted: Wanted = DIGITS,
) -> IncomingModel:
    """Build the network in a model file anew. Nothing of the file is run.

    Args:
        content: The file.
        file: Its name, for the error.
        unpack: Takes it apart; by default in a process of its own.
        wanted: What the network must take and answer.

    Raises:
        DataError: It cannot be used; in one sentence of three parts why.
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


def bring_in(
    store: Store, run_id: str, file: str, pixel_scaling: str, name: str | None = None
) -> str:
    """Make a run of a model file that waits in the store.

    Args:
        store: Where it waits.
        run_id: What :func:`mnist_core.transfer.uploads.keep_arrived` returned.
        file: What the file is called.
        pixel_scaling: "unit" for a network that takes pixels from 0 to 1, "raw" for 0 to 255,
            "auto" to find out.
        name: What to call the run; None for the file's name.

    Returns:
        The run's id.

    Raises:
        DataError: The file is none that can be used.
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
    found, turned = pixel_range.glances(model), False
    if incoming.origin.major == 1:
        found, turned = pixel_range.with_kernels_turned(model, found)
    chosen = "given"
    if pixel_scaling == AUTO:
        pixel_scaling, chosen = pixel_range.better(found)
    try:
        pixel_range.check_answers(found[pixel_scaling])
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
