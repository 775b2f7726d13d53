"""What the engine does when a worker or the store fails it; the real ones fail in tests/system."""

from __future__ import annotations

from typing import Any, cast

import pytest

from mnist_core.errors import EngineError, StoreError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Store
from mnist_core.workers import engine as engine_module
from mnist_core.workers.engine import Engine, EngineState
from mnist_core.workers.rpc import call
from tests import disks


class DyingWorkers:
    """Workers that die over their first questions, so many times."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.asked = 0

    def ask(self, role: str, function: str, *arguments: Any, seconds: float) -> Any:
        assert role == "interactive"
        self.asked += 1
        if self.left:
            self.left -= 1
            raise ConnectionError
        return call("", "", function, *arguments)


def ask(store: Store, workers: DyingWorkers, *, once: bool = False) -> int:
    engine = Engine(store)
    engine.state = EngineState("ready")
    engine._workers = cast("Any", workers)
    return engine.ask("builtins:sum", [1, 2], once=once)


def test_the_next_worker_is_asked_once_more(tmp_path):
    assert ask(Store(tmp_path), DyingWorkers(1)) == 3


@pytest.mark.parametrize(("once", "asked"), [(False, 2), (True, 1)])
def test_but_not_for_ever_and_not_where_something_is_changed(tmp_path, once, asked):
    workers = DyingWorkers(5)
    with pytest.raises(EngineError, match="worker crashed"):
        ask(Store(tmp_path), workers, once=once)
    assert workers.asked == asked


def test_a_store_that_fails_is_told_until_it_works_again(tmp_path, caplog):
    engine = Engine(Store(tmp_path))
    for _ in range(3):
        engine._record_trouble(StoreError("The disk is full.", "Free some space."))
    assert engine._trouble == "The disk is full. Free some space."
    assert len(caplog.records) == 1  # not each second
    engine._recover()
    assert engine._trouble == ""


def test_an_engine_knows_at_rest_that_nothing_can_be_written(tmp_path, monkeypatch):
    store = Store(tmp_path / "home")
    engine = Engine(store)
    engine.state = EngineState("ready")
    monkeypatch.setattr(engine_module, "WRITABLE_CHECK_SECONDS", 0.0)

    def look() -> EngineState:
        engine._recover_at = 0.0
        try:
            engine._recover()
        except StoreError as error:
            engine._record_trouble(error)
        return engine.state if engine._trouble else EngineState("ready")

    assert look() == EngineState("ready")
    with disks.read_only(tmp_path / "home"):
        assert "Read-only" in look().message or "denied" in look().message
    assert look() == EngineState("ready")
    (tmp_path / "home").rename(tmp_path / "away")
    gone = look()
    assert gone.phase == "failed" and "runs.db" in gone.message
    (tmp_path / "away").rename(tmp_path / "home")
    assert look() == EngineState("ready")


def test_a_full_disk_is_noticed_though_the_database_has_room_in_its_log(tmp_path):
    with disks.small_disk(tmp_path / "home", kilobytes=2000) as home:
        store = Store(home)
        store.create(TrainingConfig())
        store.check_writable()
        disks.fill(home)
        with pytest.raises(StoreError, match="disk is full"):
            store.check_writable()
        (home / "filling").unlink()
        store.check_writable()
        store.database.close()
