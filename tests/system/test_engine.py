"""The engine: real worker processes, killed and closed while they train."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Command, Run, RunStatus, Store
from mnist_core.runs.artifacts import BEST_MODEL, CHECKPOINT, LAST_MODEL
from mnist_core.runs.lease_watch import GRACE_SECONDS
from mnist_core.runs.rows import LEASE_SECONDS
from mnist_core.workers import pool
from mnist_core.workers.engine import MAX_WORKERS, Engine
from tests import dask_cluster, postgresql
from tests.waiting import PATIENCE, is_gone, until

ROOT = Path(__file__).resolve().parents[2]
SMALL = TrainingConfig(train_size=60, validation_size=30, epochs=8)
#: Does not end by itself: minutes, on any machine.
FOREVER = replace(SMALL, epochs=20_000, train_size=6_000)

SERVE_UNTIL_KILLED = """
import sys, time
from mnist_core.workers.engine import Engine
from mnist_core.runs import Store

if __name__ == "__main__":
    Engine(Store(sys.argv[1])).start()
    time.sleep(600)
"""


SERVE_UNTIL_INTERRUPTED = """
import sys, time
from mnist_core.workers.engine import Engine
from mnist_core.runs import Store

if __name__ == "__main__":
    engine = Engine(Store(sys.argv[1]))
    engine.start()
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        engine.close()
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="module")
def engine(store: Store) -> Iterator[Engine]:
    with running(Engine(store)) as engine:
        until(lambda: engine.state.phase != "starting")
        assert engine.state.phase == "ready", engine.state
        yield engine


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    engine.start()
    with closing(engine):
        yield engine


def submit(engine: Engine, store: Store, config: TrainingConfig) -> str:
    run = store.create(config)
    engine.wake()
    return run.id


def reaches(store: Store, run_id: str, status: RunStatus) -> Run:
    def look() -> Run | None:
        run = store.get(run_id)
        assert run.status is status or run.status.is_active, (run.status, run.message)
        return run if run.status is status else None

    return until(look)


def settles(store: Store, run_id: str) -> Run:
    until(lambda: store.get(run_id).settled)
    return store.get(run_id)


def epochs(store: Store, run_id: str) -> list[int]:
    return [row.epoch for row in store.curves(run_id)]


def worker_processes(engine: Engine) -> dict[str, int]:
    """The process id of each worker, by its name."""
    return {
        name: nanny.process.pid
        for name, nanny in engine._workers._cluster.workers.items()
        if nanny.process is not None and nanny.process.pid
    }


def fails(engine: Engine) -> str:
    """The sentence with which an engine says that it cannot start."""
    with running(engine):
        until(lambda: engine.state.phase != "starting")
        assert engine.state.phase == "failed"
        return engine.state.message


def test_a_run_is_trained_by_a_worker(engine, store):
    run_id = submit(engine, store, SMALL)
    assert settles(store, run_id).status is RunStatus.FINISHED
    assert epochs(store, run_id) == list(range(1, 9))
    assert store.artifacts.names(run_id) == [BEST_MODEL, LAST_MODEL]
    assert os.getpid() not in worker_processes(engine).values()


def test_one_worker_trains_what_is_queued_in_order(engine, store):
    ids = [submit(engine, store, SMALL) for _ in range(3)]
    done = [settles(store, run_id) for run_id in ids]
    assert [run.status for run in done] == [RunStatus.FINISHED] * 3
    for earlier, later in itertools.pairwise(done):
        assert earlier.ended_at <= later.started_at
    assert [store.queue_position(run_id) for run_id in ids] == [None] * 3


def test_a_person_steers_a_run_in_its_worker(engine, store):
    run_id = submit(engine, store, FOREVER)
    until(lambda: store.get(run_id).epochs_done > 2)
    store.command(run_id, Command.PAUSE)
    paused = reaches(store, run_id, RunStatus.PAUSED)
    store.command(run_id, Command.STEP)
    until(lambda: store.get(run_id).epochs_done > paused.epochs_done)
    again = reaches(store, run_id, RunStatus.PAUSED)
    assert again.epochs_done == paused.epochs_done + 1
    store.command(run_id, Command.STOP)
    run = settles(store, run_id)
    assert run.status is RunStatus.STOPPED and run.test_metric is not None


