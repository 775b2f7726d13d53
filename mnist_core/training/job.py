"""The job that a worker runs: one training from its first epoch, or from a checkpoint, to its end.

The store holds all that a job needs and all that it leaves. Whatever happens here, the run is
left in a state that says what happened.
"""

from __future__ import annotations

import logging
import threading

from mnist_core.errors import LabError, StoreError
from mnist_core.runs import Store
from mnist_core.runs.artifacts import CHECKPOINT
from mnist_core.runs.queue import Lease, LeaseLostError, RunQueue, RunWriter
from mnist_core.runs.records import RunStatus
from mnist_core.runs.resume import ENDED_EARLY
from mnist_core.tensorboard.writer import EventWriter
from mnist_core.training.control import ParkRun
from mnist_core.training.failures import StoppedEarlyError, plain
from mnist_core.training.reporter import Clock, RunLink

log = logging.getLogger(__name__)

#: Held while this process trains, or compiles ahead what a training will need.
at_work = threading.Lock()


def train(store: Store, lease: Lease, *, gives_way: bool = True) -> None:
    """Train a run to its end.

    Args:
        store: Where the run is.
        lease: The right to do so, just claimed.
        gives_way: While it is paused, put it aside if others are queued. Not for a process that
            serves no queue.
    """
    writer = RunWriter(store.database, lease)
    with RunLink(writer, RunQueue(store.database) if gives_way else None) as link:
        try:
            with at_work:
                _train(store, link)
        except LeaseLostError:
            log.warning("run %s was taken over by another worker", lease.run_id)


def _train(store: Store, link: RunLink) -> None:
    run_id = link.writer.lease.run_id
    run = link.insist(link.writer.run)
    events = EventWriter(store.event_files, run)
    try:
        # Loading TensorFlow may take longer than a lease lasts, so not before it is renewed.
        from mnist_core.training.attempt import Attempt

        link.clock = Clock()  # that was no training yet
        Attempt(store, run, link, events).run()
    except LeaseLostError:
        events.close()
        raise
    except ParkRun:
        events.close()
        link.park()
        return
    except StoppedEarlyError:
        link.end(RunStatus.STOPPED)
    except StoreError as error:  # the disk was full to the end, say
        saved = CHECKPOINT in store.artifacts.names(run_id)  # else there is nothing to go on from
        link.end(RunStatus.INTERRUPTED if saved else RunStatus.FAILED, error.sentence())
    except LabError as error:
        link.end(RunStatus.FAILED, error.sentence())
    except Exception as error:  # a run must never be left "running"
        log.exception("run %s failed", run_id)
        link.end(RunStatus.FAILED, plain(error).sentence())
    ended = link.insist(link.writer.run)
    if ended.status not in ENDED_EARLY:  # these may be resumed
        _forget_checkpoint(store, run_id)
    events.end(ended, lambda: store.curves(run_id))
    link.insist(link.writer.release)


def _forget_checkpoint(store: Store, run_id: str) -> None:
    try:
        store.artifacts.remove(run_id, CHECKPOINT)
    except StoreError as error:  # nobody reads it any more, it only takes room
        log.warning("%s", error)
