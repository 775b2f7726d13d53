"""Resuming a stopped or interrupted run.

The run is queued again, and its worker resumes from the checkpoint: the following epochs are the
same as in a training without interruption. Epochs after the checkpoint are trained again.
"""

from __future__ import annotations

import sqlalchemy as sa

from mnist_core.errors import ConfigError, StoreError
from mnist_core.i18n import mark
from mnist_core.runs.artifacts import CHECKPOINT
from mnist_core.runs.records import Run, RunStatus
from mnist_core.runs.schema import commands, runs
from mnist_core.runs.store import Store

ENDED_EARLY = (RunStatus.STOPPED, RunStatus.INTERRUPTED)


def can_resume(store: Store, run: Run) -> bool:
    """Whether a run can be resumed.

    A stopped or interrupted run can be resumed if no worker writes to it and its checkpoint exists.
    A run that was stopped before its first epoch starts again.
    """
    ended = run.status in ENDED_EARLY and run.settled
    if not ended or run.imported is not None or run.example is not None:
        return False
    try:
        run.known_config()
    except ConfigError:
        return False
    return run.epochs_done == 0 or CHECKPOINT in store.artifacts.names(run.id)


def resume(store: Store, run_id: str) -> Run:
    """Queue a run again; it is trained up to the epochs of its configuration.

    The test results are deleted, because the best model may change. The run's place in the queue
    follows from the time of its creation.

    Raises:
        UnknownRunError: The run does not exist.
        StoreError: The run cannot be resumed.
    """
    run = store.get(run_id)
    if not can_resume(store, run):
        raise _refused(run)
    values = {
        "status": RunStatus.QUEUED,
        "message": "",
        "ended_at": None,
        "stalls": 0,
        "test_loss": None,
        "test_metric": None,
        "version": runs.c.version + 1,
    }
    idle = runs.c.lease_token.is_(None) & runs.c.status.in_(ENDED_EARLY)
    with store.database.writing() as connection:
        queued = connection.execute(sa.update(runs).where(runs.c.id == run_id, idle).values(values))
        if queued.rowcount:
            # For example a second click on Stop after the training had ended.
            connection.execute(sa.delete(commands).where(commands.c.run_id == run_id))
    return store.get(run_id)  # if no row changed, another process has queued the run


def _refused(run: Run) -> StoreError:
    problem = mark("Could not resume “{name}”: only a stopped or interrupted run can be resumed.")
    if run.status in ENDED_EARLY:
        problem = (
            mark("Could not resume “{name}”: it has no checkpoint.")
            if run.settled
            else mark("Could not resume “{name}”: its test set is still being evaluated.")
        )
    return StoreError(
        problem,
        mark("Start a new run with the same settings, or wait until this one has ended."),
        name=run.name,
    )