def test_a_run_goes_on_from_its_checkpoint_when_its_worker_is_killed(engine, store):
    run_id = submit(engine, store, FOREVER)
    until(lambda: CHECKPOINT in store.artifacts.names(run_id))
    before = store.get(run_id)
    killed = worker_processes(engine)["train-0"]
    os.kill(killed, getattr(signal, "SIGKILL", signal.SIGTERM))
    until(lambda: store.get(run_id).attempt > before.attempt)
    until(lambda: any(row.reset_to is not None for row in store.journal(run_id, limit=10**6)))
    until(lambda: store.get(run_id).epochs_done > before.epochs_done + 20)
    store.command(run_id, Command.STOP)
    run = settles(store, run_id)
    assert run.status is RunStatus.STOPPED
    assert epochs(store, run_id) == list(range(1, run.epochs_done + 1))
    resets = [row.reset_to for row in store.journal(run_id, limit=10**6) if row.record is None]
    assert resets and all(to_epoch > 0 for to_epoch in resets)
    assert worker_processes(engine)["train-0"] != killed
    # The new worker is as good as the old one.
    assert settles(store, submit(engine, store, SMALL)).status is RunStatus.FINISHED


@pytest.mark.slow
def test_a_worker_that_is_killed_twice_comes_back_twice(engine, store):
    """Dask would drop it for good if it is still starting 15 seconds after the first death."""
    run_id = submit(engine, store, FOREVER)
    for attempt in (2, 3):
        until(lambda: CHECKPOINT in store.artifacts.names(run_id))
        pause = 10 if attempt == 3 else 0  # so that the second death is within those seconds
        time.sleep(pause)
        os.kill(worker_processes(engine)["train-0"], getattr(signal, "SIGKILL", signal.SIGTERM))
        until(lambda attempt=attempt: store.get(run_id).attempt == attempt)
    time.sleep(16)
    done = store.get(run_id).epochs_done
    until(lambda: store.get(run_id).epochs_done > done)
    store.command(run_id, Command.STOP)
    assert settles(store, run_id).status is RunStatus.STOPPED


@pytest.mark.slow
def test_a_run_whose_server_was_killed_is_taken_up_by_another(engine, store):
    """A server that dies takes its workers along, and its lease ends."""
    elsewhere = subprocess.Popen([sys.executable, "-c", SERVE_UNTIL_KILLED, store.home], cwd=ROOT)
    busy = [submit(engine, store, FOREVER) for _ in range(2)]
    try:
        until(lambda: all(store.get(run_id).epochs_done > 0 for run_id in busy))
        workers = psutil.Process(elsewhere.pid).children(recursive=True)
    finally:
        elsewhere.kill()
        elsewhere.wait()
    until(lambda: all(map(is_gone, workers)))
    (own,) = [lease.run_id for lease in engine._training]
    (lost,) = set(busy) - {own}
    reaches(store, lost, RunStatus.QUEUED)
    store.command(own, Command.STOP)
    until(lambda: store.get(lost).attempt == 2)
    reaches(store, lost, RunStatus.RUNNING)
    store.command(lost, Command.STOP)
    for run_id in busy:
        assert settles(store, run_id).status is RunStatus.STOPPED
        assert epochs(store, run_id) == list(range(1, store.get(run_id).epochs_done + 1))


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is no signal there")
def test_an_interrupt_at_the_terminal_is_for_the_server_alone(engine, store):
    run_id = submit(engine, store, FOREVER)
    until(lambda: store.get(run_id).epochs_done > 2)
    workers = worker_processes(engine)
    for process in workers.values():
        os.kill(process, signal.SIGINT)
    reached = store.get(run_id).epochs_done
    until(lambda: store.get(run_id).epochs_done > reached + 20)
    store.command(run_id, Command.STOP)
    assert settles(store, run_id).status is RunStatus.STOPPED
    assert worker_processes(engine) == workers


