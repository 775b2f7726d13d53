"""Commands to a training loop: pause, resume, one epoch, stop, learning rate.

A thread reads the commands from the store; the loop applies them between slices of an epoch.
While the run is paused, the loop waits inside :meth:`Control.hold`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mnist_core.runs.records import Command

#: Seconds after which a paused run frees its worker if other runs are queued.
PARK_AFTER = 10.0


class ParkRun(Exception):  # noqa: N818 - not an error: the run resumes later
    """A paused run frees its worker for a queued run."""


class Control:
    """The state of the commands, shared by the training loop and the thread that reads them.

    Attributes:
        stop: Whether the run has to end; its models are saved.
        others_wait: Whether other runs are queued.
    """

    def __init__(self) -> None:
        self.stop = False
        self.others_wait = False
        self._paused = False
        self._one_epoch = False
        self._learning_rate: float | None = None
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    def apply(self, command: Command, value: float | None) -> None:
        """Change the state by a command.

        Args:
            command: The command.
            value: The new learning rate for that command, else None.
        """
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
        """Let the loop raise an error, such as a lost lease."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def check(self) -> None:
        """Raise the error given to :meth:`fail`, if any."""
        if self._error is not None:
            raise self._error

    def take_learning_rate(self) -> float | None:
        """Return the learning rate that was set since the last call, or None."""
        with self._changed:
            rate, self._learning_rate = self._learning_rate, None
            return rate

    def unfinished(self) -> list[tuple[Command, float | None]]:
        """Return the commands that a paused loop has not applied yet, with their values."""
        with self._changed:
            pending: list[tuple[Command, float | None]] = []
            if self._learning_rate is not None:
                pending.append((Command.LEARNING_RATE, self._learning_rate))
            if self.stop:
                pending.append((Command.STOP, None))
            elif not self._paused:
                pending.append((Command.STEP if self._one_epoch else Command.RESUME, None))
            return pending

    def epoch_ended(self) -> None:
        """Pause again after the command for one epoch."""
        with self._changed:
            if self._one_epoch:
                self._paused, self._one_epoch = True, False

    @property
    def is_holding(self) -> bool:
        """Whether the loop has to wait."""
        return self._paused and not self.stop and self._error is None

    def hold(self, on_pause: Callable[[bool], None]) -> None:
        """Wait while the run is paused.

        Args:
            on_pause: Called with True when the wait begins and with False when it ends.

        Raises:
            ParkRun: The run has been paused for a while, and other runs are queued.
            Exception: The error given to :meth:`fail`.
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
