"""Background thread between a training loop and the run store.

The training loop queues records without waiting. The thread writes them in groups, renews the
lease and reads commands. A full disk or a locked database therefore does not stop an epoch:
records that could not be written stay in memory, and the thread tries again.
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

#: Interval between two reads of the commands, in seconds.
TICK = 0.1
#: Shortest interval between two writes, in seconds; short epochs are written in groups.
WRITE_SPACING = 0.05
#: Interval between two renewals of the lease and looks at the queue, in seconds.
RENEW_SECONDS = 1.0
#: Training ends after the store has failed for this time, in seconds.
STORE_TIMEOUT = 300.0
#: Shortest interval between two log entries about a failing store, in seconds.
LOG_SECONDS = 30.0
#: Longest wait for the thread to end, in seconds; the database's time limits are shorter.
CLOSE_SECONDS = 120.0

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Clock:
    """A stop watch of the training time, in seconds, without pauses.

    Args:
        already: Training time of earlier attempts, in seconds.
    """

    def __init__(self, already: float = 0.0) -> None:
        # One tuple, replaced as a whole, because two threads use it without a lock.
        self._state: tuple[float, float | None] = (already, time.monotonic())

    def seconds(self) -> float:
        """Return the training time so far, in seconds."""
        already, began = self._state
        return already + (time.monotonic() - began if began is not None else 0.0)

    def pause(self, paused: bool) -> None:
        """Stop the watch (True) or start it again (False)."""
        already, began = self._state
        if paused:
            self._state = (self.seconds(), None)
        elif began is None:
            self._state = (already, time.monotonic())


class RunLink:
    """The connection between a training loop and the store; a context manager for its thread.

    Args:
        writer: The run's writer.
        queue: The queue, to find out whether other runs wait; None in a process that does not
            take runs from the queue.

    Attributes:
        writer: The run's writer.
        control: The commands to the loop.
        written: Called with each group of epochs after the store has it; must not raise.
        clock: The training time.
    """

    def __init__(self, writer: RunWriter, queue: RunQueue | None) -> None:
        self.writer = writer
        self.control = Control()
        self.written: Callable[[Sequence[EpochRecord]], None] = _ignore
        self.clock = Clock()
        self._queue = queue
        self._lock = threading.Lock()  # guards the four fields below
        self._records: list[EpochRecord] = []
        self._best_epoch: int | None = None
        self._progress: Progress | None = None
        self._changed = False
        self._writing = threading.Lock()  # keeps the records in order
        self._reading = threading.Lock()  # applies each command once
        self._wake = threading.Event()
        self._closing = False
        self._logged_at = -LOG_SECONDS
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
        """End the thread; later commands stay in the store."""
        self._closing = True
        self._wake.set()
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():  # the database does not answer
            log.warning("run %s ends while its link waits for the store", self.writer.lease.run_id)

    def record(self, record: EpochRecord, best_epoch: int | None) -> None:
        """Queue an epoch for writing."""
        with self._lock:
            self._records.append(record)
            self._best_epoch = best_epoch
            self._progress = None
            self._changed = True
        self._wake.set()

    def progress(self, progress: Progress) -> None:
        """Queue the progress within the current epoch for writing."""
        with self._lock:
            self._progress = progress
            self._changed = True

    def paused(self, paused: bool) -> None:
        """Store that the training is paused (True) or running again (False)."""
        self.clock.pause(paused)
        self.flush()
        self.retry(lambda: self.writer.set_status(_STATUS[paused]))

    def read_commands(self) -> None:
        """Apply the new commands in the store to the control."""
        with self._reading:
            for command, value in self.writer.commands():
                self.control.apply(command, value)

    def flush(self) -> None:
        """Write all queued records; return when they are written."""
        self.retry(self.write)

    def park(self) -> None:
        """Return the paused run to the store, with the commands that were not applied."""
        self.close()
        self.retry(lambda: self.writer.park(self.control.unfinished()))

    def end(self, status: RunStatus, message: str = "") -> None:
        """Write all queued records and the final status.

        Args:
            status: The final status.
            message: The error message of a run that failed.
        """
        with self._lock:
            self._progress, self._changed = None, True  # also writes the training time
        self.flush()
        self.retry(lambda: self.writer.set_status(status, message))

    def retry(self, action: Callable[[], Result]) -> Result:
        """Call a function of the store until it succeeds, for at most `STORE_TIMEOUT` seconds.

        Args:
            action: The function.

        Returns:
            The function's result.

        Raises:
            LeaseLostError: Another worker has taken over the run.
            StoreError: The store failed for :data:`STORE_TIMEOUT` seconds.
        """
        began = time.monotonic()
        while True:
            try:
                return action()
            except LeaseLostError:
                raise
            except StoreError as error:
                self._log_failure(error)
                if time.monotonic() - began > STORE_TIMEOUT:
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
                if time.monotonic() - failing_since > STORE_TIMEOUT:
                    self.control.fail(error)
                    return
                self._log_failure(error)
                time.sleep(0.5)
            except Exception as error:  # otherwise the loop would train without a store
                log.exception("the link to the store failed")
                self.control.fail(error)
                return

    def _log_failure(self, error: StoreError) -> None:
        """Log a failure of the store, at most every `LOG_SECONDS`."""
        if time.monotonic() - self._logged_at > LOG_SECONDS:
            self._logged_at = time.monotonic()
            log.warning("%s", error)

    def write(self) -> None:
        """Write all queued records, without retrying.

        Raises:
            StoreError: Nothing was written; the records remain queued.
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
        """Continue with the best epoch and the training time (in seconds) of earlier attempts."""
        self._best_epoch = best_epoch
        self.clock = Clock(seconds)


def _ignore(_records: Sequence[EpochRecord]) -> None:
    pass


_STATUS = {True: RunStatus.PAUSED, False: RunStatus.RUNNING}