def test_what_a_closed_engine_trained_goes_on_under_the_next(engine, store):
    """The last test of this engine: it closes it."""
    trained = store.create(replace(SMALL, epochs=40)).id
    store.command(trained, Command.STEP)  # it pauses after its first epoch
    waiting = submit(engine, store, SMALL)
    paused = reaches(store, trained, RunStatus.PAUSED)
    processes = [psutil.Process(number) for number in worker_processes(engine).values()]
    assert len(processes) >= 2  # perhaps the one in the background too
    engine.close()
    assert [store.get(run_id).status for run_id in (trained, waiting)] == [RunStatus.QUEUED] * 2
    until(lambda: all(map(is_gone, processes)))
    assert engine.state.phase == "stopped"

    with running(Engine(store)):
        again = reaches(store, trained, RunStatus.PAUSED)  # as a person had left it
        # A worker that a busy machine lets stand still for long loses its run once more.
        assert again.attempt > paused.attempt and again.epochs_done <= paused.epochs_done
        store.command(trained, Command.RESUME)
        for run_id in (trained, waiting):
            run = settles(store, run_id)
            assert run.status is RunStatus.FINISHED
            assert epochs(store, run_id) == list(range(1, run.config.epochs + 1))


@pytest.mark.slow
def test_an_engine_that_is_closed_while_it_starts_leaves_no_process(store):
    me = psutil.Process()
    before = set(me.children(recursive=True))
    engine = Engine(store)
    engine.start()
    until(lambda: engine._workers is not None)
    engine.close()
    engine._thread.join(timeout=PATIENCE)
    assert not engine._thread.is_alive() and engine.state.phase == "stopped"

    def command(process: psutil.Process) -> str:
        try:
            return " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.ZombieProcess):  # just now
            return "resource_tracker"

    def left() -> list[psutil.Process]:
        new = set(me.children(recursive=True)) - before
        # Python's own process, which stays for the next workers.
        return [p for p in new if not is_gone(p) and "resource_tracker" not in command(p)]

    until(lambda: not left())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is no signal there")
@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.0, 2.0])
def test_an_interrupt_of_all_processes_while_they_start_prints_no_traceback(tmp_path, seconds):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE_UNTIL_INTERRUPTED, str(tmp_path / "home")],
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until(lambda: len(psutil.Process(server.pid).children()) > 1)
    time.sleep(seconds)
    os.killpg(server.pid, signal.SIGINT)
    said, _ = server.communicate(timeout=PATIENCE)
    assert said == ""


def test_an_engine_that_is_closed_before_it_starts_does_not_start(store):
    engine = Engine(store)
    engine.start(delay=600)
    assert engine.state.phase == "starting"
    engine.close()
    engine._thread.join(timeout=PATIENCE)
    assert not engine._thread.is_alive() and engine._workers is None


@pytest.mark.parametrize("count", ["none", "0", "-1", "1.5", str(MAX_WORKERS + 1)])
def test_a_number_of_workers_that_is_none_is_explained(store, monkeypatch, count):
    monkeypatch.setenv("MNIST_LAB_WORKERS", count)
    message = fails(Engine(store))
    assert f"MNIST_LAB_WORKERS is “{count}”" in message and f"1 to {MAX_WORKERS}" in message


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be stopped there")
def test_a_run_goes_on_when_the_machine_has_slept(tmp_path):
    store = Store(tmp_path / "laptop")
    server = subprocess.Popen([sys.executable, "-c", SERVE_UNTIL_KILLED, store.home], cwd=ROOT)
    run_id = store.create(FOREVER).id
    try:
        until(lambda: store.get(run_id).epochs_done > 2)
        processes = [psutil.Process(server.pid)]
        processes += processes[0].children(recursive=True)
        for process in processes:
            process.suspend()
        time.sleep(LEASE_SECONDS + 1)
        reached = store.get(run_id).epochs_done
        for process in processes:
            process.resume()
        time.sleep(GRACE_SECONDS + 1)
        run = store.get(run_id)
        assert (run.status, run.attempt) == (RunStatus.RUNNING, 1)
        assert run.epochs_done > reached
    finally:
        server.kill()
        server.wait()


