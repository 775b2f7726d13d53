"""Arguments of several commands: a run, a checkpoint, and data."""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress

from mnist_core.errors import ConfigError, StoreError, shown
from mnist_core.i18n import mark
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.model_files import CHECKPOINTS
from mnist_core.runs.queue import RunQueue
from mnist_core.tasks import keras_data, task

#: Largest number of runs in one listing.
MOST_RUNS = 100_000
#: Smallest number of characters of an id that identify a run.
ID_BEGINNING = 6


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the argument for a run."""
    parser.add_argument(
        "run_name", metavar="RUN", help="a run's id, its first characters, or its name"
    )


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Add the option for one of a run's two models."""
    parser.add_argument(
        "--checkpoint", default="best", choices=CHECKPOINTS, help="which of the run's models"
    )


def note_failure(run: Run) -> None:
    """Print a note if a run failed and only its best model exists."""
    if run.status is RunStatus.FAILED and run.best is not None:
        note = "Note: this training failed; the model is the best one before that, of epoch {}. {}"
        print(note.format(run.best.epoch, run.message), file=sys.stderr)


def find_data(key: str) -> None:
    """Load the data of a task before its run is created; print a note if that takes long.

    Raises:
        DataError: The data cannot be downloaded or read.
    """
    if not keras_data.is_kept(key) and sys.stderr.isatty():
        print(f"downloading the data of {key} through Keras, once …", file=sys.stderr, flush=True)
    task(key).load()


def look_for_abandoned(store: Store) -> None:
    """Detect runs that have lost their worker, since this process has just started to watch."""
    with suppress(StoreError):  # a read-only store is shown as it is
        RunQueue(store.database).look_for_abandoned()


def run_named(store: Store, name: str) -> Run:
    """Return the run with an id or the first characters of it, or the newest run with a name.

    Runs that people have started take precedence over examples.
    """
    if found := store.named(name, name if len(name) >= ID_BEGINNING else None):
        return found[0]
    raise ConfigError(
        mark("No run has the id or the name {name}."),
        mark("List the runs with: python -m mnist_core runs."),
        name=shown(name),
    )
