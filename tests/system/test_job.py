"""A whole training, as a worker runs it: real store, real Keras, real files."""

from __future__ import annotations

import dataclasses
import math
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from mnist_core.errors import StoreError
from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Command, EpochRecord, Run, RunStatus, Store, database
from mnist_core.runs.artifacts import BEST_MODEL, CHECKPOINT, LAST_MODEL
from mnist_core.runs.model_files import checkpoints_of, left_models
from mnist_core.runs.queue import Lease, RunQueue
from mnist_core.runs.resume import can_resume, resume
from mnist_core.tasks import TASKS, mnist, prepare, split, task
from mnist_core.training import callbacks, control, fit, reporter
from mnist_core.training.callbacks import SAVING_SHARE, FollowCommands, SaveCheckpoints
from mnist_core.training.checkpoint import Checkpoint
from mnist_core.training.job import train
from mnist_core.training.programs import program_for
from tests.damage import damaged
from tests.disks import fill, small_disk
from tests.live_training import Training
from tests.waiting import PATIENCE, until

#: One shape for most tests: it is compiled once.
SMALL = TrainingConfig(train_size=60, validation_size=30, epochs=8)
LONG = replace(SMALL, epochs=20_000)
#: Does not end by itself: minutes, on any machine.
FOREVER = replace(LONG, train_size=6_000)
REGULARISED = replace(
    SMALL, architecture="regularised-512-512", optimizer="adam", learning_rate=0.001, epochs=6
)


@pytest.fixture
def store(lab_home: Path) -> Store:
    return Store(lab_home)


@pytest.fixture
def saving_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(callbacks, "SAVING_SHARE", math.inf)


class Job:
    """A training in a thread, and what a person can do to it.

    Args:
        store: Where the run is.
        run: A queued run; or what a new one shall train.
        wishes: Commands that are there before the training begins.
    """

    def __init__(self, store: Store, run: Run | TrainingConfig, *wishes: Command) -> None:
        if isinstance(run, TrainingConfig):
            run = store.create(run)
        self.store = store
        self.id = run.id
        for wish in wishes:
            store.command(run.id, wish)
        lease = RunQueue(store.database).claim(run.id)
        assert lease is not None
        self.lease = lease
        self._thread = threading.Thread(target=train, args=(store, lease), daemon=True)
        self._thread.start()

    @property
    def run(self) -> Run:
        return self.store.get(self.id)

    def tell(self, command: Command, value: float | None = None) -> None:
        self.store.command(self.id, command, value)

    def until(self, condition: Callable[[Run], object]) -> Run:
        def look() -> Run | None:
            run = self.run
            return run if condition(run) else None

        return until(look)

    def until_epoch(self, epoch: int) -> Run:
        return self.until(lambda run: run.epochs_done >= epoch)

    def until_paused(self, epochs: int | None = None) -> Run:
        """Until it is paused, and after so many epochs."""
        return self.until(
            lambda run: run.status is RunStatus.PAUSED and epochs in (None, run.epochs_done)
        )

    def join(self) -> Run:
        self._thread.join(timeout=PATIENCE)
        assert not self._thread.is_alive()
        return self.run

    def stop(self) -> Run:
        self.tell(Command.STOP)
        return self.join()

    @property
    def epochs(self) -> list[int]:
        return [row.epoch for row in self.store.curves(self.id)]


def finished(store: Store, config: TrainingConfig) -> Run:
    run = Job(store, config).join()
    assert run.status is RunStatus.FINISHED, run.message
    return run


def timeless(records: list[EpochRecord]) -> list[EpochRecord]:
    """The records without what no two trainings share."""
    return [replace(row, seconds=0.0, recorded_at=0.0) for row in records]


def loaded(store: Store, run: Run, name: str, folder: Path) -> keras.Model:
    path = folder / name
    path.write_bytes(store.artifacts.read(run.id, name) or b"")
    model = keras.saving.load_model(path)
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def evaluated(model: keras.Model, config: TrainingConfig, part: str) -> tuple[float, float]:
    found = getattr(split(task(config.task).load(), config), part)
    shape = architecture(config.architecture).input_shape
    x = prepare(found.images_u8, scaling=config.pixel_scaling, input_shape=shape)
    loss, accuracy = model.evaluate(x, found.labels, batch_size=1000, verbose=0)
    return loss, accuracy


