"""The lab from the shell: list what there is, train, and see the runs.

A training started here is a run like any other: it stands in the same store as the browser's,
under the same lease, and a page can watch it. Every field of a configuration is an option.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from mnist_core.architectures import ARCHITECTURES
from mnist_core.config import CHOICES, DEFAULT_LEARNING_RATES, LIMITS, TrainingConfig
from mnist_core.errors import ConfigError, LabError, shown
from mnist_core.overfitting import CRITERIA, DEFAULT_CRITERION, Curves
from mnist_core.predictions import CHECKPOINTS, predict
from mnist_core.presets import PRESETS, preset
from mnist_core.runs import Command, EpochRecord, Run, RunStatus, Store
from mnist_core.runs.leases import Lease
from mnist_core.tasks import task
from mnist_core.words import mark

#: How often the progress bar looks into the store, in seconds.
PROGRESS_SECONDS = 0.2
BAD_INPUT = 2
#: Runs in one listing, at most.
MOST_RUNS = 100_000
#: A run may be named by so many first characters of its id, or more.
ID_BEGINNING = 6
INTERRUPTED = 128 + signal.SIGINT
FIGURES = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The words after ``python -m mnist_core``; None for the process's own.

    Returns:
        Exit code: 0, 1 for a training that failed, 2 for input that cannot be used, 130 for
        one that was interrupted before it could be stopped.
    """
    try:
        options = _parser().parse_args(arguments)
        result: int = options.run(options)
        sys.stdout.flush()
        return result
    except LabError as error:
        print(error.sentence(), file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
        # What is left in the buffer would fail once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(
            mark("The command line was: {message}."),
            mark("It does not fit this command."),
            mark("See {command} --help."),
            message=message,
            command=self.prog,
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m mnist_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="the presets and architectures")
    listing.set_defaults(run=_list)

    training = commands.add_parser("train", help="train a run in this process")
    training.set_defaults(run=_train)
    training.add_argument("--preset", help="begin with these settings: " + ", ".join(PRESETS))
    training.add_argument("--name", help="what to call the run")
    for field in fields(TrainingConfig):
        option = "--" + field.name.replace("_", "-")
        training.add_argument(option, help=_help(field.name), metavar="VALUE")

    runs = commands.add_parser("runs", help="the runs in the store, newest first")
    runs.set_defaults(run=_runs)
    runs.add_argument("--limit", type=int, default=50, help="show at most so many")

    reading = commands.add_parser("predict", help="read digits in picture files")
    reading.set_defaults(run=_predict)
    reading.add_argument("model", metavar="RUN", help="a run's id, its beginning, or its name")
    reading.add_argument("images", metavar="IMAGE", nargs="+", help="a picture of one digit")
    reading.add_argument("--checkpoint", default="best", choices=CHECKPOINTS)

    for command in (listing, training, runs, reading):
        command.add_argument("--json", action="store_true", help="one JSON value on stdout")
    return parser


def _help(field: str) -> str:
    if field in LIMITS:
        limit = LIMITS[field]
        return f"{limit.low} to {limit.high}" + (", or off" if field == "patience" else "")
    choices = {**CHOICES, "architecture": tuple(ARCHITECTURES)}
    return " | ".join(choices.get(field, ("mnist",)))


def _list(options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps({"presets": _preset_rows(), "architectures": _architecture_rows()}))
        return 0
    # The summaries are for --json and the pages: a terminal is too narrow for them.
    for title, rows in (("Presets", _preset_rows()), ("Architectures", _architecture_rows())):
        _print_table(title, [{k: v for k, v in row.items() if k != "summary"} for row in rows])
    return 0


def _preset_rows() -> list[dict[str, Any]]:
    return [
        {"key": entry.key, "label": entry.label, "summary": entry.summary}
        | {"architecture": entry.config.architecture, "epochs": entry.config.epochs}
        for entry in PRESETS.values()
    ]


def _architecture_rows() -> list[dict[str, Any]]:
    return [
        {"key": entry.key, "label": entry.label, "summary": entry.summary}
        | {"parameters": entry.parameters}
        for entry in ARCHITECTURES.values()
    ]


