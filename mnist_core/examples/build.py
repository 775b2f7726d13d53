"""Building of the examples: train each preset, round its weights, and record its results.

To be run after a change of a preset or of the archive format. The preset's own seed is used. Each
weight is rounded to 10 fraction bits, as in float16, so that the archive compresses to three fifths
of its size; the recorded results are those of the rounded network.

Only the command line uses this module, in its own process: it loads Keras.
"""

from __future__ import annotations

import gzip
import json
import platform
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnist_core.errors import TrainingError, unknown_name
from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.service import evaluate
from mnist_core.examples import RECORD, Example, known_examples
from mnist_core.experiment.presets import PRESETS
from mnist_core.i18n import mark
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.model_files import MODELS
from mnist_core.runs.queue import Lease
from mnist_core.tasks import task
from mnist_core.tasks.keras_data import vocabulary_file
from mnist_core.training.job import train
from mnist_core.training.networks import read_model
from mnist_core.transfer.archive import write_archive
from mnist_core.transfer.archive_reader import opened, read_run
from mnist_core.transfer.uploads import add_ended

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Examples with the smallest and largest valid result on the test set: the range of five seeds,
#: extended by its width on both sides.
SPREADS: dict[str, tuple[float, float]] = {
    "overfit-700": (0.40, 0.65),
    "mlp-512": (0.970, 0.984),
    "reads-handwriting": (0.992, 0.997),
    "imdb": (0.870, 0.890),
    "reuters": (0.770, 0.810),
    "boston": (2.4, 3.4),
}
#: Number of fraction bits of a float32 that are kept, of 23.
FRACTION_BITS = 10


def build_all(keys: Sequence[str], home: Path | None = None) -> Iterator[Example]:
    """Build examples one after another, and write each to this checkout.

    Args:
        keys: Keys of the examples; empty for all.
        home: Home of a run store to train in, whose runs are reused; None for a temporary one.

    Yields:
        Each example after it has been written.

    Raises:
        ConfigError: A key is unknown.
        DataError: The data is missing.
        TrainingError: A training failed, or its result is outside the valid range.
    """
    for key in keys:
        if key not in SPREADS:
            raise unknown_name("example", key, SPREADS)
    built = known_examples() if RECORD.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(home or folder)
        for key in keys or SPREADS:
            example, archive = build(store, key)
            low, high = example.spread
            if not low <= example.test_metric <= high:
                raise TrainingError(
                    mark(
                        "The test result of the example {name} is {figure}, but should be from "
                        "{low} to {high}."
                    ),
                    mark("Find out what has changed in its preset, or change SPREADS."),
                    name=key,
                    figure=round(example.test_metric, 4),
                    low=low,
                    high=high,
                )
            example.file.write_bytes(archive)
            if task(PRESETS[key].config.task).inputs == "texts":
                _write_vocabulary(key)
            built = built | {key: example}
            entries = [asdict(built[key]) for key in SPREADS if key in built]
            RECORD.write_text(json.dumps(entries, indent=1) + "\n", "utf-8")
            yield example


def build(store: Store, key: str) -> tuple[Example, bytes]:
    """Train an example, or use a finished run of the store.

    Args:
        store: The run store.
        key: The preset's key.

    Returns:
        The example and the content of its archive.
    """
    run = _finished(store, key) or _trained(store, key)
    with tempfile.TemporaryDirectory() as folder:
        small, archive = _rounded(store, run, Path(folder))
    assert small.test_metric is not None and small.best is not None
    example = Example(
        preset=key,
        id=small.id,
        seed=small.config.seed,
        epochs=small.epochs_done,
        best_epoch=small.best.epoch,
        test_metric=round(small.test_metric, 6),
        spread=SPREADS[key],
        seconds=round(small.active_seconds, 1),
        trained_with=f"Python {platform.python_version()}, TensorFlow {version('tensorflow')}, "
        f"Keras {version('keras')}",
        bytes=len(archive),
    )
    return example, archive


def _finished(store: Store, key: str) -> Run | None:
    for run in store.list_runs():
        if run.config == PRESETS[key].config and run.status is RunStatus.FINISHED:
            return run
    return None


def _trained(store: Store, key: str) -> Run:
    token = secrets.token_hex(16)
    run = store.create(PRESETS[key].config, name=key, preset=key, lease_token=token)
    train(store, Lease(run.id, token), gives_way=False)
    run = store.get(run.id)
    if run.status is not RunStatus.FINISHED:
        raise TrainingError(
            mark("The example {name} did not finish (status: {status}). {message}"),
            mark("Start the command again."),
            name=key,
            status=run.status.value,
            message=run.message,
        )
    return run


def _rounded(store: Store, run: Run, folder: Path) -> tuple[Run, bytes]:
    """Return a copy of a run with rounded weights and their results, and its archive."""
    whole = BytesIO()
    write_archive(store, run.id, whole)
    with opened(whole) as parts:
        ended = read_run(parts)
        models = {name: rounded_model(parts.read(name), run) for name in MODELS}
    run_id = secrets.token_hex(16)
    for stage in ("measure", "keep"):
        small = Store(folder / stage)
        for name, content in models.items():
            small.artifacts.write(run_id, name, content)
        found = add_ended(small, run_id, ended)
        if stage == "measure":
            figures = evaluate(small, run_id, "best", "test")
            metric = figures.accuracy if isinstance(figures, Evaluation) else figures.mae
            ended = replace(ended, test_loss=figures.loss.value, test_metric=metric.value)
    archive = BytesIO()
    write_archive(small, run_id, archive)
    return found, archive.getvalue()


def _write_vocabulary(key: str) -> None:
    """Write the vocabulary of a task, which the page Ask needs if the data is not present."""
    content = "".join(f"{word}\n" for word in task(key).load().vocabulary).encode()
    vocabulary_file(key).write_bytes(gzip.compress(content, mtime=0))


def rounded_model(content: bytes, run: Run) -> bytes:
    """Return a model file with rounded weights."""
    model = read_model(content, run.config, name=run.name, checkpoint="best")
    model.set_weights([rounded(weights) for weights in model.get_weights()])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def rounded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round float32 numbers to the nearest numbers with :data:`FRACTION_BITS` fraction bits."""
    dropped = 23 - FRACTION_BITS
    bits = np.ascontiguousarray(values).view(np.uint32)
    half, mask = np.uint32(1 << (dropped - 1)), np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    return ((bits + half) & mask).view(np.float32)
