"""Commands act on the training loop, and a pause holds it."""

from __future__ import annotations

import threading

import pytest

from mnist_core.runs import Command
from mnist_core.training import control as control_module
from mnist_core.training.control import Control, ParkRun
from tests.waiting import PATIENCE, until


class Loop:
    """A training loop as the control sees it: it holds after each epoch."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.epochs = 0
        self.pauses: list[bool] = []
        self.error: BaseException | None = None
        self._may_go_on = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self.control.stop:
                self._may_go_on.acquire()
                self.epochs += 1
                self.control.epoch_ended()
                self.control.hold(self.pauses.append)
        except BaseException as error:
            self.error = error

    def train(self, epochs: int = 1) -> None:
        """Let it train so many epochs, if nothing holds it."""
        for _ in range(epochs):
            self._may_go_on.release()

    def wait(self, epochs: int) -> None:
        until(lambda: self.epochs == epochs)

    def join(self) -> None:
        self._thread.join(timeout=PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
def loop(control: Control):
    loop = Loop(control)
    yield loop
    control.apply(Command.STOP, None)
    loop.train()
    loop.join()


def test_nothing_holds_a_loop_that_was_told_nothing(control):
    control.hold(lambda paused: pytest.fail("it paused"))
    assert control.take_learning_rate() is None
    assert not control.stop


def test_pause_holds_and_resume_lets_go(control, loop):
    control.apply(Command.PAUSE, None)
    loop.train(2)
    until(lambda: loop.pauses == [True])
    assert loop.epochs == 1
    control.apply(Command.RESUME, None)
    loop.wait(2)
    until(lambda: loop.pauses == [True, False])


def test_a_step_is_one_epoch(control, loop):
    control.apply(Command.PAUSE, None)
    loop.train(10)
    for epochs in (1, 2, 3):
        until(lambda: len(loop.pauses) % 2 == 1)
        assert loop.epochs == epochs
        control.apply(Command.STEP, None)
        loop.wait(epochs + 1)


def test_a_step_of_a_running_loop_pauses_it_after_the_epoch(control, loop):
    control.apply(Command.STEP, None)
    loop.train(5)
    until(lambda: loop.pauses == [True])
    assert loop.epochs == 1


def test_stop_ends_a_pause(control, loop):
    control.apply(Command.PAUSE, None)
    loop.train()
    until(lambda: loop.pauses == [True])
    control.apply(Command.STOP, None)
    loop.join()
    assert loop.error is None and loop.epochs == 1


def test_a_stopped_loop_is_not_held(control):
    control.apply(Command.STOP, None)
    control.apply(Command.PAUSE, None)
    assert not control.is_holding
    control.hold(lambda paused: pytest.fail("it paused"))


def test_the_newest_learning_rate_is_taken_once(control):
    control.apply(Command.LEARNING_RATE, 0.1)
    control.apply(Command.LEARNING_RATE, 0.01)
    assert control.take_learning_rate() == 0.01
    assert control.take_learning_rate() is None


def test_an_error_reaches_the_loop_in_its_pause(control, loop):
    control.apply(Command.PAUSE, None)
    loop.train()
    until(lambda: loop.pauses == [True])
    control.fail(LookupError("the store is gone"))
    loop.join()
    assert isinstance(loop.error, LookupError)


def test_an_error_reaches_a_loop_that_runs(control):
    control.fail(LookupError("the store is gone"))
    with pytest.raises(LookupError):
        control.check()
    with pytest.raises(LookupError):
        control.hold(lambda paused: None)


def test_a_paused_loop_gives_way_to_others(control, monkeypatch):
    monkeypatch.setattr(control_module, "PARK_AFTER", 0.0)
    control.apply(Command.PAUSE, None)
    control.others_wait = True
    with pytest.raises(ParkRun):
        control.hold(lambda paused: None)


def test_a_paused_loop_stays_while_nobody_waits(control, loop, monkeypatch):
    monkeypatch.setattr(control_module, "PARK_AFTER", 0.0)
    control.apply(Command.PAUSE, None)
    loop.train()
    until(lambda: loop.pauses == [True])
    control.apply(Command.RESUME, None)
    until(lambda: loop.pauses == [True, False])
    assert loop.error is None
    control.apply(Command.PAUSE, None)
    control.others_wait = True
    loop.train()
    loop.join()
    assert isinstance(loop.error, ParkRun)


def test_what_a_held_loop_has_not_followed_is_remembered(control):
    control.apply(Command.PAUSE, None)
    assert control.unfinished() == []
    control.apply(Command.LEARNING_RATE, 0.5)
    assert control.unfinished() == [(Command.LEARNING_RATE, 0.5)]
    control.apply(Command.STEP, None)
    assert control.unfinished() == [(Command.LEARNING_RATE, 0.5), (Command.STEP, None)]
    assert control.take_learning_rate() == 0.5
    control.apply(Command.RESUME, None)
    assert control.unfinished() == [(Command.RESUME, None)]
    control.apply(Command.STOP, None)
    assert control.unfinished() == [(Command.STOP, None)]
