"""Training goes on: a run that was stopped or interrupted is queued again.

Its worker takes up the checkpoint, so that the epochs that follow are those of a training that
was never stopped. They come after what is recorded; only epochs after the checkpoint come again.
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
    """Whether a run can go on where it was stopped.

    It was stopped or interrupted, nobody writes to it any more, and its checkpoint is there; a
    run that was stopped before its first epoch begins anew.
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
    """Put a run into the queue again; it is trained to the end of its settings.

    What was measured on the test set is forgotten, as another model may be the best one at the
    end. Its place in the queue is that of when it was created.

    Raises:
        UnknownRunError: There is no such run.
        StoreError: It cannot be resumed.
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
            # A second press of Stop, say, that came when the training had ended.
            connection.execute(sa.delete(commands).where(commands.c.run_id == run_id))
    return store.get(run_id)  # where nothing was queued, somebody else was quicker


def _refused(run: Run) -> StoreError:
    why = mark("Only a run that was stopped or interrupted can.")
    if run.status in ENDED_EARLY:
        why = (
            mark("Its checkpoint is gone, or was never saved.")
            if run.settled
            else mark("It is still being measured on the test set.")
        )
    return StoreError(
        mark("“{name}” cannot be resumed."),
        why,
        mark("Start a new run with the same settings, or wait until this one has ended."),
        name=run.name,
    )
