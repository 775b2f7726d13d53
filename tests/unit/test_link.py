"""The link brings every record into the store, in order, also where the store fails for a while."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from mnist_core.errors import StoreError
from mnist_core.runs import Command, Progress, RunStatus, Store, database
from mnist_core.runs.queue import LeaseLostError, RunQueue
from mnist_core.runs.schema import runs
from mnist_core.training import reporter as link_module
from mnist_core.training.reporter import Clock, RunLink
from tests.live_training import Training, record
from tests.waiting import PATIENCE, until


@pytest.fixture
def store(lab_home: Path) -> Store:
    return Store(lab_home)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that waits hardly at all for whoever has locked it."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)


@pytest.fixture
def training(store: Store) -> Training:
    return Training(store)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that looks around ten times a second."""
    monkeypatch.setattr(link_module, "RENEW_SECONDS", 0.1)


def link_of(training: Training) -> RunLink:
    return RunLink(training.writer, RunQueue(training.store.database))


@contextmanager
def locked(store: Store):
    """Another process holds the database for itself."""
    with closing(sqlite3.connect(Path(store.home) / "runs.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def epochs(training: Training) -> list[int]:
    return [row.epoch for row in training.store.curves(training.id)]


def test_records_are_written_in_order_with_the_time_of_writing(training):
    before = time.time()
    with link_of(training) as link:
        for epoch in range(1, 301):
            link.record(record(epoch), min(epoch, 60))
            time.sleep(0.001)  # some while others are being written
        until(lambda: len(epochs(training)) == 300)
        link.record(record(301), 60)
        link.flush()
        assert epochs(training) == list(range(1, 302))
    rows = training.store.curves(training.id)
    assert all(before <= row.recorded_at <= time.time() for row in rows)
    assert [row.recorded_at for row in rows] == sorted(row.recorded_at for row in rows)
    assert training.run.best.epoch == 60
    assert training.run.active_seconds > 0


def test_a_record_is_written_without_being_asked_for(training):
    with link_of(training) as link:
        link.record(record(1), 1)
        until(lambda: epochs(training) == [1])


def test_progress_is_written_and_ends_with_its_epoch(training):
    with link_of(training) as link:
        link.progress(Progress(1, 3, 10))
        until(lambda: training.run.progress == Progress(1, 3, 10))
        link.record(record(1), 1)
        until(lambda: training.run.progress is None)


def test_commands_come_to_the_control(training):
    with link_of(training) as link:
        training.store.command(training.id, Command.PAUSE)
        training.store.command(training.id, Command.LEARNING_RATE, 0.5)
        until(lambda: link.control.is_holding)
        assert link.control.take_learning_rate() == 0.5
        training.store.command(training.id, Command.STOP)
        until(lambda: link.control.stop)


def test_a_locked_store_loses_no_record(impatient, training):
    with link_of(training) as link:
        link.record(record(1), 1)
        until(lambda: epochs(training) == [1])
        with locked(training.store):
            for epoch in range(2, 50):
                link.record(record(epoch), epoch)
                time.sleep(0.01)  # through several tries of the link's own thread
            assert epochs(training) == [1]
        until(lambda: len(epochs(training)) == 49)
    assert epochs(training) == list(range(1, 50))


def test_the_end_waits_for_a_store_that_comes_back(impatient, training):
    with link_of(training) as link, locked(training.store):
        link.record(record(1), 1)
        link.progress(Progress(2, 1, 10))
        ending = threading.Thread(target=link.end, args=(RunStatus.FINISHED, ""))
        ending.start()
        ending.join(timeout=0.5)
        assert ending.is_alive()
    ending.join(timeout=PATIENCE)
    run = training.run
    assert epochs(training) == [1]
    assert run.status is RunStatus.FINISHED and run.progress is None


def test_a_store_that_fails_for_too_long_ends_the_training(impatient, training, monkeypatch):
    monkeypatch.setattr(link_module, "STORE_TIMEOUT", 0.5)
    with link_of(training) as link, locked(training.store):
        link.record(record(1), 1)

        def failed() -> bool:
            try:
                link.control.check()
            except StoreError:
                return True
            return False

        until(failed)
        with pytest.raises(StoreError, match="locked"):
            link.flush()


def test_a_lost_lease_reaches_the_loop(training):
    with link_of(training) as link:
        link.record(record(1), 1)
        link.flush()
        RunQueue(training.store.database).give_back(training.lease, died=True)

        def lost() -> bool:
            try:
                link.control.check()
            except LeaseLostError:
                return True
            return False

        until(lost)  # though nothing was written: the lease is renewed by itself
        link.record(record(2), 1)
        with pytest.raises(LeaseLostError):
            link.flush()
    assert epochs(training) == [1]


def test_the_lease_is_renewed_while_nothing_happens(hurried, training):
    def expires() -> float:
        with training.store.database.reading() as connection:
            return connection.scalar(sa.select(runs.c.lease_expires_at))

    with training.store.database.writing() as connection:
        connection.execute(sa.update(runs).values(lease_expires_at=1.0))
    with link_of(training):
        until(lambda: expires() > time.time())
        first = expires()
        until(lambda: expires() > first)


def test_others_who_wait_are_noticed(hurried, training):
    with link_of(training) as link:
        assert not link.control.others_wait
        waiting = training.store.create(training.run.config)
        until(lambda: link.control.others_wait)
        training.store.command(waiting.id, Command.STOP)
        until(lambda: not link.control.others_wait)


def test_a_process_that_serves_no_queue_gives_way_to_nobody(hurried, training):
    training.store.create(training.run.config)
    with RunLink(training.writer, None) as link:
        training.store.command(training.id, Command.PAUSE)
        until(lambda: link.control.is_holding)
        time.sleep(5 * link_module.RENEW_SECONDS)  # it has looked around by now
        assert not link.control.others_wait


def test_a_pause_is_shown_and_stops_the_clock(training):
    with link_of(training) as link:
        link.paused(True)
        assert training.run.status is RunStatus.PAUSED
        stood = link.clock.seconds()
        time.sleep(0.05)
        assert link.clock.seconds() == stood
        link.paused(False)
        assert training.run.status is RunStatus.RUNNING
        until(lambda: link.clock.seconds() > stood)


def test_a_clock_goes_on_from_an_earlier_attempt():
    clock = Clock(100.0)
    assert 100.0 <= clock.seconds() < 160.0
    clock.pause(True)
    clock.pause(True)
    stood = clock.seconds()
    clock.pause(False)
    clock.pause(False)
    assert stood <= clock.seconds() < stood + 60.0


def test_commands_that_came_too_late_for_a_loop_outlive_its_link(training):
    with link_of(training) as link:
        link.paused(True)
        training.store.command(training.id, Command.PAUSE)
        until(lambda: link.control.is_holding)
        # Here the loop decides to give way. Then:
        training.store.command(training.id, Command.LEARNING_RATE, 0.5)
        training.store.command(training.id, Command.STEP)
        until(lambda: not link.control.is_holding)
        link.park()
    assert training.run.status is RunStatus.QUEUED
    again = Training(training.store, run=training.run)
    assert again.writer.commands() == [(Command.LEARNING_RATE, 0.5), (Command.STEP, None)]
