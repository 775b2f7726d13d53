"""Keeps a training run and the store in touch, from a thread of its own.

The loop hands over records and goes on at once; this thread writes them in groups, renews the
lease and brings commands back. A full disk or a locked database therefore never stops an epoch:
what could not be written stays in memory and is tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

from mnist_core.errors import StoreError
from mnist_core.runs.queue import LeaseLostError, RunQueue, RunWriter
from mnist_core.runs.records import EpochRecord, Progress, RunStatus
from mnist_core.training.control import Control

#: How often commands are read, in seconds.
TICK = 0.1
#: Least time between two writes, in seconds: short epochs are written in groups.
WRITE_SPACING = 0.05
#: How often the lease is renewed and the queue looked at, in seconds.
RENEW_SECONDS = 1.0
#: A store that cannot be written for so long ends the training, in seconds.
PATIENCE_WITH_STORE = 300.0
#: A store that fails is spoken of in the log this often, in seconds.
COMPLAIN_SECONDS = 30.0

#: The end of a run waits so long for what its link is just asking the store, in seconds; the
#: database's own limits are shorter.
CLOSE_SECONDS = 120.0

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Clock:
    """Seconds spent training, without pauses."""

    def __init__(self, already: float = 0.0) -> None:
        # One pair, replaced as a whole: the link's thread reads it while the loop pauses.
        self._state: tuple[float, float | None] = (already, time.monotonic())

    def seconds(self) -> float:
        """The time so far."""
        already, began = self._state
        return already + (time.monotonic() - began if began is not None else 0.0)

    def pause(self, paused: bool) -> None:
        """Stand still, or go on."""
        already, began = self._state
        if paused:
            self._state = (self.seconds(), None)
        elif began is None:
            self._state = (already, time.monotonic())


class RunLink:
    """The link of one run; a context manager, since it owns a thread.

    Args:
        writer: The run's writer.
        queue: The queue, to know whether others wait for this worker; None where nobody can.
    """

    def __init__(self, writer: RunWriter, queue: RunQueue | None) -> None:
        self.writer = writer
        self.control = Control()
        #: Is handed the epochs that the store has just taken; raises nothing.
        self.written: Callable[[Sequence[EpochRecord]], None] = _nobody
        self.clock = Clock()
        self._queue = queue
        self._lock = threading.Lock()  # guards the four fields below
        self._records: list[EpochRecord] = []
        self._best_epoch: int | None = None
        self._progress: Progress | None = None
        self._changed = False
        self._writing = threading.Lock()  # one write at a time, in order
        self._reading = threading.Lock()  # each command once
        self._wake = threading.Event()
        self._closing = False
        self._complained_at = -COMPLAIN_SECONDS
        self._thread = threading.Thread(target=self._work, name="run-link", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the thread; commands stay in the store from now on."""
        self._closing = True
        self._wake.set()
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():  # a database that answers nothing; the thread ends with it
            log.warning("the link of run %s still waits for the store", self.writer.lease.run_id)

    def record(self, record: EpochRecord, best_epoch: int | None) -> None:
        """Hand over an epoch."""
        with self._lock:
            self._records.append(record)
            self._best_epoch = best_epoch
            self._progress = None
            self._changed = True
        self._wake.set()

    def progress(self, progress: Progress) -> None:
        """Say how far the current epoch has come."""
        with self._lock:
            self._progress = progress
            self._changed = True

    def paused(self, paused: bool) -> None:
        """Say that the training waits, or goes on."""
        self.clock.pause(paused)
        self.flush()
        self.insist(lambda: self.writer.set_status(_STATUS[paused]))

    def read_commands(self) -> None:
        """Hand what a person asked for over to the control."""
        with self._reading:
            for command, value in self.writer.commands():
                self.control.obey(command, value)

    def flush(self) -> None:
        """Write everything that was handed over, and return when it is written."""
        self.insist(self.write)

    def park(self) -> None:
        """Put the paused run aside, with the commands that came too late for its loop."""
        self.close()
        self.insist(lambda: self.writer.park(self.control.unfinished()))

    def end(self, status: RunStatus, message: str = "") -> None:
        """Write what is left, and how the run ended."""
        with self._lock:
            self._progress, self._changed = None, True  # the time spent is written in any case
        self.flush()
        self.insist(lambda: self.writer.set_status(status, message))

    def insist(self, action: Callable[[], Result]) -> Result:
        """Try something with the store until it works, or the store has failed for too long.

        Returns:
            What the action returned.

        Raises:
            LeaseLostError: The run is another worker's.
            StoreError: The store failed for :data:`PATIENCE_WITH_STORE` seconds.
        """
        began = time.monotonic()
        while True:
            try:
                return action()
            except LeaseLostError:
                raise
            except StoreError as error:
                self._complain(error)
                if time.monotonic() - began > PATIENCE_WITH_STORE:
                    raise
                time.sleep(0.5)

    def _work(self) -> None:
        renewed = -RENEW_SECONDS
        failing_since = 0.0
        while not self._closing:
            self._wake.wait(TICK)
            self._wake.clear()
            try:
                self.write()
                self.read_commands()
                if time.monotonic() - renewed > RENEW_SECONDS:
                    self.writer.renew()
                    if self._queue is not None:
                        self.control.others_wait = self._queue.queued() > 0
                    renewed = time.monotonic()
                failing_since = 0.0
                time.sleep(WRITE_SPACING)
            except LeaseLostError as error:
                self.control.fail(error)
                return
            except StoreError as error:
                failing_since = failing_since or time.monotonic()
                if time.monotonic() - failing_since > PATIENCE_WITH_STORE:
                    self.control.fail(error)
                    return
                self._complain(error)
                time.sleep(0.5)
            except Exception as error:  # the loop must learn of it, whatever it is
                log.exception("the link to the store failed")
                self.control.fail(error)
                return

    def _complain(self, error: StoreError) -> None:
        """Say in the log that the store fails, but not twice a second."""
        if time.monotonic() - self._complained_at > COMPLAIN_SECONDS:
            self._complained_at = time.monotonic()
            log.warning("%s", error)

    def write(self) -> None:
        """Write what was handed over, at the first try.

        Raises:
            StoreError: Nothing of it was written, and all of it is still here.
        """
        with self._writing:
            with self._lock:
                if not self._changed:
                    return
                records, best, progress = list(self._records), self._best_epoch, self._progress
                self._changed = False
            now = time.time()
            try:
                self.writer.append(
                    [replace(record, recorded_at=now) for record in records],
                    best_epoch=best,
                    progress=progress,
                    active_seconds=self.clock.seconds(),
                )
            except StoreError:
                self._changed = True
                raise
            with self._lock:
                del self._records[: len(records)]
            if records:
                self.written(records)

    def continue_from(self, best_epoch: int | None, seconds: float) -> None:
        """Take up the figures of an earlier attempt."""
        self._best_epoch = best_epoch
        self.clock = Clock(seconds)


def _nobody(_records: Sequence[EpochRecord]) -> None:
    pass


_STATUS = {True: RunStatus.PAUSED, False: RunStatus.RUNNING}
