"""Accuracy of each preset on digits drawn with a pen, compared with MNIST's test set.

    python benchmarks/real_pens.py STROKES.json.gz [--presets KEY …] [--epochs N] [--home FOLDER]
                                   [--examples] [--json]

The strokes are rendered like the canvas of the Draw page, preprocessed as on the page and
classified by each preset's best model, in the lab's own way. For comparison, the same drawings are
only scaled to 28 × 28 pixels. A rejected drawing counts as wrong.

With --examples the networks that come with the lab are measured. With --home the newest finished
run of a preset in that run store is used, whatever its seed and number of epochs; presets without
one are trained there first. Otherwise each preset is trained in a temporary store.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from numpy.typing import NDArray
from pen_strokes import PenDigit, read, render
from PIL import Image

from mnist_core.drawing.digit import digit_of
from mnist_core.drawing.mnist_format import SIDE
from mnist_core.errors import DrawingError
from mnist_core.examples import install, known_examples
from mnist_core.experiment.presets import PRESETS
from mnist_core.inference.predict import predict
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import RunQueue
from mnist_core.training.job import train

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class Pictures:
    """The drawings as inputs for networks.

    Attributes:
        labels: int (n,).
        writers: int (n,).
        prepared: uint8 (n, 28, 28), preprocessed like MNIST; black if rejected.
        refused: bool (n,).
        shrunk: uint8 (n, 28, 28).
    """

    labels: NDArray[np.int_]
    writers: NDArray[np.int_]
    prepared: NDArray[np.uint8]
    refused: Right
    shrunk: NDArray[np.uint8]

    @classmethod
    def of(cls, digits: Sequence[PenDigit]) -> Pictures:
        """Render the strokes and preprocess the drawings."""
        prepared, refused, shrunk = [], [], []
        for digit in digits:
            ink = render(digit.strokes)
            try:
                prepared.append(digit_of(ink).image_u8)
                refused.append(False)
            except DrawingError:
                prepared.append(np.zeros((SIDE, SIDE), np.uint8))
                refused.append(True)
            shrunk.append(
                np.asarray(Image.fromarray(ink).resize((SIDE, SIDE), Image.Resampling.BOX))
            )
        return cls(
            np.array([digit.label for digit in digits]),
            np.array([digit.writer for digit in digits]),
            np.array(prepared),
            np.array(refused),
            np.array(shrunk),
        )


@dataclass(frozen=True)
class Figures:
    """Accuracies of one preset, from 0 to 1.

    Attributes:
        preset: Its key.
        epochs: Number of epochs of its run.
        seconds: Duration of its training.
        test: Accuracy on MNIST's test set.
        pens: Accuracy on the preprocessed drawings.
        shrunk: Accuracy on the scaled drawings.
        digits: As `pens`, for each digit from 0 to 9.
        worst_writer: As `pens`, for the writer with the lowest accuracy.
    """

    preset: str
    epochs: int
    seconds: float
    test: float
    pens: float
    shrunk: float
    digits: list[float]
    worst_writer: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("strokes", type=Path)
    parser.add_argument("--presets", nargs="+", choices=list(PRESETS), default=list(PRESETS))
    parser.add_argument("--epochs", type=int, help="maximum for presets that are trained")
    parser.add_argument("--home", type=Path, help="home of a run store whose runs are used")
    parser.add_argument("--examples", action="store_true", help="the networks of the lab itself")
    parser.add_argument("--json", action="store_true", help="print figures instead of a table")
    options = parser.parse_args()
    pictures = Pictures.of(read(options.strokes))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(options.home or folder)
        if options.examples:
            install(store, known_examples())
        examples = {run.example: run for run in store.examples()}
        every = []
        for key in examples or options.presets:
            if PRESETS[key].config.task != "mnist":
                continue
            run = examples.get(key) or finished_run(store, key)
            run = run or trained(store, key, options.epochs)
            every.append(figures(store, run, key, pictures))
            print(f"{key}: {100 * every[-1].pens:.1f} %", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps([asdict(one) for one in every], indent=1))
    else:
        print(table(every))
        print(f"\n{len(pictures.labels)} drawings, {pictures.refused.sum()} refused.")


def finished_run(store: Store, key: str) -> Run | None:
    """Return the newest run of a preset that has a test accuracy, or None."""
    preset = PRESETS[key].config
    for run in store.list_runs():
        alike = replace(preset, seed=run.config.seed, epochs=run.config.epochs) == run.config
        if alike and run.status is RunStatus.FINISHED and run.test_metric is not None:
            return run
    return None


def trained(store: Store, key: str, most_epochs: int | None) -> Run:
    """Train a preset in this process, like a worker."""
    config = PRESETS[key].config
    if most_epochs is not None:
        config = replace(config, epochs=min(config.epochs, most_epochs))
    run = store.create(config, name=key)
    lease = RunQueue(store.database).claim(run.id)
    assert lease is not None
    train(store, lease)
    run = store.get(run.id)
    if run.status is not RunStatus.FINISHED:
        sys.exit(f"{key}: {run.message}")
    return run


def figures(store: Store, run: Run, key: str, pictures: Pictures) -> Figures:
    """Predict all images with a run's best model."""

    def right(images: NDArray[np.uint8]) -> Right:
        found = predict(store, run.id, "best", images)
        return np.array([one.digit for one in found]) == pictures.labels

    pens = right(pictures.prepared) & ~pictures.refused
    return Figures(
        preset=key,
        epochs=run.epochs_done,
        seconds=round(run.active_seconds, 1),
        test=float(run.test_metric or 0),
        pens=float(pens.mean()),
        shrunk=float(right(pictures.shrunk).mean()),
        digits=[float(pens[pictures.labels == digit].mean()) for digit in range(10)],
        worst_writer=min(float(pens[pictures.writers == one].mean()) for one in pictures.writers),
    )


def table(every: Sequence[Figures]) -> str:
    """Return the figures in percent, in Markdown."""
    head = ["preset", "epochs", "MNIST test", "pens", "shrunk", *map(str, range(10))]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for one in every:
        shares = [one.test, one.pens, one.shrunk]
        lines.append(
            [one.preset, str(one.epochs)]
            + [f"{100 * share:.1f}" for share in shares]
            + [f"{100 * share:.0f}" for share in one.digits]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