@pytest.mark.parametrize("config", [SMALL, REGULARISED], ids=lambda c: c.architecture)
def test_a_run_is_trained_to_its_end_and_leaves_its_models(store, tmp_path, config):
    run = finished(store, config)
    records = store.curves(run.id)
    assert [row.epoch for row in records] == list(range(1, config.epochs + 1))
    assert run.epochs_done == config.epochs and run.last == records[-1]
    assert run.best == min(records, key=lambda row: row.val_loss)
    assert run.settled and run.progress is None and run.message == ""
    assert run.created_at <= run.started_at <= run.ended_at
    assert 0 < sum(row.seconds for row in records) <= run.active_seconds
    assert {row.learning_rate for row in records} == {np.float32(config.learning_rate)}
    assert store.artifacts.names(run.id) == [BEST_MODEL, LAST_MODEL]
    for name, record in ((BEST_MODEL, run.best), (LAST_MODEL, run.last)):
        loss, accuracy = evaluated(loaded(store, run, name, tmp_path), config, "validation")
        assert loss == pytest.approx(record.val_loss, rel=1e-4)
        assert accuracy == pytest.approx(record.val_metric, abs=1e-6)
    loss, accuracy = evaluated(loaded(store, run, BEST_MODEL, tmp_path), config, "test")
    assert run.test_loss == pytest.approx(loss, rel=1e-4)
    assert run.test_metric == pytest.approx(accuracy, abs=2e-4)


def test_the_standard_errors_are_those_of_the_samples(store, tmp_path):
    config = replace(SMALL, learning_rate=0.5)  # so that the loss rises again
    run = finished(store, config)
    assert run.best.epoch < run.last.epoch and run.best.val_rise_se == 0.0
    part = split(task("mnist").load(), config).validation
    x = prepare(part.images_u8, scaling="unit", input_shape=(784,))
    losses = {}
    for name in (BEST_MODEL, LAST_MODEL):
        chosen = loaded(store, run, name, tmp_path).predict(x, verbose=0)
        losses[name] = -np.log(chosen[np.arange(len(x)), part.labels])
    root = math.sqrt(len(x))
    best, last = losses[BEST_MODEL], losses[LAST_MODEL]
    assert run.best.val_loss_se == pytest.approx(best.std(ddof=1) / root, rel=1e-3)
    assert run.last.val_loss_se == pytest.approx(last.std(ddof=1) / root, rel=1e-3)
    assert run.last.val_rise_se == pytest.approx((last - best).std(ddof=1) / root, rel=1e-3)


@pytest.mark.parametrize("config", [SMALL, REGULARISED], ids=lambda c: c.architecture)
def test_the_same_configuration_trains_the_same_curve(store, config):
    first, second = (store.curves(finished(store, config).id) for _ in range(2))
    assert timeless(first) == timeless(second)
    other = store.curves(finished(store, replace(config, seed=config.seed + 1)).id)
    assert timeless(other) != timeless(first)


def test_stop_keeps_what_was_learned(store, tmp_path):
    job = Job(store, FOREVER)
    job.until_epoch(5)
    run = job.stop()
    assert run.status is RunStatus.STOPPED and run.settled
    assert 5 <= run.epochs_done < FOREVER.epochs
    assert job.epochs == list(range(1, run.epochs_done + 1))
    assert store.artifacts.names(run.id) == [BEST_MODEL, CHECKPOINT, LAST_MODEL]
    assert run.test_metric is not None
    for name, record in ((BEST_MODEL, run.best), (LAST_MODEL, run.last)):
        loss, _ = evaluated(loaded(store, run, name, tmp_path), SMALL, "validation")
        assert loss == pytest.approx(record.val_loss, rel=1e-4)


