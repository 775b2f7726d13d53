"""The run store keeps what pages ask for and what workers measured."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.errors import StoreError, UnknownRunError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import (
    Command,
    JournalRow,
    Progress,
    RateChange,
    RunStatus,
    Store,
    rate_changes,
)
from mnist_core.runs.queue import RunQueue
from mnist_core.runs.schema import runs
from mnist_core.runs.store import NAME_LENGTH
from tests.live_training import Training, record

CONFIG = TrainingConfig(epochs=5, patience=3, label_noise=0.25, learning_rate=1 / 3)
NOBODY = "0" * 32


@pytest.fixture
def store(any_store: Store) -> Store:
    return any_store


def test_a_run_comes_back_as_it_was_created(store):
    run = store.create(CONFIG, name="  my \n run ", preset="overfit-700", owner="me")
    assert store.get(run.id) == run
    assert (run.config, run.name, run.preset, run.owner) == (CONFIG, "my run", "overfit-700", "me")
    assert run.status is RunStatus.QUEUED
    assert len(run.id) == 32 and int(run.id, 16) >= 0
    assert (run.epochs_done, run.attempt, run.active_seconds, run.message) == (0, 1, 0.0, "")
    assert run.best is run.last is run.progress is run.started_at is run.ended_at is None
    assert not run.settled


def test_every_preset_comes_back_as_it_was(store):
    for key, preset in PRESETS.items():
        run = store.create(preset.config, preset=key)
        assert (store.get(run.id).config, run.name) == (preset.config, key)


def test_a_run_without_a_name_is_called_after_what_it_trains(store):
    assert store.create(CONFIG).name == CONFIG.architecture
    assert store.create(CONFIG, preset="softmax").name == "softmax"


def test_ids_are_random(store):
    ids = {store.create(CONFIG).id for _ in range(20)}
    assert len({run_id[:4] for run_id in ids}) > 15


def test_runs_are_listed_newest_first_and_page_by_page(store):
    runs = [store.create(CONFIG, name=str(place)) for place in range(7)]
    newest_first = [run.id for run in reversed(runs)]
    assert [run.id for run in store.list_runs()] == newest_first
    pages = [store.list_runs(limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [run.id for page in pages for run in page] == newest_first


def test_a_listed_run_is_the_one_that_get_returns(store):
    training = Training(store)
    training.train(70)
    store.create(CONFIG)
    assert store.list_runs() == [store.get(run.id) for run in store.list_runs()]


def test_a_run_that_has_ended_is_read_once_until_it_is_changed(store):
    ended, active = Training(store), Training(store)
    ended.train(3)
    ended.end()
    active.train(3)
    first = {run.id: run for run in store.list_runs()}
    again = {run.id: run for run in store.list_runs()}
    assert again == first
    assert again[ended.id] is first[ended.id] and again[active.id] is not first[active.id]
    store.rename(ended.id, "another name")
    assert store.list_runs()[1].name == store.get(ended.id).name == "another name"
    assert [run.id for run in store.named("another name")] == [ended.id]
    assert {run.id for run in store.named("none", ended.id[:6])} == {ended.id}
    assert not store.named("none", "%") and not store.named("none")


def test_an_unknown_run_is_said_to_be_unknown(store):
    for asked in (
        lambda: store.get(NOBODY),
        lambda: store.rename(NOBODY, "name"),
        lambda: store.delete(NOBODY),
        lambda: store.command(NOBODY, Command.STOP),
        lambda: store.command(NOBODY, Command.RESUME),
    ):
        with pytest.raises(UnknownRunError) as caught:
            asked()
        assert NOBODY in str(caught.value)
    assert store.journal(NOBODY) == [] and store.curves(NOBODY) == []
    assert store.queue_position(NOBODY) is None
    assert store.versions([NOBODY]) == store.versions([]) == {}


def test_a_run_is_renamed_on_one_line(store):
    run = store.create(CONFIG)
    store.rename(run.id, " first\tdigits \n")
    renamed = store.get(run.id)
    assert renamed.name == "first digits"
    assert renamed.version > run.version
    store.rename(run.id, "é" * NAME_LENGTH)
    assert store.get(run.id).name == "é" * NAME_LENGTH


@pytest.mark.parametrize("name", ["", " \n\t ", "x" * (NAME_LENGTH + 1)])
def test_a_name_that_is_empty_or_too_long_is_refused(store, name):
    run = store.create(CONFIG, name="good")
    with pytest.raises(StoreError):
        store.rename(run.id, name)
    assert store.get(run.id).name == "good"
    if len(name) > NAME_LENGTH:
        with pytest.raises(StoreError):
            store.create(CONFIG, name=name)
        assert len(store.list_runs()) == 1


def test_an_ended_run_is_deleted_with_all_that_belongs_to_it(store):
    training = Training(store)
    training.train(3)
    store.command(training.id, Command.PAUSE)
    store.artifacts.write(training.id, "best.keras", b"weights")
    training.end()
    other = store.create(CONFIG)
    store.delete(training.id)
    assert [run.id for run in store.list_runs()] == [other.id]
    assert store.journal(training.id) == []
    assert store.artifacts.names(training.id) == []
    with store.database.reading() as connection:
        from mnist_core.runs.schema import commands

        assert connection.execute(commands.select()).all() == []
    with pytest.raises(UnknownRunError):
        store.get(training.id)


def test_a_run_that_is_still_at_work_is_not_deleted(store):
    queued = store.create(CONFIG)
    training = Training(store)
    ended = Training(store)
    ended.writer.set_status(RunStatus.FINISHED)  # and measures the test set now
    paused = Training(store)
    paused.writer.set_status(RunStatus.PAUSED)
    paused.writer.park([])
    for run_id in (queued.id, training.id, ended.id, paused.id):
        with pytest.raises(StoreError, match="^Could not delete"):
            store.delete(run_id)
        assert store.get(run_id)
    ended.writer.release()
    store.delete(ended.id)


def test_records_come_back_number_for_number(store):
    training = Training(store)
    odd = replace(
        record(1), loss=math.nan, val_loss=math.nan, val_rise_se=math.inf, learning_rate=1e-9
    )
    training.write([odd, record(2)])
    first, second = store.curves(training.id)
    assert math.isnan(first.loss) and math.isnan(first.val_loss)
    assert first.val_rise_se == math.inf
    assert (first.learning_rate, first.metric) == (1e-9, odd.metric)
    assert replace(second, recorded_at=0.0) == record(2)
    assert second.recorded_at > 1.7e9


def test_a_run_names_its_best_and_its_last_epoch(store):
    training = Training(store)
    training.train(75)
    run = training.run
    assert run.epochs_done == 75
    assert (run.best.epoch, run.last.epoch) == (60, 75)
    assert [run.best, run.last] == [store.curves(run.id)[place] for place in (59, 74)]


def test_a_cursor_reads_on_without_loss_or_repetition(store):
    training = Training(store)
    seen: list[JournalRow] = []
    for epochs in (1, 4, 12, 0, 30):
        training.train(epochs)
        while rows := store.journal(training.id, after_seq=seen[-1].seq if seen else 0, limit=7):
            assert len(rows) <= 7 and rows[0].seq > (seen[-1].seq if seen else 0)
            seen += rows
    assert [row.record.epoch for row in seen] == list(range(1, 48))
    assert [row.seq for row in seen] == sorted({row.seq for row in seen})
    assert training.run.last_seq == seen[-1].seq


def test_journals_are_told_apart(store):
    first, second = Training(store), Training(store)
    first.train(3)
    second.train(5)
    first.train(2)
    assert [row.epoch for row in store.curves(first.id)] == [1, 2, 3, 4, 5]
    assert [row.epoch for row in store.curves(second.id)] == [1, 2, 3, 4, 5]


def test_a_version_grows_with_all_that_a_page_shows(store):
    training = Training(store)

    def version():
        versions = store.versions([training.id, NOBODY])
        assert versions.keys() == {training.id}
        return versions[training.id]

    before = version()
    for change in (
        lambda: training.train(1),
        lambda: training.batches(3, 10),
        lambda: training.writer.set_status(RunStatus.PAUSED),
        lambda: store.rename(training.id, "another"),
        lambda: training.writer.reset(to_epoch=0, best_epoch=None, active_seconds=0),
        lambda: training.writer.set_status(RunStatus.FINISHED),
        lambda: training.writer.measured(test_loss=0.5, test_metric=0.75),
        lambda: training.writer.release(),
    ):
        change()
        assert version() > before
        before = version()
        assert training.run.version == before
    assert (training.run.test_loss, training.run.test_metric) == (0.5, 0.75)
    assert training.run.settled


def test_holding_a_run_longer_is_no_news(store):
    training = Training(store)
    before = store.versions([training.id])
    training.writer.renew()
    assert store.versions([training.id]) == before


def test_progress_within_an_epoch_is_shown_until_it_is_over(store):
    training = Training(store)
    training.batches(3, 10)
    assert training.run.progress == Progress(1, 3, 10)
    training.train(1)
    assert training.run.progress is None
    training.batches(9, 10)
    training.end(RunStatus.STOPPED)
    assert training.run.progress is None


def test_changes_of_the_learning_rate_are_found_in_the_journal(store):
    plain, changed, fresh = Training(store), Training(store), store.create(TrainingConfig())
    plain.train(3)
    rates = [0.01, 0.25, 0.25, 0.01]
    kept = [float(np.float32(rate)) for rate in rates]
    changed.write([replace(record(n), learning_rate=kept[n - 1]) for n in (1, 2, 3)])
    again = changed.resume(2)
    again.write([replace(record(n), learning_rate=kept[n - 1]) for n in (3, 4)])
    found = store.rate_changes([plain.run, changed.run, fresh])
    assert found == {
        plain.id: [],
        changed.id: [RateChange(2, 0.01, 0.25), RateChange(4, 0.25, 0.01)],
        fresh.id: [],
    }


@given(st.lists(st.floats(1e-9, 10.0), min_size=1, max_size=30))
def test_the_changes_tell_the_rate_of_every_epoch(rates):
    recorded = [float(np.float32(rate)) for rate in rates]
    changes = rate_changes(0.01, enumerate(recorded, start=1))
    told, rate = {change.epoch: change.rate for change in changes}, 0.01
    for epoch, expected in enumerate(recorded, start=1):
        rate = told.get(epoch, rate)
        assert rate == pytest.approx(expected, rel=1e-6)
    assert all(change.rate != change.before for change in changes)


def test_the_queue_counts_from_its_oldest_run(store):
    runs = [store.create(CONFIG) for _ in range(3)]
    assert [store.queue_position(run.id) for run in runs] == [1, 2, 3]
    claimed = RunQueue(store.database).claim()
    assert claimed.run_id == runs[0].id
    assert [store.queue_position(run.id) for run in runs] == [None, 1, 2]
    store.command(runs[1].id, Command.STOP)
    assert [store.queue_position(run.id) for run in runs] == [None, None, 1]
    RunQueue(store.database).give_back(claimed, died=False)
    assert [store.queue_position(run.id) for run in runs] == [1, None, 2]


def test_a_run_created_with_a_lease_was_never_in_the_queue(store):
    run = store.create(CONFIG, lease_token="mine")
    assert (run.status, run.attempt) == (RunStatus.RUNNING, 1)
    assert run.started_at is not None
    assert store.queue_position(run.id) is None
    assert RunQueue(store.database).claim() is None


def test_stop_ends_a_queued_run_at_once(store):
    run = store.create(CONFIG)
    store.command(run.id, Command.STOP)
    stopped = store.get(run.id)
    assert stopped.status is RunStatus.STOPPED and stopped.settled
    assert stopped.ended_at >= stopped.created_at
    assert stopped.version > run.version
    assert RunQueue(store.database).claim() is None


def test_stop_of_a_queued_run_that_has_trained_lets_a_worker_save_it(store):
    training = Training(store)
    training.train(4)
    RunQueue(store.database).give_back(training.lease, died=True)
    store.command(training.id, Command.STOP)
    assert training.run.status is RunStatus.QUEUED
    again = Training(store, run=training.run)
    assert again.writer.commands() == [(Command.STOP, None)]


def test_commands_reach_the_worker_in_order_and_once(store):
    training, other = Training(store), Training(store)
    store.command(training.id, Command.PAUSE)
    store.command(other.id, Command.STOP)
    store.command(training.id, Command.LEARNING_RATE, 0.001)
    store.command(training.id, Command.STEP)
    assert training.writer.commands() == [
        (Command.PAUSE, None),
        (Command.LEARNING_RATE, 0.001),
        (Command.STEP, None),
    ]
    assert training.writer.commands() == []
    store.command(training.id, Command.RESUME)
    assert training.writer.commands() == [(Command.RESUME, None)]
    assert other.writer.commands() == [(Command.STOP, None)]
    assert training.run.status is RunStatus.RUNNING  # the worker says when it obeys


def test_commands_to_a_queued_run_wait_for_its_worker(store):
    run = store.create(CONFIG)
    store.command(run.id, Command.PAUSE)
    assert store.get(run.id).status is RunStatus.QUEUED
    assert Training(store, run=run).writer.commands() == [(Command.PAUSE, None)]


@pytest.mark.parametrize("command", [Command.RESUME, Command.STEP])
def test_a_run_that_was_put_aside_goes_back_into_the_queue(store, command):
    training = Training(store)
    training.train(2)
    training.writer.set_status(RunStatus.PAUSED)
    training.writer.park([])
    assert training.run.status is RunStatus.PAUSED
    assert RunQueue(store.database).claim() is None
    store.command(training.id, command)
    assert training.run.status is RunStatus.QUEUED
    again = Training(store, run=training.run)
    assert again.writer.commands() == [(command, None)]
    assert again.run.attempt == 2


def test_stop_ends_a_run_that_was_put_aside(store):
    training = Training(store)
    training.train(2)
    training.writer.set_status(RunStatus.PAUSED)
    training.writer.park([])
    store.command(training.id, Command.STOP)
    assert training.run.status is RunStatus.STOPPED and training.run.settled
    assert training.run.epochs_done == 2


@pytest.mark.parametrize(
    "status",
    [RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED, RunStatus.INTERRUPTED],
)
def test_commands_to_an_ended_run_are_forgotten(store, status):
    training = Training(store)
    training.end(status)
    run = training.run
    for command in Command:
        store.command(run.id, command, 0.1 if command is Command.LEARNING_RATE else None)
    assert store.get(run.id) == run
    with store.database.reading() as connection:
        from mnist_core.runs.schema import commands

        assert connection.execute(commands.select()).all() == []


def test_a_run_says_how_it_ended(store):
    training = Training(store)
    training.train(3)
    training.end(RunStatus.FAILED, "The loss became nan.")
    run = training.run
    assert (run.status, run.message, run.settled) == (
        RunStatus.FAILED,
        "The loss became nan.",
        True,
    )
    assert run.started_at <= run.ended_at


def test_nothing_is_kept_only_in_memory(store):
    training = Training(store)
    training.train(5)
    another = Store(store.home, store.url)
    assert another.list_runs() == store.list_runs()
    assert another.journal(training.id) == store.journal(training.id)
    another.database.close()


def test_thousands_of_runs_are_listed_with_their_figures(store):
    training = Training(store)
    training.train(62)
    training.end()
    with store.database.writing() as connection:
        from mnist_core.runs.schema import runs

        row = dict(connection.execute(runs.select()).mappings().first())
        row["created_at"] -= 1
        copies = [row | {"id": f"{place:032x}", "name": "copy"} for place in range(9000)]
        connection.execute(runs.insert(), copies)
    listed = store.list_runs(limit=100_000)
    assert len(listed) == 9001
    assert (listed[0].best.epoch, listed[0].last.epoch) == (60, 62)
    assert listed[1].best is None  # a copy has no journal


def test_a_run_that_another_version_stored_is_still_listed(store):
    run = store.create(TrainingConfig())
    stored = run.config.to_dict() | {"architecture": "of-tomorrow", "unheard_of": 1}
    with store.database.writing() as connection:
        connection.execute(sa.update(runs).where(runs.c.id == run.id).values(config=stored))
    assert [listed.config.architecture for listed in store.list_runs()] == ["of-tomorrow"]
