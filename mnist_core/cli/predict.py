"""``predict``: what a run's model reads in picture files, or says of a text or a row of numbers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_core.cli.answers import print_table_answer, print_text_answer
from mnist_core.cli.arguments import add_checkpoint, add_run, note_failure, run_named
from mnist_core.cli.tables import print_table
from mnist_core.errors import ConfigError, DrawingError, shown
from mnist_core.examples import open_store
from mnist_core.i18n import mark
from mnist_core.runs import Run, Store
from mnist_core.tasks import task


def add(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.set_defaults(run=_predict)
    add_run(parser)
    parser.add_argument("images", metavar="IMAGE", nargs="*", help="a picture of one digit")
    parser.add_argument("--text", help="instead: a review or a piece of news")
    parser.add_argument(
        "--row", metavar="NUMBER", nargs="+", type=float, help="instead: a number for each column"
    )
    add_checkpoint(parser)


def _predict(options: argparse.Namespace) -> int:
    given = [bool(options.images), options.text is not None, options.row is not None]
    if sum(given) != 1:
        raise ConfigError(
            mark("The network was to be asked about {count} kinds of things."),
            mark("It is asked about one at a time."),
            mark("Give picture files, or --text, or --row."),
            count=sum(given),
        )
    store = open_store()
    run = run_named(store, options.run_name)
    note_failure(run)
    if options.text is not None:
        print_text_answer(store, run, options)
    elif options.row is not None:
        print_table_answer(store, run, options)
    else:
        _print_digits(store, run, options)
    return 0


def _print_digits(store: Store, run: Run, options: argparse.Namespace) -> None:
    if task(run.config.task).inputs != "images":
        raise ConfigError(
            mark("“{name}” was shown pictures. It learned the task {task}, which has none."),
            mark("Ask it with --text or --row."),
            name=run.name,
            task=run.config.task,
        )
    digits = [(path, _digit(path)) for path in options.images]
    images = np.stack([image for _, image in digits])
    from mnist_core.inference.predict import predict

    predictions = predict(store, run.id, options.checkpoint, images)
    rows = [
        {
            "file": path,
            "digit": prediction.digit,
            "probabilities": [round(p, 6) for p in prediction.probabilities],
            "seconds": round(prediction.seconds, 6),
        }
        for (path, _), prediction in zip(digits, predictions, strict=True)
    ]
    if options.json:
        print(json.dumps(rows))
        return
    table = [
        {"file": path, "digit": found.digit, "sure": f"{found.confidence:.1%}"}
        | {"or": f"{found.runner_up} ({found.probabilities[found.runner_up]:.1%})"}
        for (path, _), found in zip(digits, predictions, strict=True)
    ]
    print_table(f"{run.name}, {options.checkpoint} model", table)


def _digit(path: str) -> NDArray[np.uint8]:
    """The digit in a picture file; a refusal says of which file."""
    from mnist_core.drawing.digit import read_picture  # what it needs takes a while to load

    try:
        return read_picture(_content(path)).image_u8
    except DrawingError as error:
        values = error.values | {"path": shown(path), "cause": error}
        raise DrawingError(mark("{path}: {cause}"), error.remedy, **values) from error


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(
            mark("The picture is {path}. It cannot be read: {cause}."),
            mark("Give the path of a picture file."),
            path=shown(path),
            cause=error.strerror or str(error),
        ) from error
