"""``predict``: a model's predictions for image files, a text or a row of numbers."""

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
    """Add the arguments of the command."""
    parser.set_defaults(run=_predict)
    add_run(parser)
    parser.add_argument("images", metavar="IMAGE", nargs="*", help="an image of one digit")
    parser.add_argument("--text", help="instead: a film review or a news article")
    parser.add_argument(
        "--row", metavar="NUMBER", nargs="+", type=float, help="instead: a value for each column"
    )
    add_checkpoint(parser)


def _predict(options: argparse.Namespace) -> int:
    given = [bool(options.images), options.text is not None, options.row is not None]
    if sum(given) != 1:
        raise ConfigError(
            mark("{count} of the three kinds of input were given, but one is needed."),
            mark("Give image files, or --text, or --row."),
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
            mark("“{name}” was trained on the task {task}, whose samples are not images."),
            mark("Use --text or --row."),
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
        {"file": path, "digit": found.digit, "confidence": f"{found.confidence:.1%}"}
        | {"second": f"{found.runner_up} ({found.probabilities[found.runner_up]:.1%})"}
        for (path, _), found in zip(digits, predictions, strict=True)
    ]
    print_table(f"{run.name}, {options.checkpoint} model", table)


def _digit(path: str) -> NDArray[np.uint8]:
    """Return the digit in an image file; an error names the file."""
    from mnist_core.drawing.digit import read_picture  # here, since its imports take a while

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
            mark("Could not read the image {path}: {cause}."),
            mark("Give the path of an image file."),
            path=shown(path),
            cause=error.strerror or str(error),
        ) from error
