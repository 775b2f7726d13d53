"""What a person told a run, as its training loop sees it.

The loop asks between slices of an epoch; another thread brings the commands from the store. A
pause holds the loop inside :meth:`Control.hold`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mnist_core.runs.records import Command

#: A paused run gives its worker away after so many seconds if others wait for one.
PARK_AFTER = 10.0


class ParkRun(Exception):  # noqa: N818 - not an error: the run goes on later
    """The run stays paused, but gives its worker to one that waits."""


class Control:
    """The state that commands change, shared by the loop and the thread that reads them.

    Attributes:
        stop: The run shall end and keep what it learned.
        others_wait: Runs are queued for a worker.
    """

    def __init__(self) -> None:
        self.stop = False
        self.others_wait = False
        self._paused = False
        self._one_epoch = False
        self._learning_rate: float | None = None
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def obey(self, command: Command, value: float | None) -> None:
        """Take a command."""
        with self._changed:
            if command is Command.PAUSE:
                self._paused = True
            elif command is Command.RESUME:
                self._paused = self._one_epoch = False
            elif command is Command.STEP:
                self._paused, self._one_epoch = False, True
            elif command is Command.STOP:
                self.stop = True
            elif command is Command.LEARNING_RATE:
                self._learning_rate = value
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Raise an error in the loop: the store was lost, or the lease."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what :meth:`fail` was given."""
        if self._error is not None:
            raise self._error

    def take_learning_rate(self) -> float | None:
        """The rate that was asked for since the last call, or None."""
        with self._changed:
            rate, self._learning_rate = self._learning_rate, None
            return rate

    def unfinished(self) -> list[tuple[Command, float | None]]:
        """The commands that a loop which held until now has not followed."""
        with self._changed:
            left: list[tuple[Command, float | None]] = []
            if self._learning_rate is not None:
                left.append((Command.LEARNING_RATE, self._learning_rate))
            if self.stop:
                left.append((Command.STOP, None))
            elif not self._paused:
                left.append((Command.STEP if self._one_epoch else Command.RESUME, None))
            return left

    def epoch_ended(self) -> None:
        """After "one epoch", pause again."""
        with self._changed:
            if self._one_epoch:
                self._paused, self._one_epoch = True, False

    @property
    def is_holding(self) -> bool:
        """Whether the loop should wait before it goes on."""
        return self._paused and not self.stop and self._error is None

    def hold(self, on_pause: Callable[[bool], None]) -> None:
        """Wait while paused.

        Args:
            on_pause: Called with True when the wait begins and False when it ends.

        Raises:
            ParkRun: Others wait for this worker.
        """
        self.check()
        if not self.is_holding:
            return
        began = time.monotonic()
        on_pause(True)
        with self._changed:
            while self.is_holding:
                self._changed.wait(timeout=0.5)
                too_long = time.monotonic() - began > PARK_AFTER
                if too_long and self.others_wait and self.is_holding:
                    raise ParkRun
        self.check()
        on_pause(False)