def test_pause_step_and_resume(store):
    job = Job(store, FOREVER)
    job.until_epoch(2)
    job.tell(Command.PAUSE)
    paused = job.until_paused()
    time.sleep(0.3)  # it would train dozens of epochs in this time
    assert job.run == paused
    for step in (1, 2, 3):
        job.tell(Command.STEP)
        job.until_paused(paused.epochs_done + step)
    job.tell(Command.RESUME)
    running = job.until_epoch(paused.epochs_done + 10)
    assert running.status is RunStatus.RUNNING
    run = job.stop()
    assert job.epochs == list(range(1, run.epochs_done + 1))


def test_the_time_of_a_pause_does_not_count(store):
    began = time.monotonic()
    job = Job(store, SMALL, Command.STEP)
    for epoch in (1, 2):
        job.until_paused(epoch)
        time.sleep(0.3)
        job.tell(Command.STEP)
    job.until_paused(3)
    job.tell(Command.RESUME)
    run = job.join()
    assert run.active_seconds <= time.monotonic() - began - 0.6
    assert sum(row.seconds for row in store.curves(run.id)) <= run.active_seconds


def test_a_run_can_begin_step_by_step(store):
    job = Job(store, SMALL, Command.STEP)
    for epoch in range(1, SMALL.epochs):
        job.until_paused(epoch)
        job.tell(Command.STEP)
    run = job.join()
    assert run.status is RunStatus.FINISHED and run.epochs_done == SMALL.epochs
    assert timeless(store.curves(run.id)) == timeless(store.curves(finished(store, SMALL).id))


def test_a_run_that_is_paused_before_it_begins_waits(store):
    job = Job(store, SMALL, Command.PAUSE)
    assert job.until_paused().epochs_done == 0
    job.tell(Command.RESUME)
    assert job.join().status is RunStatus.FINISHED


def test_a_run_that_is_stopped_before_its_first_epoch_leaves_its_first_weights(store):
    run = store.create(SMALL, lease_token="mine")
    store.command(run.id, Command.STOP)
    train(store, Lease(run.id, "mine"))
    run = store.get(run.id)
    assert (run.status, run.epochs_done, run.best) == (RunStatus.STOPPED, 0, None)
    assert store.artifacts.names(run.id) == [LAST_MODEL]
    assert run.test_metric is None and store.curves(run.id) == []


def test_the_learning_rate_is_changed_from_one_epoch_to_the_next(store):
    job = Job(store, FOREVER, Command.STEP)
    job.until_paused(1)
    job.tell(Command.LEARNING_RATE, 0.25)
    job.tell(Command.STEP)
    job.until_paused(2)
    job.tell(Command.RESUME)
    job.until_epoch(4)
    job.tell(Command.LEARNING_RATE, 0.125)
    job.until(lambda run: run.last.learning_rate == 0.125)
    job.stop()
    rates = [row.learning_rate for row in store.curves(job.id)]
    assert rates[:3] == [np.float32(0.01), 0.25, 0.25]
    assert set(rates[1:]) == {0.25, 0.125} and sorted(rates[1:], reverse=True) == rates[1:]


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_best_model(store, tmp_path):
    job = Job(store, FOREVER, Command.STEP)
    job.until_paused(1)
    job.tell(Command.LEARNING_RATE, 1e30)
    job.tell(Command.RESUME)
    run = job.join()
    assert run.status is RunStatus.FAILED and run.settled
    assert "The loss became nan in epoch" in run.message
    assert "smaller learning rate" in run.message
    assert run.best.epoch == 1
    assert all(math.isfinite(row.loss) for row in store.curves(run.id))
    assert store.artifacts.names(run.id) == [BEST_MODEL]
    loss, _ = evaluated(loaded(store, run, BEST_MODEL, tmp_path), SMALL, "validation")
    assert loss == pytest.approx(run.best.val_loss, rel=1e-4)
    assert left_models(store, run) == (BEST_MODEL,) and checkpoints_of(run) == ("best",)


def test_a_loss_that_never_was_a_number_is_explained_too(store):
    config = replace(SMALL, architecture="relu-500-500", pixel_scaling="raw", learning_rate=10.0)
    run = Job(store, config).join()
    assert run.status is RunStatus.FAILED and "in epoch 1" in run.message
    assert run.best is None and store.artifacts.names(run.id) == []


