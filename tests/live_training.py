"""A training without a worker: writes generated learning curves to a real store."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import EpochRecord, Progress, Run, RunStatus, Store
from mnist_core.runs.queue import Lease, RunQueue, RunWriter

#: Epoch of the lowest validation loss, after which it rises significantly.
BEST_EPOCH = 60


def record(epoch: int, *, lag: int = 0) -> EpochRecord:
    """Return one epoch of a run that overfits after ``BEST_EPOCH``.

    Args:
        epoch: Counted from 1.
        lag: Number of epochs by which the curve is delayed, to distinguish two attempts.
    """
    step = max(epoch - lag, 1)
    rise = abs(step - BEST_EPOCH) / 400
    return EpochRecord(
        epoch=epoch,
        loss=2.3 * math.exp(-step / 50),
        metric=1 - 0.9 * math.exp(-step / 40),
        val_loss=0.8 + rise,
        val_metric=0.82 - 0.7 * math.exp(-step / 30),
        val_loss_se=0.02,
        val_rise_se=0.0 if step <= BEST_EPOCH else 0.001,
        learning_rate=0.01,
        seconds=0.02,
    )


class Training:
    """A run in a store, with a lease to write it.

    Args:
        store: The run store.
        epochs: Number of planned epochs.
        run: A queued run to claim; None for a new run.
    """

    #: Trainings whose leases tests/lasting_leases.py renews; None if it is not used.
    renewed: ClassVar[list[Training] | None] = None

    def __init__(self, store: Store, *, epochs: int = 1000, run: Run | None = None) -> None:
        self.store = store
        if run is None:  # leased from the start, so no worker can claim the run
            token = secrets.token_hex(16)
            config = TrainingConfig(epochs=epochs)
            run = store.create(config, name="made up", lease_token=token)
            lease: Lease | None = Lease(run.id, token)
        else:
            lease = RunQueue(store.database).claim(run.id)
        assert lease is not None
        self.lease = lease
        self.id = run.id
        self.writer = RunWriter(store.database, lease)
        self.done = run.epochs_done
        if self.renewed is not None:
            self.renewed.append(self)

    @property
    def run(self) -> Run:
        return self.store.get(self.id)

    def train(self, epochs: int, *, lag: int = 0) -> None:
        """Write the next epochs at once."""
        self.write([record(self.done + step, lag=lag) for step in range(1, epochs + 1)])

    def write(self, records: Sequence[EpochRecord]) -> None:
        now = time.time()
        self.done += len(records)
        self.writer.append(
            [replace(one, recorded_at=now) for one in records],
            best_epoch=min(self.done, BEST_EPOCH),
            progress=None,
            active_seconds=self.done * 0.02,
        )

    def live(self, epochs: int, per_second: float) -> None:
        """Write epochs one by one at a rate, as a training does."""
        begun = time.monotonic()
        for step in range(epochs):
            time.sleep(max(0.0, begun + step / per_second - time.monotonic()))
            self.train(1)

    def batches(self, done: int, total: int) -> None:
        """Write the progress of the next epoch."""
        progress = Progress(self.done + 1, done, total)
        best = min(self.done, BEST_EPOCH) or None
        self.writer.append([], best_epoch=best, progress=progress, active_seconds=self.done * 0.02)

    def resume(self, checkpoint: int) -> Training:
        """Lose the worker, and resume from a checkpoint with a new one."""
        RunQueue(self.store.database).give_back(self.lease, died=True)
        again = Training(self.store, run=self.run)
        again.writer.reset(
            to_epoch=checkpoint,
            best_epoch=min(checkpoint, BEST_EPOCH),
            active_seconds=checkpoint * 0.02,
        )
        again.done = checkpoint
        return again

    def end(self, status: RunStatus = RunStatus.FINISHED, message: str = "") -> None:
        """End the run and release the lease."""
        self.writer.set_status(status, message)
        self.writer.release()
