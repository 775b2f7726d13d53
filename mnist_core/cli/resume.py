"""``resume``: continue a stopped or interrupted run in this process."""

from __future__ import annotations

import argparse

from mnist_core.cli.arguments import add_run, find_data, look_for_abandoned, run_named
from mnist_core.cli.train import follow, print_end
from mnist_core.errors import StoreError
from mnist_core.examples import open_store
from mnist_core.i18n import mark
from mnist_core.runs.queue import RunQueue
from mnist_core.runs.resume import resume


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_resume)
    add_run(parser)


def _resume(options: argparse.Namespace) -> int:
    store = open_store()
    look_for_abandoned(store)
    run = run_named(store, options.run_name)
    find_data(run.config.task)
    queue = RunQueue(store.database)
    if not queue.recover_abandoned(run.id):  # if True, its worker died and it is queued again
        run = resume(store, run.id)
    lease = queue.claim(run.id)
    if lease is None:
        raise StoreError(
            mark("“{name}” was queued, and a worker of another server has already claimed it."),
            mark("Watch the run there."),
            name=run.name,
        )
    return print_end(store, follow(store, run, lease, quiet=options.json), as_json=options.json)