def _train(options: argparse.Namespace) -> int:
    config = _config(options)
    task(config.task).load()  # data that cannot be used is found before there is a run
    store = Store.open()
    token = secrets.token_hex(16)
    known = options.preset is not None
    unchanged = known and config == preset(options.preset).config
    run = store.create(
        config,
        name=options.preset if options.name is None else options.name,
        preset=options.preset if unchanged else None,
        lease_token=token,
    )
    with _stop_on_interrupt(store, run), _progress(store, run, shown=not options.json):
        from mnist_core.training.job import train

        train(Lease(run.id, token), store, gives_way=False)
    run = store.get(run.id)
    result = _result(store, run)
    if options.json:
        print(json.dumps(result))
    else:
        _print_result(result)
    if run.message:
        print(run.message, file=sys.stderr)
    return 0 if run.status in (RunStatus.FINISHED, RunStatus.STOPPED) else 1


def _config(options: argparse.Namespace) -> TrainingConfig:
    """The preset's settings, or the defaults, with what the command line changes."""
    base = TrainingConfig() if options.preset is None else preset(options.preset).config
    given: dict[str, Any] = {
        field.name: _value(getattr(options, field.name), field.name)
        for field in fields(TrainingConfig)
        if getattr(options, field.name) is not None
    }
    if "optimizer" in given and "learning_rate" not in given:
        # A rate that suits one optimizer does not suit another.
        rate = DEFAULT_LEARNING_RATES.get(str(given["optimizer"]))
        given |= {"learning_rate": rate} if rate else {}
    return replace(base, **given)


