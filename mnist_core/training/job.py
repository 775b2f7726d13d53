"""The job of a training worker: train one run and store how it ended.

A job reads its input from the store and writes its results there. After any error the run has a
status that is not "running", and a message.
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
from mnist_core.training.failures import StoppedEarlyError, unexpected
from mnist_core.training.reporter import Clock, RunLink

log = logging.getLogger(__name__)

#: Held while this process trains or compiles programs ahead.
at_work = threading.Lock()


def train(store: Store, lease: Lease, *, gives_way: bool = True) -> None:
    """Train a run until it ends or, while paused, frees the worker.

    Args:
        store: The store that has the run.
        lease: The claim on the run.
        gives_way: Whether a paused run frees the worker for queued runs; False in a process that
            does not take runs from the queue.
    """
    writer = RunWriter(store.database, lease)
    with RunLink(writer, RunQueue(store.database) if gives_way else None) as link:
        try:
            with at_work:
                _train(store, link)
        except LeaseLostError:
            log.warning("another worker has taken over run %s", lease.run_id)


def _train(store: Store, link: RunLink) -> None:
    run_id = link.writer.lease.run_id
    run = link.retry(link.writer.run)
    events = EventWriter(store.event_files, run)
    try:
        # Importing TensorFlow may take longer than a lease lasts; the link renews the lease.
        from mnist_core.training.attempt import Attempt

        link.clock = Clock()  # the import is not training time
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
    except StoreError as error:  # such as a full disk
        saved = CHECKPOINT in store.artifacts.names(run_id)  # required to resume the run
        link.end(RunStatus.INTERRUPTED if saved else RunStatus.FAILED, error.sentence())
    except LabError as error:
        link.end(RunStatus.FAILED, error.sentence())
    except Exception as error:  # the status must not remain "running"
        log.exception("run %s failed", run_id)
        link.end(RunStatus.FAILED, unexpected(error).sentence())
    ended = link.retry(link.writer.run)
    if ended.status not in ENDED_EARLY:  # such a run may be resumed
        _remove_checkpoint(store, run_id)
    events.end(ended, lambda: store.curves(run_id))
    link.retry(link.writer.release)


def _remove_checkpoint(store: Store, run_id: str) -> None:
    try:
        store.artifacts.remove(run_id, CHECKPOINT)
    except StoreError as error:  # an unused file remains on the disk
        log.warning("%s", error)