def test_early_stopping_ends_the_run_as_finished(store):
    config = replace(LONG, patience=3, min_delta=100.0)  # nothing counts as better
    run = finished(store, config)
    # The first epoch is better than nothing; the three after it are not.
    assert run.epochs_done == 4
    assert store.artifacts.names(run.id) == [BEST_MODEL, LAST_MODEL]


def interrupted(store: Store, config: TrainingConfig, *, saved: int, seen: int) -> Run:
    """A run whose worker was lost after ``seen`` epochs, the last ``saved`` of them in time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks, "SAVE_SECONDS", 0.0)
        patch.setattr(callbacks, "SAVING_SHARE", math.inf)
        job = Job(store, config, Command.STEP)
        for epoch in range(1, seen):
            job.until_paused(epoch)
            if epoch == saved:
                patch.setattr(callbacks, "SAVE_SECONDS", math.inf)
            job.tell(Command.STEP)
        job.until_paused(seen)
        RunQueue(store.database).give_back(job.lease, died=True)
        job.join()
    store.command(job.id, Command.RESUME)  # it was paused, and would come back so
    run = job.run
    assert (run.status, run.epochs_done) == (RunStatus.QUEUED, seen)
    return run


@pytest.mark.parametrize(
    ("config", "best_is_saved"),
    [(SMALL, False), (replace(SMALL, learning_rate=1.0), True), (REGULARISED, False)],
    ids=["relu-2", "relu-2 past its best", "regularised-512-512"],
)
def test_a_run_that_lost_its_worker_trains_the_very_same_curve(store, config, best_is_saved):
    whole = finished(store, config)
    assert (whole.best.epoch <= 2) == best_is_saved
    run = interrupted(store, config, saved=2, seen=4)
    seen = store.journal(run.id)
    again = Job(store, run).join()

    assert (again.status, again.attempt) == (RunStatus.FINISHED, 2)
    assert timeless(store.curves(run.id)) == timeless(store.curves(whole.id))
    assert (again.test_loss, again.test_metric) == (whole.test_loss, whole.test_metric)
    assert replace(again.best, seconds=0, recorded_at=0) == replace(
        whole.best, seconds=0, recorded_at=0
    )
    rows = store.journal(run.id)
    assert rows[:2] == seen[:2]
    assert rows[2].reset_to == 2 and rows[2].seq > seen[-1].seq
    assert [row.record.epoch for row in rows[3:]] == list(range(3, config.epochs + 1))
    assert again.active_seconds >= sum(row.seconds for row in store.curves(run.id))


@pytest.mark.parametrize("config", [SMALL, REGULARISED], ids=lambda c: c.architecture)
def test_a_stopped_run_that_is_resumed_trains_the_very_same_curve(store, config):
    whole = finished(store, config)
    job = Job(store, config, Command.STEP)
    job.until_paused(1)
    job.tell(Command.STEP)
    job.until_paused(2)
    stopped = job.stop()
    assert (stopped.status, stopped.epochs_done) == (RunStatus.STOPPED, 2)
    assert stopped.test_metric is not None and can_resume(store, stopped)
    job.tell(Command.STOP)  # a second press, too late

    queued = resume(store, job.id)
    assert (queued.status, queued.ended_at, queued.test_metric) == (RunStatus.QUEUED, None, None)
    again = Job(store, queued).join()
    assert (again.status, again.attempt) == (RunStatus.FINISHED, 2)
    assert timeless(store.curves(again.id)) == timeless(store.curves(whole.id))
    assert (again.test_loss, again.test_metric) == (whole.test_loss, whole.test_metric)
    assert again.active_seconds >= sum(row.seconds for row in store.curves(again.id))
    assert store.artifacts.names(again.id) == [BEST_MODEL, LAST_MODEL]
    with pytest.raises(StoreError):
        resume(store, again.id)


def test_a_run_that_was_stopped_within_an_epoch_goes_on_from_the_one_before(
    store, monkeypatch, saving_always
):
    whole = finished(store, SMALL)
    monkeypatch.setattr(fit, "SLICE_SECONDS", 1e-9)  # each batch is a slice of its own
    job = Job(store, SMALL, Command.STEP)
    job.until_paused(1)
    said = FollowCommands.on_train_batch_end

    def stop_here(self, batch, logs=None):
        if batch == 2:
            self._link.control.apply(Command.STOP, None)
        said(self, batch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(FollowCommands, "on_train_batch_end", stop_here)
        job.tell(Command.RESUME)
        stopped = job.join()
    assert (stopped.status, stopped.epochs_done) == (RunStatus.STOPPED, 1)
    again = Job(store, resume(store, stopped.id)).join()
    assert timeless(store.curves(again.id)) == timeless(store.curves(whole.id))


def test_a_run_is_not_resumed_without_its_checkpoint_unless_it_had_not_begun(store):
    job = Job(store, FOREVER)
    job.until_epoch(1)
    run = job.stop()
    store.artifacts.remove(run.id, CHECKPOINT)
    assert not can_resume(store, run)
    with pytest.raises(StoreError):
        resume(store, run.id)

    fresh = store.create(SMALL)
    store.command(fresh.id, Command.STOP)
    assert resume(store, fresh.id).status is RunStatus.QUEUED
    assert Job(store, store.get(fresh.id)).join().epochs_done == SMALL.epochs


def test_early_stopping_counts_on_after_an_interruption(store):
    config = replace(LONG, patience=7, min_delta=100.0)  # nothing counts as better
    whole = finished(store, config)
    assert whole.epochs_done == 8
    run = interrupted(store, config, saved=whole.epochs_done - 4, seen=whole.epochs_done - 2)
    again = Job(store, run).join()
    assert timeless(store.curves(again.id)) == timeless(store.curves(whole.id))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None], ids=["empty", "junk", "cut"])
def test_a_run_with_a_damaged_checkpoint_starts_over(store, content):
    whole = finished(store, SMALL)
    run = interrupted(store, SMALL, saved=3, seen=4)
    if content is None:
        content = store.artifacts.read(run.id, CHECKPOINT)[:-100]
    store.artifacts.write(run.id, CHECKPOINT, content)
    again = Job(store, run).join()
    assert again.status is RunStatus.FINISHED
    assert timeless(store.curves(run.id)) == timeless(store.curves(whole.id))
    assert store.journal(run.id)[0].reset_to == 0


def test_a_learning_rate_that_was_changed_after_the_checkpoint_stays_changed(store):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks, "SAVE_SECONDS", math.inf)
        job = Job(store, SMALL, Command.STEP)
        job.until_paused(1)
        job.tell(Command.LEARNING_RATE, 0.125)
        job.tell(Command.STEP)
        job.until_paused(2)
        RunQueue(store.database).give_back(job.lease, died=True)
        job.join()
    store.command(job.id, Command.RESUME)
    run = Job(store, job.run).join()
    assert {row.learning_rate for row in store.curves(run.id)} == {0.125}


def test_a_run_taken_up_only_to_be_stopped_trains_no_further(store, tmp_path):
    run = interrupted(store, SMALL, saved=3, seen=3)
    store.command(run.id, Command.STOP)
    again = Job(store, run).join()
    assert (again.status, again.epochs_done) == (RunStatus.STOPPED, 3)
    assert store.artifacts.names(run.id) == [BEST_MODEL, CHECKPOINT, LAST_MODEL]
    loss, _ = evaluated(loaded(store, again, LAST_MODEL, tmp_path), SMALL, "validation")
    assert loss == pytest.approx(again.last.val_loss, rel=1e-4)
    assert again.test_metric is not None


def test_a_worker_that_lost_its_lease_leaves_its_successor_alone(store, saving_always):
    job = Job(store, SMALL, Command.STEP)
    job.until_paused(1)
    RunQueue(store.database).give_back(job.lease, died=True)
    successor = Training(store, run=job.run)
    for name in (CHECKPOINT, BEST_MODEL, LAST_MODEL):
        store.artifacts.write(job.id, name, b"the successor's")
    before = job.run
    job.join()
    assert job.run == before and before.status is RunStatus.RUNNING
    for name in (CHECKPOINT, BEST_MODEL, LAST_MODEL):
        assert store.artifacts.read(job.id, name) == b"the successor's"
    successor.writer.renew()


@pytest.mark.parametrize("save_seconds", [0.0, math.inf], ids=["checkpoint", "models"])
def test_a_worker_that_does_not_know_yet_that_it_lost_its_lease_writes_no_file(
    store, monkeypatch, save_seconds
):
    # Its link gets no time to notice: the machine slept, say.
    monkeypatch.setattr(reporter.RunLink, "_work", lambda self: None)
    monkeypatch.setattr(callbacks, "SAVE_SECONDS", save_seconds)
    monkeypatch.setattr(callbacks, "SAVING_SHARE", math.inf)
    run = store.create(SMALL)
    lease = RunQueue(store.database).claim(run.id)
    RunQueue(store.database).give_back(lease, died=True)
    train(store, lease)
    assert store.artifacts.names(run.id) == []
    assert store.get(run.id).status is RunStatus.QUEUED
    assert store.curves(run.id) == []


def test_a_paused_run_gives_its_worker_to_one_that_waits(store, monkeypatch, tmp_path):
    monkeypatch.setattr(control, "PARK_AFTER", 0.0)
    whole = finished(store, SMALL)
    job = Job(store, SMALL, Command.STEP)
    job.until_paused(1)
    job.tell(Command.STEP)
    paused = job.until_paused(2)
    other = store.create(SMALL)
    parked = job.join()
    assert parked.status is RunStatus.PAUSED and parked.epochs_done == 2
    assert store.artifacts.names(job.id) == [BEST_MODEL, CHECKPOINT, LAST_MODEL]
    loss, _ = evaluated(loaded(store, parked, LAST_MODEL, tmp_path), SMALL, "validation")
    assert loss == pytest.approx(paused.last.val_loss, rel=1e-4)
    assert RunQueue(store.database).claim().run_id == other.id

    store.command(job.id, Command.RESUME)
    again = Job(store, store.get(job.id)).join()
    assert again.status is RunStatus.FINISHED
    assert timeless(store.curves(job.id)) == timeless(store.curves(whole.id))
    assert store.artifacts.names(job.id) == [BEST_MODEL, LAST_MODEL]


def test_progress_is_reported_within_a_long_epoch(store, monkeypatch):
    monkeypatch.setattr(fit, "SLICE_SECONDS", 1e-9)
    monkeypatch.setattr(callbacks, "PROGRESS_SECONDS", 0.0)
    config = replace(LONG, batch_size=1)
    job = Job(store, config)
    within = job.until(lambda run: run.progress and 1 < run.progress.done < run.progress.total)
    seen = within.progress
    assert seen.epoch >= 1 and seen.total == 60
    job.tell(Command.PAUSE)
    paused = job.until_paused()
    assert paused.epochs_done >= seen.epoch - 1
    job.stop()


def test_a_stop_and_a_new_rate_act_within_a_long_epoch(store, monkeypatch):
    monkeypatch.setattr(callbacks, "PROGRESS_SECONDS", 0.0)
    # Tens of seconds an epoch: whatever acts, acts within the first one.
    slow = replace(FOREVER, architecture="relu-512", train_size=50_000, batch_size=1)
    job = Job(store, slow)
    job.until(lambda run: run.progress and run.progress.done > 1)
    job.tell(Command.LEARNING_RATE, 0.0005)
    job.tell(Command.PAUSE)
    paused = job.until_paused()
    assert paused.epochs_done == 0 and paused.progress.done < 50_000
    run = job.stop()
    assert (run.status, run.epochs_done) == (RunStatus.STOPPED, 0)


def test_a_second_run_of_the_same_shape_compiles_nothing(store):
    config = replace(SMALL, epochs=2)
    program, _ = program_for(config)
    Job(store, config).join()
    forms = len(program._concrete)
    assert forms > 0
    Job(store, replace(config, seed=config.seed + 1, learning_rate=0.002)).join()
    assert program_for(config)[0] is program and len(program._concrete) == forms
    for other in ({"batch_size": 31}, {"optimizer": "adam"}, {"architecture": "softmax"}):
        assert program_for(replace(config, **other))[0] is not program


def test_a_store_that_fails_for_a_while_costs_no_epoch(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(database, "BUSY_SECONDS", 0.1)
        job = Job(Store(store.home), FOREVER)
        job.until_epoch(3)
    job.store = store  # a person's commands wait as long as they must
    with closing(sqlite3.connect(Path(store.home) / "runs.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        before = job.run.epochs_done
        time.sleep(0.4)
        assert job.run.epochs_done == before
        other.execute("ROLLBACK")
    job.until_epoch(before + 10)
    run = job.stop()
    assert run.status is RunStatus.STOPPED
    assert job.epochs == list(range(1, run.epochs_done + 1))


def test_a_full_disk_does_not_end_a_training_that_can_still_be_saved(
    store, saving_always, tmp_path
):
    with small_disk(tmp_path / "disk", kilobytes=500) as disk:
        store = Store(disk, store.url)
        (disk / "runs").mkdir()
        fill(disk)
        job = Job(store, FOREVER)
        job.until_epoch(5)
        job.tell(Command.PAUSE)
        job.until_paused()
        assert store.artifacts.names(job.id) == []
        (disk / "filling").unlink()
        job.tell(Command.STOP)
        run = job.join()
        assert run.status is RunStatus.STOPPED
        assert store.artifacts.names(job.id) == [BEST_MODEL, CHECKPOINT, LAST_MODEL]


def test_a_disk_that_stays_full_ends_the_run_with_a_sentence(store, tmp_path, monkeypatch):
    monkeypatch.setattr(reporter, "STORE_TIMEOUT", 0.5)
    with small_disk(tmp_path / "disk", kilobytes=500) as disk:
        store = Store(disk, store.url)
        fill(disk)
        run = Job(store, SMALL).join()
        assert run.status is RunStatus.FAILED and run.settled
        assert "disk is full" in run.message
        assert run.epochs_done == SMALL.epochs


def test_a_disk_that_fills_up_leaves_a_run_that_goes_on_when_there_is_room(
    store, tmp_path, monkeypatch, saving_always
):
    monkeypatch.setattr(reporter, "STORE_TIMEOUT", 0.5)
    with small_disk(tmp_path / "disk", kilobytes=3000) as disk:
        store = Store(disk, store.url)
        job = Job(store, SMALL, Command.STEP)
        job.until_paused(1)
        fill(disk)
        job.tell(Command.RESUME)
        run = job.join()
        assert run.status is RunStatus.INTERRUPTED and run.settled
        assert "disk is full" in run.message and run.epochs_done == SMALL.epochs
        (disk / "filling").unlink()
        run = Job(store, resume(store, run.id)).join()
        assert run.status is RunStatus.FINISHED and run.message == ""
        assert [row.epoch for row in store.curves(run.id)] == list(range(1, SMALL.epochs + 1))


@pytest.mark.parametrize("kind", ["damaged", "another network's", "ahead of the store"])
def test_a_checkpoint_that_cannot_be_used_counts_as_none(store, kind):
    run = interrupted(store, SMALL, saved=2, seen=4)
    path = Path(store.home) / "runs" / run.id / CHECKPOINT
    saved = Checkpoint.from_bytes(path.read_bytes())
    assert saved is not None
    if kind == "damaged":
        path.write_bytes(next(damaged(path.read_bytes(), 1)))
    elif kind == "another network's":
        path.write_bytes(dataclasses.replace(saved, model=saved.model[:-1]).to_bytes())
    else:
        path.write_bytes(dataclasses.replace(saved, epoch=5).to_bytes())
    run = Job(store, run).join()
    assert run.status is RunStatus.FINISHED and run.message == ""
    resets = [row.reset_to for row in store.journal(run.id) if row.record is None]
    assert resets == [0]
    assert [row.epoch for row in store.curves(run.id)] == list(range(1, SMALL.epochs + 1))


def test_data_that_cannot_be_read_ends_the_run_with_a_sentence(store, tmp_path, monkeypatch):
    cut = tmp_path / "mnist.npz"
    cut.write_bytes(mnist.DATA_FILE.read_bytes()[:1_000_000])
    broken = dataclasses.replace(TASKS["mnist"], load=lambda: mnist.load(cut))
    monkeypatch.setitem(TASKS, "mnist", broken)
    run = Job(store, SMALL).join()
    assert run.status is RunStatus.FAILED and run.settled
    assert "mnist.npz" in run.message and "Traceback" not in run.message


def test_a_training_that_succeeded_stays_finished_when_its_test_fails(store, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(fit.Program, "evaluate_now", fail)
    run = Job(store, SMALL).join()
    assert run.status is RunStatus.FINISHED and run.has_models and run.settled
    assert "memory" in run.message and run.test_metric is None
    assert len(store.curves(run.id)) == SMALL.epochs


def test_saving_takes_a_small_share_of_the_time(store, monkeypatch):
    """However long a checkpoint takes, and however short the epochs are."""
    finished(store, SMALL)  # its compiling would be time to save in, too
    monkeypatch.setattr(callbacks, "SAVE_SECONDS", 0.0)
    saves = []
    save, write = SaveCheckpoints.save_now, store.artifacts.write

    def note(self, epoch):
        # What the saves have taken, this one's share included, and what they may take by now.
        saves.append((self._spent + self._cost, self._link.clock.seconds() * SAVING_SHARE))
        save(self, epoch)

    def write_slowly(run_id, name, content):
        if name == CHECKPOINT:
            time.sleep(0.01)
        write(run_id, name, content)

    monkeypatch.setattr(SaveCheckpoints, "save_now", note)
    monkeypatch.setattr(store.artifacts, "write", write_slowly)
    job = Job(store, FOREVER)
    until(lambda: len(saves) >= 4)
    during = saves[:4]
    job.stop()  # saves once more, whatever it takes
    assert all(spent <= allowed for spent, allowed in during)
    assert during[-1][0] >= 3 * 0.01


def test_a_validation_loss_that_is_no_number_ends_the_run(store):
    # One step an epoch: the training loss is measured before it, the validation loss after it.
    config = TrainingConfig(
        architecture="relu-500-500", train_size=20, batch_size=20, epochs=5, validation_size=20
    )
    job = Job(store, config, Command.STEP)
    job.until_paused(1)
    job.tell(Command.LEARNING_RATE, 1e30)
    job.tell(Command.RESUME)
    run = job.join()
    assert run.status is RunStatus.FAILED
    assert math.isnan(run.last.val_loss)
    assert math.isfinite(run.last.loss)
    assert f"in epoch {run.last.epoch}" in run.message


def test_a_run_leaves_event_files_with_histograms_and_the_graph(store, saving_always):
    config = replace(SMALL, histograms="on")
    run = interrupted(store, config, saved=2, seen=4)
    run = Job(store, run).join()
    folder = store.event_files.folder(run.id)
    train_events = EventAccumulator(str(folder / "train"), size_guidance={"tensors": 0}).Reload()
    tags = train_events.Tags()
    weights = [f"dense{n}/{kind}" for n in ("", "_1") for kind in ("kernel", "bias")]
    histograms = {f"{weight}/histogram" for weight in weights}
    assert {tag for tag in tags["tensors"] if "histogram" in tag} == histograms
    for tag in [*histograms, "epoch_loss", "epoch_learning_rate"]:
        steps = [event.step for event in train_events.Tensors(tag)]
        assert steps == list(range(1, config.epochs + 1)), tag
    last = make_ndarray(train_events.Tensors("dense_1/kernel/histogram")[-1].tensor_proto)
    assert last[:, 2].sum() == 2 * 10
    operations = {node.op for node in train_events.Graph().node}
    for function in train_events.Graph().library.function:
        operations |= {node.op for node in function.node_def}
    assert {"MatMul", "AssignVariableOp"} <= operations
    whole = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    accuracy = whole.Tensors("result/test_accuracy")[0].tensor_proto
    assert float(make_ndarray(accuracy)) == np.float32(run.test_metric)


def test_histograms_change_nothing_of_the_curve(store):
    runs = [finished(store, replace(SMALL, histograms=kept)) for kept in ("off", "on")]
    first, second = (timeless(store.curves(run.id)) for run in runs)
    assert first == second
    sizes = [sum(p.stat().st_size for p in store.event_files.paths(run.id)) for run in runs]
    assert sizes[0] < sizes[1]
