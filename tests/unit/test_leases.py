"""A run is written by the one who holds its lease, and by nobody else."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from mnist_core.errors import StoreError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Command, Progress, RunStatus, Store
from mnist_core.runs.lease_watch import GRACE_SECONDS, LeaseWatch
from mnist_core.runs.queue import MAX_STALLS, Lease, LeaseLostError, RunQueue, RunWriter
from mnist_core.runs.rows import LEASE_SECONDS
from mnist_core.runs.schema import runs
from tests.live_training import Training, record
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
CONFIG = TrainingConfig(epochs=5)

CLAIM_ALL = """
import sys, time
from pathlib import Path
from mnist_core.runs import Store
from mnist_core.runs.queue import RunQueue

folder, name, home, url = sys.argv[1:]
queue = RunQueue(Store(home, url).database)
(Path(folder) / name).touch()
while not (Path(folder) / "go").exists():
    time.sleep(0.001)
while lease := queue.claim():
    print(lease.run_id)
"""


@pytest.fixture
def store(any_store: Store) -> Store:
    return any_store


@pytest.fixture
def queue(store: Store) -> RunQueue:
    return RunQueue(store.database)


@dataclass
class Observer:
    """One who looks at the leases each second, by a clock that the test moves."""

    store: Store
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.store.database.leases = LeaseWatch(lambda: self.now)
        self.queue = RunQueue(self.store.database)
        self.queue.recover()

    def watch(
        self, seconds: float = LEASE_SECONDS + 1, *, meanwhile: Callable[[], object] = int
    ) -> list[str]:
        """Look each second for so long; the runs that were taken back."""
        found = []
        for _ in range(int(seconds)):
            meanwhile()
            self.now += 1
            found += self.queue.recover()
        return found


@pytest.fixture
def observer(store: Store) -> Observer:
    return Observer(store)


def set_end(store: Store, run_id: str, seconds_from_now: float) -> None:
    """Let a lease name another end, as one does whose writer has another clock."""
    end = time.time() + seconds_from_now
    with store.database.writing() as connection:
        held = sa.update(runs).where(runs.c.id == run_id)
        connection.execute(held.values(lease_expires_at=end))


def test_the_oldest_queued_run_is_claimed_first(store, queue):
    ids = [store.create(CONFIG).id for _ in range(3)]
    leases = [queue.claim() for _ in range(3)]
    assert [lease.run_id for lease in leases] == ids
    assert len({lease.token for lease in leases}) == 3
    assert queue.claim() is None
    assert [store.get(run_id).status for run_id in ids] == [RunStatus.RUNNING] * 3


def test_a_named_run_is_claimed_if_it_is_queued(store, queue):
    first, second = store.create(CONFIG), store.create(CONFIG)
    assert queue.queued() == 2
    assert queue.claim(second.id).run_id == second.id
    assert queue.claim(second.id) is None
    assert queue.claim("0" * 32) is None
    assert queue.queued() == 1
    assert queue.claim().run_id == first.id
    assert queue.queued() == 0


def test_claiming_counts_the_attempts_and_keeps_the_first_start(store, queue):
    run = store.create(CONFIG)
    lease = queue.claim()
    first = store.get(run.id)
    assert first.attempt == 1 and first.started_at >= run.created_at
    assert first.version > run.version
    queue.give_back(lease, died=True)
    queue.claim()
    second = store.get(run.id)
    assert (second.attempt, second.started_at) == (2, first.started_at)


def test_threads_never_claim_the_same_run(store, queue):
    ids = {store.create(CONFIG).id for _ in range(40)}
    start = threading.Barrier(8)

    def claim_all(_: int) -> list[str]:
        start.wait()
        claimed = []
        while lease := queue.claim():
            claimed.append(lease.run_id)
        return claimed

    with ThreadPoolExecutor(8) as threads:
        claimed = [run_id for found in threads.map(claim_all, range(8)) for run_id in found]
    # A thread that found everything locked may have left early, but nothing was handed out twice.
    while lease := queue.claim():
        claimed.append(lease.run_id)
    assert len(claimed) == len(ids) and set(claimed) == ids


def test_threads_never_claim_a_named_run_together(store, queue):
    ids = [store.create(CONFIG).id for _ in range(15)]
    start = threading.Barrier(6)

    def claim_each(_: int) -> list[Lease]:
        found = []
        for run_id in ids:
            start.wait()
            found.append(queue.claim(run_id))
        return [lease for lease in found if lease]

    with ThreadPoolExecutor(6) as threads:
        claimed = [lease for found in threads.map(claim_each, range(6)) for lease in found]
    assert sorted(lease.run_id for lease in claimed) == sorted(ids)


def test_processes_never_claim_the_same_run(store, queue, tmp_path):
    ids = {store.create(CONFIG).id for _ in range(60)}
    names = ["first", "second", "third"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM_ALL, str(tmp_path), name, store.home, store.url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    try:
        until = time.monotonic() + PATIENCE
        while not all((tmp_path / name).exists() for name in names):
            assert time.monotonic() < until
            time.sleep(0.01)
        (tmp_path / "go").touch()
        claimed = [
            run_id
            for process in processes
            for run_id in process.communicate(timeout=PATIENCE)[0].split()
        ]
    finally:
        for process in processes:
            process.kill()
    while lease := queue.claim():
        claimed.append(lease.run_id)
    assert len(claimed) == len(ids) and set(claimed) == ids


def test_threads_that_write_at_once_lose_nothing(store):
    trainings = [Training(store) for _ in range(6)]

    def train(training: Training) -> None:
        for _ in range(15):
            training.train(2)
            training.writer.renew()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(train, trainings))
    for training in trainings:
        assert [row.epoch for row in store.curves(training.id)] == list(range(1, 31))


def test_whoever_lost_the_lease_writes_nothing(store, queue):
    training = Training(store)
    training.train(3)
    store.command(training.id, Command.PAUSE)
    queue.give_back(training.lease, died=True)
    successor = Training(store, run=training.run)
    successor.writer.reset(to_epoch=2, best_epoch=2, active_seconds=0.0)
    run, rows = store.get(training.id), store.journal(training.id)

    writer = training.writer
    for write in (
        writer.renew,
        lambda: writer.append([record(4)], best_epoch=4, progress=None, active_seconds=9.0),
        lambda: writer.append([], best_epoch=4, progress=Progress(4, 1, 2), active_seconds=9.0),
        lambda: writer.reset(to_epoch=0, best_epoch=None, active_seconds=9.0),
        writer.commands,
        writer.checkpointed,
        lambda: writer.set_status(RunStatus.FAILED, "no"),
        lambda: writer.measured(test_loss=9.0, test_metric=0.9),
        lambda: writer.park([(Command.RESUME, None)]),
        writer.release,
    ):
        with pytest.raises(LeaseLostError):
            write()
    assert store.get(training.id) == run
    assert store.journal(training.id) == rows
    assert successor.writer.commands() == [(Command.PAUSE, None)]


def test_a_deleted_run_cannot_be_written(store):
    training = Training(store)
    training.end()
    store.delete(training.id)
    with pytest.raises(LeaseLostError):
        training.writer.run()
    with pytest.raises(LeaseLostError):
        training.train(1)
    assert store.journal(training.id) == []


def test_a_lease_that_is_renewed_no_more_is_recovered_by_requeuing_the_run(store, observer):
    training, healthy = Training(store), Training(store)
    training.train(3)
    training.batches(1, 10)
    assert observer.watch(LEASE_SECONDS - 1, meanwhile=healthy.writer.renew) == []
    before = training.run
    assert before.status is RunStatus.RUNNING
    assert observer.watch(2, meanwhile=healthy.writer.renew) == [training.id]
    run = training.run
    assert run.status is RunStatus.QUEUED
    assert run.progress is None and run.version > before.version
    assert [row.epoch for row in store.curves(run.id)] == [1, 2, 3]
    assert observer.watch(meanwhile=healthy.writer.renew) == []
    healthy.train(1)
    with pytest.raises(LeaseLostError):
        training.train(1)


@pytest.mark.parametrize("hours", [-24 * 400, -1, 1, 24 * 400])
def test_a_lease_names_any_time_and_is_judged_by_its_renewal_alone(store, observer, hours):
    dead, healthy = Training(store), Training(store)
    set_end(store, dead.id, hours * 3600)

    def renew() -> None:
        healthy.writer.renew()
        set_end(store, healthy.id, hours * 3600)

    assert observer.watch(3600, meanwhile=renew) == [dead.id]
    assert healthy.run.status is RunStatus.RUNNING


def test_a_clock_that_is_set_while_a_run_is_trained_changes_nothing(store, observer, monkeypatch):
    training, wall = Training(store), [1.7e9]
    monkeypatch.setattr(time, "time", lambda: wall[0])

    def jump() -> None:
        wall[0] += 3601 if wall[0] < 1.7e9 + 7200 else -7200
        training.writer.renew()

    assert observer.watch(30, meanwhile=jump) == []
    assert observer.watch() == [training.id]


def test_a_lost_lease_is_no_crash(store, observer):
    training = Training(store)
    for _ in range(3 * MAX_STALLS):
        assert observer.watch() == [training.id]
        assert training.run.status is RunStatus.QUEUED
        training = Training(store, run=training.run)


def test_while_nobody_looked_or_nobody_could_write_no_lease_ends(store, observer, monkeypatch):
    training = Training(store)
    observer.watch(LEASE_SECONDS - 1)
    observer.now += 3600  # the machine slept
    assert observer.queue.recover() == []
    training.writer.renew()

    def fail() -> None:
        raise StoreError("The disk is full.", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(store.database, "prove_writable", fail)
        for _ in range(20):
            with suppress(StoreError):
                observer.watch(1)
    assert observer.watch(GRACE_SECONDS) == []  # to renew it, now that writing works again
    assert training.run.status is RunStatus.RUNNING
    assert observer.watch() == [training.id]


def test_a_lease_is_renewed_by_whatever_its_worker_writes(store, observer):
    training = Training(store)
    for write in (
        training.writer.renew,
        lambda: training.train(1),
        lambda: training.batches(1, 2),
        training.writer.checkpointed,
        lambda: training.writer.set_status(RunStatus.PAUSED),
    ):
        assert observer.watch(LEASE_SECONDS - 1) == []
        write()
    assert observer.watch(LEASE_SECONDS - 1) == []
    with store.database.reading() as connection:
        expires = connection.scalar(sa.select(runs.c.lease_expires_at))
    assert 0 < expires - time.time() <= LEASE_SECONDS


def test_a_run_whose_workers_keep_dying_is_given_up(store, queue):
    training = Training(store)
    training.train(2)
    for _ in range(MAX_STALLS - 1):
        queue.give_back(training.lease, died=True)
        assert training.run.status is RunStatus.QUEUED
        training = Training(store, run=training.run)
    queue.give_back(training.lease, died=True)
    run = training.run
    assert run.status is RunStatus.INTERRUPTED and run.settled
    assert f"{MAX_STALLS} times" in run.message
    assert run.ended_at is not None
    assert [row.epoch for row in store.curves(run.id)] == [1, 2]
    assert queue.claim() is None
    store.delete(run.id)


def test_a_checkpoint_makes_a_death_forgiven(store, queue):
    training = Training(store)
    for _ in range(3 * MAX_STALLS):
        training.writer.checkpointed()
        queue.give_back(training.lease, died=True)
        assert training.run.status is RunStatus.QUEUED
        training = Training(store, run=training.run)


def test_a_worker_that_is_asked_to_leave_does_not_count_as_dead(store, queue):
    training = Training(store)
    for _ in range(3 * MAX_STALLS):
        queue.give_back(training.lease, died=False)
        assert training.run.status is RunStatus.QUEUED
        training = Training(store, run=training.run)


def test_only_the_lease_that_is_held_is_given_back(store, queue):
    training = Training(store)
    queue.give_back(Lease(training.id, "another"), died=True)
    assert training.run.status is RunStatus.RUNNING
    training.train(1)
    training.end()
    queue.give_back(training.lease, died=True)
    assert training.run.status is RunStatus.FINISHED


def test_a_worker_that_dies_after_the_end_leaves_the_run_ended(store, queue, observer):
    for lose in (lambda t: queue.give_back(t.lease, died=True), lambda t: observer.watch()):
        training = Training(store)
        training.train(2)
        training.writer.set_status(RunStatus.FINISHED)
        assert not training.run.settled
        lose(training)
        assert training.run.status is RunStatus.FINISHED
        assert training.run.settled


def test_a_paused_run_comes_back_paused(store, queue):
    training = Training(store)
    training.train(2)
    training.writer.set_status(RunStatus.PAUSED)
    queue.give_back(training.lease, died=False)
    assert training.run.status is RunStatus.QUEUED
    again = Training(store, run=training.run)
    assert again.writer.commands() == [(Command.PAUSE, None)]


def test_a_run_put_aside_waits_without_a_lease(store, observer):
    training = Training(store)
    training.writer.set_status(RunStatus.PAUSED)
    training.writer.park([(Command.LEARNING_RATE, 0.5)])
    assert training.run.status is RunStatus.PAUSED
    assert observer.watch() == []
    assert training.run.status is RunStatus.PAUSED
    store.command(training.id, Command.RESUME)
    again = Training(store, run=training.run)
    assert again.writer.commands() == [(Command.LEARNING_RATE, 0.5), (Command.RESUME, None)]


@pytest.mark.parametrize("command", [Command.RESUME, Command.STEP, Command.STOP])
def test_a_run_is_not_put_aside_over_a_command_that_came_meanwhile(store, command):
    read, unread = Training(store), Training(store)
    for training in (read, unread):
        training.train(1)
        training.writer.set_status(RunStatus.PAUSED)
    read.writer.park([(command, None)])
    store.command(unread.id, command)
    unread.writer.park([])
    for training in (read, unread):
        assert training.run.status is RunStatus.QUEUED
        again = Training(store, run=training.run)
        assert again.writer.commands() == [(command, None)]


def test_a_reset_forgets_the_epochs_after_it_and_uses_no_position_twice(store, queue):
    training = Training(store)
    training.train(10)
    before = store.journal(training.id)
    training.writer.reset(to_epoch=6, best_epoch=6, active_seconds=1.5)
    run = training.run
    assert (run.epochs_done, run.best.epoch, run.last.epoch) == (6, 6, 6)
    assert run.active_seconds == 1.5
    training.done = 6
    training.train(3)

    rows = store.journal(training.id)
    assert rows[:6] == before[:6]
    assert (rows[6].reset_to, rows[6].record) == (6, None)
    assert [row.record.epoch for row in rows[7:]] == [7, 8, 9]
    assert rows[6].seq > before[-1].seq
    assert [row.seq for row in rows] == sorted({row.seq for row in rows})
    assert [row.epoch for row in store.curves(training.id)] == list(range(1, 10))
    # Whoever had read everything hears of the reset first, then of what is new.
    news = store.journal(training.id, after_seq=before[-1].seq)
    assert [row.reset_to for row in news] == [6, None, None, None]


def test_a_reset_to_the_beginning_leaves_a_run_without_figures(store):
    training = Training(store)
    training.train(3)
    training.writer.reset(to_epoch=0, best_epoch=None, active_seconds=0.0)
    run = training.run
    assert run.best is None and run.last is None and run.epochs_done == 0
    assert store.curves(run.id) == []


def test_epochs_that_come_twice_are_written_once(store):
    training = Training(store)
    training.train(3)
    again = [replace(record(epoch), recorded_at=1.0) for epoch in (2, 3, 4)]
    training.writer.append(again, best_epoch=4, progress=None, active_seconds=1.0)
    training.writer.append(again, best_epoch=4, progress=None, active_seconds=1.0)
    rows = store.journal(training.id)
    assert [row.record.epoch for row in rows] == [1, 2, 3, 4]
    assert rows[2].record.recorded_at > 1.0
    assert training.run.epochs_done == 4
    assert training.run.last_seq == rows[-1].seq == 4


def test_a_command_finds_out_which_runs_have_lost_their_worker(store, queue):
    """One that runs once has no time to watch all leases: it asks of those that cannot be right."""
    past, ahead, slow, fresh = (Training(store) for _ in range(4))
    past.train(2)
    past.writer.set_status(RunStatus.PAUSED)
    ended = Training(store)
    ended.writer.set_status(RunStatus.FINISHED)
    for training, seconds in ((past, -100), (ahead, 3600), (slow, -100), (ended, -100)):
        set_end(store, training.id, seconds)
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            slow.writer.renew()

    queue.look_for_abandoned(clock=lambda: sum(waits), pause=wait)
    assert 0 < sum(waits) <= 2 * GRACE_SECONDS
    abandoned = {run.id for run in store.list_runs() if run.status is RunStatus.INTERRUPTED}
    assert abandoned == {past.id, ahead.id}
    assert ended.run.settled
    store.delete(past.id)
    with pytest.raises(StoreError):
        store.delete(slow.id)
    with pytest.raises(StoreError):
        store.delete(fresh.id)
    ahead.writer.renew()  # it lives after all
    assert ahead.run.status is RunStatus.RUNNING


def test_commands_to_an_abandoned_run_reach_its_next_worker(store, observer):
    training = Training(store)
    training.train(2)
    store.command(training.id, Command.STOP)
    observer.watch()
    again = Training(store, run=training.run)
    assert again.writer.commands() == [(Command.STOP, None)]


def test_the_writer_sees_its_run(store):
    training = Training(store)
    assert RunWriter(store.database, training.lease).run() == training.run