def test_a_scheduler_that_does_not_answer_is_explained(store, monkeypatch):
    monkeypatch.setattr(pool, "SCHEDULER_SECONDS", 0.5)
    monkeypatch.setenv("MNIST_LAB_SCHEDULER", "tcp://127.0.0.1:1")
    message = fails(Engine(store))
    assert "tcp://127.0.0.1:1" in message and "No Dask scheduler answers" in message
    assert "nonsense" in fails(Engine(store, scheduler="nonsense"))


def test_a_cluster_is_refused_with_a_database_of_this_machine_alone(store, tmp_path):
    with dask_cluster.scheduler(tmp_path) as address:
        message = fails(Engine(store, scheduler=address))
        assert address in message and "SQLite" in message and "MNIST_LAB_DATABASE_URL" in message


@pytest.mark.slow
def test_a_cluster_trains_for_two_servers(postgresql_cluster: postgresql.Cluster, tmp_path):
    store = Store(tmp_path / "shared", postgresql_cluster.new_database())
    with dask_cluster.scheduler(tmp_path) as address:
        message = fails(Engine(store, scheduler=address))
        assert "no worker with the resource “train”" in message
        with dask_cluster.worker(address, "train", tmp_path) as trainer:
            elsewhere = Engine(store, scheduler=address)
            with running(elsewhere):
                until(lambda: elsewhere.state.phase != "starting")
                assert "no worker with the resource “interactive”" in elsewhere.state.message
            with (
                dask_cluster.worker(address, "interactive", tmp_path),
                running(Engine(store, scheduler=address)) as first,
            ):
                until(lambda: first.state.phase != "starting")
                assert first.state.phase == "ready", first.state
                long = submit(first, store, FOREVER)
                until(lambda: store.get(long).epochs_done > 2)
                # The only worker is busy: the second server comes up all the same, and waits.
                with running(Engine(store, scheduler=address)) as second:
                    until(lambda: second.state.phase != "starting")
                    assert second.state.phase == "ready", second.state
                    short = submit(second, store, SMALL)
                    time.sleep(1.5 * LEASE_SECONDS)
                    assert store.get(short).status is RunStatus.QUEUED
                    assert store.get(short).attempt == 1
                    store.command(long, Command.STOP)
                    assert settles(store, long).status is RunStatus.STOPPED
                    assert settles(store, short).status is RunStatus.FINISHED
                # A worker that is killed is replaced by its nanny, and the run goes on.
                until(lambda: not first._training)
                long = submit(first, store, FOREVER)
                until(lambda: CHECKPOINT in store.artifacts.names(long))
                for child in psutil.Process(trainer.pid).children():
                    child.kill()
                until(lambda: store.get(long).attempt == 2)
                reached = store.get(long).epochs_done
                until(lambda: store.get(long).epochs_done > reached + 10)
                store.command(long, Command.STOP)
                run = settles(store, long)
                assert epochs(store, long) == list(range(1, run.epochs_done + 1))


@pytest.mark.slow
def test_a_cluster_that_goes_away_is_waited_for(
    postgresql_cluster: postgresql.Cluster, tmp_path, monkeypatch
):
    monkeypatch.setattr(pool, "SCHEDULER_SECONDS", 2)
    store = Store(tmp_path / "shared", postgresql_cluster.new_database())
    with ExitStack() as cluster:

        def start(port: int = 0) -> str:
            address = cluster.enter_context(dask_cluster.scheduler(tmp_path, port=port))
            for kind in ("interactive", "train"):
                cluster.enter_context(dask_cluster.worker(address, kind, tmp_path))
            return address

        address = start()
        with running(Engine(store, scheduler=address)) as engine:
            until(lambda: engine.state.phase == "ready")
            run_id = submit(engine, store, FOREVER)
            until(lambda: CHECKPOINT in store.artifacts.names(run_id))
            cluster.close()
            until(lambda: engine.state.phase == "failed")
            assert "No Dask scheduler answers" in engine.state.message
            assert store.get(run_id).status is RunStatus.QUEUED
            start(int(address.rpartition(":")[2]))
            until(lambda: engine.state.phase == "ready")
            until(lambda: store.get(run_id).attempt == 2)
            reaches(store, run_id, RunStatus.RUNNING)
            store.command(run_id, Command.STOP)
            assert settles(store, run_id).status is RunStatus.STOPPED