def _value(text: str, field: str) -> object:
    """An option's value as the configuration takes it; what is no number stays text."""
    if field not in LIMITS:
        return text
    if field == "patience" and text.lower() in ("off", "none"):
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@contextmanager
def _stop_on_interrupt(store: Store, run: Run) -> Iterator[None]:
    """Let Ctrl+C stop the training and keep what was learned; a second one ends it hard."""

    def tell() -> None:
        try:
            store.command(run.id, Command.STOP)
        except LabError as error:
            print(error.sentence(), file=sys.stderr)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        print(mark("Stopping; what was learned is kept."), file=sys.stderr)
        threading.Thread(target=tell).start()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(store: Store, run: Run, *, shown: bool) -> Iterator[None]:
    """A progress bar on a terminal, fed from the store as a page would be."""
    if not (shown and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console
    from rich.progress import Progress

    over = threading.Event()
    bar = Progress(*Progress.get_default_columns(), console=Console(stderr=True))
    line = bar.add_task("starting", total=run.config.epochs)

    def show() -> None:
        with suppress(LabError):  # a store that fails for a moment: the next look shows it
            last = store.get(run.id).last
            if last is not None:
                words = f"epoch {last.epoch}  val_loss {last.val_loss:.4f}"
                bar.update(line, completed=last.epoch, description=words)

    def follow() -> None:
        while not over.wait(PROGRESS_SECONDS):
            show()

    with bar:
        follower = threading.Thread(target=follow)
        follower.start()
        try:
            yield
        finally:
            over.set()
            follower.join()
            show()


def _result(store: Store, run: Run) -> dict[str, Any]:
    """What a training came to, as one JSON object."""
    return {
        "run_id": run.id,
        "status": run.status.value,
        "epochs": run.epochs_done,
        "seconds": round(run.active_seconds, 3),
        "overfitting_epoch": _overfitting_epoch(store.curves(run.id)),
        "best": _figures(run.best),
        "last": _figures(run.last),
        "test_loss": _finite(run.test_loss),
        "test_accuracy": _finite(run.test_accuracy),
    }


def _overfitting_epoch(records: Sequence[EpochRecord]) -> int | None:
    return CRITERIA[DEFAULT_CRITERION].find(Curves.of(records)).best_epoch


def _figures(record: EpochRecord | None) -> dict[str, float | int | None] | None:
    if record is None:
        return None
    values = {name: value for name, value in asdict(record).items() if name in FIGURES}
    return {name: _finite(value) for name, value in values.items()}


def _finite(value: float | None) -> float | None:
    """The value, or None for what JSON has no number for."""
    return value if value is not None and math.isfinite(value) else None


def _print_result(result: dict[str, Any]) -> None:
    rows = [
        {"": name} | {figure: _short(value) for figure, value in result[name].items()}
        for name in ("best", "last")
        if result[name] is not None
    ]
    print(f"run {result['run_id']}  {result['status']}  {result['seconds']:.1f} s")
    _print_table("", rows)
    begins = result["overfitting_epoch"]
    label = CRITERIA[DEFAULT_CRITERION].label.lower()
    found = f"overfitting begins after epoch {begins}" if begins else "no overfitting found so far"
    print(f"{found} (judged by: {label})")
    if result["test_accuracy"] is not None:
        print(f"test accuracy of the best model {result['test_accuracy']:.2%}")


def _runs(options: argparse.Namespace) -> int:
    if not 1 <= options.limit <= MOST_RUNS:
        raise ConfigError(
            mark("--limit is {limit}."),
            mark("It has to be a whole number from 1 to {most}."),
            mark("Choose a number in that range."),
            limit=shown(options.limit),
            most=MOST_RUNS,
        )
    runs = Store.open().list_runs(limit=options.limit)
    if options.json:
        print(json.dumps([_run_row(run) for run in runs]))
        return 0
    rows = []
    for run in runs:
        row = _run_row(run)
        rows.append(
            {
                "run": row["run_id"][:8],
                "name": row["name"],
                "status": row["status"],
                "epochs": f"{row['epochs']}/{run.config.epochs}",
                "best": f"{run.best.val_loss:.4g} at {run.best.epoch}" if run.best else "",
                "test": f"{run.test_accuracy:.2%}" if run.test_accuracy is not None else "",
                "created": datetime.fromtimestamp(run.created_at).strftime("%m-%d %H:%M"),
            }
        )
    _print_table("", rows) if rows else print("There are no runs yet.")
    return 0


def _run_row(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "name": run.name,
        "preset": run.preset,
        "status": run.status.value,
        "message": run.message,
        "created_at": run.created_at,
        "epochs": run.epochs_done,
        "seconds": round(run.active_seconds, 3),
        "config": run.config.to_dict(),
        "best": _figures(run.best),
        "last": _figures(run.last),
        "test_loss": _finite(run.test_loss),
        "test_accuracy": _finite(run.test_accuracy),
    }


def _predict(options: argparse.Namespace) -> int:
    from mnist_core.drawing import read_picture  # what it needs takes a while to load

    store = Store.open()
    run = _run_named(store, options.model)
    digits = [(path, read_picture(_content(path)).image_u8) for path in options.images]
    images = np.stack([image for _, image in digits])
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
        return 0
    table = [
        {"file": path, "digit": found.digit, "sure": f"{found.confidence:.1%}"}
        | {"or": f"{found.runner_up} ({found.probabilities[found.runner_up]:.1%})"}
        for (path, _), found in zip(digits, predictions, strict=True)
    ]
    _print_table(f"{run.name}, {options.checkpoint} model", table)
    return 0


def _run_named(store: Store, name: str) -> Run:
    """The run of an id, of the beginning of one, or the newest of a name."""
    runs = store.list_runs(limit=MOST_RUNS)
    beginning = name if len(name) >= ID_BEGINNING else "no id begins so"
    found = [run for run in runs if run.name == name or run.id.startswith(beginning)]
    if found:
        return found[0]
    raise ConfigError(
        mark("The run is {name}."),
        mark("No run has that id or that name."),
        mark("See them with: python -m mnist_core runs."),
        name=shown(name),
    )


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(
            mark("The picture is {path}."),
            mark("It cannot be read: {cause}."),
            mark("Give the path of a picture file."),
            path=shown(path),
            cause=error.strerror or str(error),
        ) from error


def _short(value: float | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def _print_table(title: str, rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    for name in rows[0] if rows else ():
        # Keys are to be copied: they are never cut.
        table.add_column(name, no_wrap=name in ("key", "run"), overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
