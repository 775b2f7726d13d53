"""A clean-up finds what is old, and leaves alone what is pinned, at work or young."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from mnist_core.errors import StoreError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import RunStatus, Store
from mnist_core.runs.retention import (
    LEFT_SECONDS,
    left_files,
    old_runs,
    remove_left_files,
    remove_old,
)
from mnist_core.runs.schema import runs
from mnist_core.transfer.uploads import ARRIVED
from tests.live_training import Training


@pytest.fixture
def store(any_store: Store) -> Store:
    return any_store


def ended(store: Store, days: float, status: RunStatus = RunStatus.FINISHED) -> str:
    training = Training(store)
    training.train(1)
    training.end(status)
    store.artifacts.write(training.id, "best.keras", bytes(1000))
    with store.database.writing() as connection:
        when = time.time() - days * 86_400 - 60
        connection.execute(sa.update(runs).where(runs.c.id == training.id).values(ended_at=when))
    return training.id


def test_what_ended_long_ago_is_found_the_oldest_first(store):
    young, old, older = ended(store, 5), ended(store, 30), ended(store, 90)
    failed = ended(store, 40, RunStatus.FAILED)
    found = old_runs(store, 30)
    assert [one.run.id for one in found] == [older, failed, old]
    assert [one.bytes for one in found] == [1000] * 3
    assert round(found[0].days) == 90
    assert remove_old(store, found) == 3
    assert [run.id for run in store.list_runs()] == [young]
    assert set(store.artifacts.sizes()) == {young}


def test_pinned_runs_and_runs_at_work_stay(store):
    pinned = ended(store, 90)
    store.describe(pinned, pinned=True)
    queued = store.create(TrainingConfig())
    running = Training(store, run=queued)
    waiting = store.create(TrainingConfig())
    with store.database.writing() as connection:
        connection.execute(sa.update(runs).values(created_at=0.0, started_at=0.0))
    assert old_runs(store, 0) == []
    assert {run.id for run in store.list_runs()} == {pinned, running.id, waiting.id}


def test_what_was_pinned_or_deleted_after_it_was_found_is_left_alone(store):
    first, second, third = (ended(store, 90) for _ in range(3))
    found = old_runs(store, 1)
    store.describe(first, pinned=True)
    store.delete(second)
    assert remove_old(store, found) == 1
    assert [run.id for run in store.list_runs()] == [first]
    assert third not in store.artifacts.sizes()


@pytest.mark.parametrize("days", [-1, 5000, float("nan")])
def test_a_number_of_days_that_is_none_is_refused(store, days):
    with pytest.raises(StoreError) as caught:
        old_runs(store, days)
    assert (caught.value.values["least"], caught.value.values["most"]) == (0, 3650)


def test_a_store_without_files_takes_nothing(store):
    assert store.artifacts.sizes() == {}
    assert old_runs(store, 0) == []


def files_of(store: Store, run_id: str, *, hours_ago: float, size: int = 1000) -> Path:
    store.artifacts.write(run_id, "base.keras", bytes(size))
    path = Path(store.home) / "runs" / run_id / "base.keras"
    when = time.time() - hours_ago * 3600
    os.utime(path, (when, when))
    return path


def test_files_without_a_run_are_found_and_removed_but_none_that_may_still_get_one(store):
    left, young, coming, saved = (secrets.token_hex(16) for _ in range(4))
    old = 2 * LEFT_SECONDS / 3600
    kept = ended(store, 90)
    for run_id, hours in ((left, old), (young, 1), (coming, old), (saved, old), (kept, old)):
        files_of(store, run_id, hours_ago=hours)
    store.arriving.write(coming, ARRIVED, b"still being looked at")
    (Path(store.home) / "runs" / "mine").mkdir()
    (Path(store.home) / "runs" / "mine" / "notes").write_text("no run's", "utf-8")
    assert left_files(store) == {left: 1000, saved: 1000}
    assert old_runs(store, 30)[0].run.id == kept
    files_of(store, saved, hours_ago=0)  # somebody began with it after all
    assert remove_left_files(store, [left, young, coming, saved, kept, "../mine"]) == 1
    assert set(store.artifacts.sizes()) == {young, coming, saved, kept, "mine"}


def test_a_run_that_cannot_be_kept_leaves_no_files(store):
    files = {"base.keras": bytes(100)}
    with pytest.raises((StoreError, TypeError)):  # whichever the database's library raises
        store.create(TrainingConfig(), files=files, lesson={"no": object()})
    assert store.artifacts.sizes() == {}
