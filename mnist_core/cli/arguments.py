"""What several commands take: a run, as a person names it, which of its models, and data."""

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

#: Runs in one listing, at most.
MOST_RUNS = 100_000
#: A run may be named by so many first characters of its id, or more.
ID_BEGINNING = 6


def add_run(parser: argparse.ArgumentParser) -> None:
    """Let a command take a run."""
    parser.add_argument("run_name", metavar="RUN", help="a run's id, its beginning, or its name")


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """Let a command take one of a run's two models."""
    parser.add_argument(
        "--checkpoint", default="best", choices=CHECKPOINTS, help="which of its models"
    )


def note_failure(run: Run) -> None:
    """Say of a run that failed which model it has all the same."""
    if run.status is RunStatus.FAILED and run.best is not None:
        words = "Note: this training failed; the model is its best one before that, of epoch {}. {}"
        print(words.format(run.best.epoch, run.message), file=sys.stderr)


def find_data(key: str) -> None:
    """See that the data of a task is there, before there is a run; say so if that takes long.

    Raises:
        DataError: It cannot be had.
    """
    if not keras_data.is_kept(key) and sys.stderr.isatty():
        print(f"fetching the data of {key} through Keras, once …", file=sys.stderr, flush=True)
    task(key).load()


def look_for_abandoned(store: Store) -> None:
    """Learn which runs have lost their worker: this process has not watched them until now."""
    with suppress(StoreError):  # a store that may only be read is shown as it is
        RunQueue(store.database).look_for_abandoned()


def run_named(store: Store, name: str) -> Run:
    """The run of an id, of the beginning of one, or the newest of a name.

    An example is found after all runs that people have started.
    """
    if found := store.named(name, name if len(name) >= ID_BEGINNING else None):
        return found[0]
    raise ConfigError(
        mark("The run is {name}. No run has that id or that name."),
        mark("See them with: python -m mnist_core runs."),
        name=shown(name),
    )
