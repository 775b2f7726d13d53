"""``train``: train a run in this process; Ctrl+C stops it and keeps the model."""

from __future__ import annotations

import argparse
import json
import secrets
import signal
import sys
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from typing import Any

from mnist_core.cli.arguments import find_data
from mnist_core.cli.tables import figures, metric_words, print_table, tested
from mnist_core.errors import LabError
from mnist_core.evaluation.overfitting import CRITERIA, DEFAULT_CRITERION, Curves
from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.experiment.config import CHOICES, DEFAULT_LEARNING_RATES, LIMITS, TrainingConfig
from mnist_core.experiment.presets import PRESETS, preset
from mnist_core.runs import Command, EpochRecord, Run, RunStatus, Store
from mnist_core.runs.queue import Lease
from mnist_core.tasks import TASKS

#: Interval between updates of the progress bar, in seconds.
PROGRESS_SECONDS = 0.2


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_train)
    add_settings(parser)


def add_settings(parser: argparse.ArgumentParser, *, without: Collection[str] = ()) -> None:
    """Add options for a preset, the fields of a configuration, and a name.

    Args:
        parser: The command's parser.
        without: Fields that the command determines itself.
    """
    parser.add_argument("--preset", help="preset to start from: " + ", ".join(PRESETS))
    parser.add_argument("--name", help="name of the run")
    for field in fields(TrainingConfig):
        if field.name in without:
            continue
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, help=_help(field.name), metavar="VALUE")


def _help(field: str) -> str:
    if field in LIMITS:
        limit = LIMITS[field]
        return f"{limit.low} to {limit.high}" + (", or off" if field == "patience" else "")
    choices = {**CHOICES, "architecture": tuple(ARCHITECTURES), "task": tuple(TASKS)}
    return " | ".join(choices[field])


def _train(options: argparse.Namespace) -> int:
    config = config_of(options)
    find_data(config.task)  # raises before a run is created
    store = Store.open()
    known = options.preset is not None
    unchanged = known and config == preset(options.preset).config
    run = train_here(
        store,
        config,
        name=options.preset if options.name is None else options.name,
        preset_key=options.preset if unchanged else None,
        quiet=options.json,
    )
    return print_end(store, run, as_json=options.json)


def print_end(store: Store, run: Run, *, as_json: bool) -> int:
    """Print the result of a training.

    Args:
        store: The run store.
        run: The run at its end.
        as_json: Whether to print one JSON object.

    Returns:
        The exit code.
    """
    result = _result(store, run)
    if as_json:
        print(json.dumps(result))
    else:
        _print_result(result, run.config)
    if run.message:
        print(run.message, file=sys.stderr)
    return 0 if run.status in (RunStatus.FINISHED, RunStatus.STOPPED) else 1


def train_here(
    store: Store,
    config: TrainingConfig,
    *,
    name: str | None,
    preset_key: str | None = None,
    tags: Sequence[str] = (),
    quiet: bool = False,
) -> Run:
    """Create a run and train it in this process; Ctrl+C stops it and keeps the model.

    Args:
        store: The run store.
        config: The configuration.
        name: Name of the run.
        preset_key: Key of the preset, if the configuration is unchanged.
        tags: Tags of the run.
        quiet: Whether to omit the progress bar.

    Returns:
        The run at its end.
    """
    token = secrets.token_hex(16)
    run = store.create(config, name=name, preset=preset_key, tags=tags, lease_token=token)
    return follow(store, run, Lease(run.id, token), quiet=quiet)


def follow(store: Store, run: Run, lease: Lease, *, quiet: bool) -> Run:
    """Train a run in this process; Ctrl+C stops it and keeps the model.

    Args:
        store: The run store.
        run: The run.
        lease: The lease of the run.
        quiet: Whether to omit the progress bar.

    Returns:
        The run at its end.
    """
    with _stop_on_interrupt(store, run), _progress(store, run, shown=not quiet):
        from mnist_core.training.job import train

        train(store, lease, gives_way=False)
    return store.get(run.id)


def config_of(options: argparse.Namespace) -> TrainingConfig:
    """Return the preset's settings, or the defaults, with the changes of the command line."""
    base = _base(options)
    given: dict[str, Any] = {
        field.name: _value(text, field.name)
        for field in fields(TrainingConfig)
        if (text := getattr(options, field.name, None)) is not None
    }
    if "optimizer" in given and "learning_rate" not in given:
        # Suitable learning rates differ between optimizers.
        rate = DEFAULT_LEARNING_RATES.get(str(given["optimizer"]))
        given |= {"learning_rate": rate} if rate else {}
    return replace(base, **given)


def _base(options: argparse.Namespace) -> TrainingConfig:
    if options.preset is not None:
        return preset(options.preset).config
    # For another task, start from its first preset, since the defaults are for digits.
    wanted = getattr(options, "task", None)
    if wanted in (None, TrainingConfig.task):
        return TrainingConfig()
    fitting = (entry.config for entry in PRESETS.values() if entry.config.task == wanted)
    return next(fitting, TrainingConfig())


def _value(text: str, field: str) -> object:
    """Return an option's value for the configuration; text that is not a number stays text."""
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
    """Let the first Ctrl+C stop the training and keep the model, and the second end the process."""

    def send_stop() -> None:
        try:
            store.command(run.id, Command.STOP)
        except LabError as error:
            print(error.sentence(), file=sys.stderr)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        print("Stopping; the model is kept.", file=sys.stderr)
        threading.Thread(target=send_stop).start()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(store: Store, run: Run, *, shown: bool) -> Iterator[None]:
    """Show a progress bar on a terminal, updated from the store like a page."""
    if not (shown and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console
    from rich.progress import Progress

    over = threading.Event()
    bar = Progress(*Progress.get_default_columns(), console=Console(stderr=True))
    line = bar.add_task("starting", total=run.config.epochs)

    def show() -> None:
        with suppress(LabError):  # the next update follows soon
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
    """Return the result of a training as one JSON object."""
    return {
        "run_id": run.id,
        "status": run.status.value,
        "epochs": run.epochs_done,
        "seconds": round(run.active_seconds, 3),
        "overfitting_epoch": _overfitting_epoch(store.curves(run.id)),
        "best": figures(run.best, run.config.metric),
        "last": figures(run.last, run.config.metric),
        **tested(run),
    }


def _overfitting_epoch(records: Sequence[EpochRecord]) -> int | None:
    return CRITERIA[DEFAULT_CRITERION].find(Curves.of(records)).best_epoch


def _print_result(result: dict[str, Any], config: TrainingConfig) -> None:
    rows = [
        {"": name} | {figure: _short(value) for figure, value in result[name].items()}
        for name in ("best", "last")
        if result[name] is not None
    ]
    print(f"run {result['run_id']}  {result['status']}  {result['seconds']:.1f} s")
    print_table("", rows)
    begins = result["overfitting_epoch"]
    label = CRITERIA[DEFAULT_CRITERION].label.lower()
    verdict = (
        f"overfitting begins after epoch {begins}" if begins else "no overfitting found so far"
    )
    print(f"{verdict} (criterion: {label})")
    metric = config.metric
    found = result[f"test_{metric}"]
    if found is not None:
        print(f"test {metric} of the best model: {metric_words(found, config)}")


def _short(value: float | int | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4g}"
