"""What the sessions of one server share: the store, and the engine that stands on it."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from mnist_core import engine
from mnist_core.config import TrainingConfig
from mnist_core.errors import DataError, StoreError
from mnist_core.presets import PRESETS
from mnist_core.tasks import availability
from mnist_core.tasks.availability import DataState
from tests.live_training import Training
from tests.waiting import until
from ui import services


@pytest.fixture(autouse=True)
def _own_services(monkeypatch: pytest.MonkeyPatch):
    """No store, no engine, and workers that would start long after the test."""
    monkeypatch.setattr(services, "_stores", {})
    monkeypatch.setattr(services, "_engine_waits", False)
    monkeypatch.setattr(services, "_trouble", "")
    monkeypatch.setattr(services, "ENGINE_DELAY", 3600.0)
    monkeypatch.setattr(engine, "_current", None)
    yield
    services.stop_engine()
    for opened in services._stores.values():
        opened.database.close()


def test_an_engine_without_a_store_starts_when_the_store_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.write_text("a file, where a folder is to be", "utf-8")
    monkeypatch.setenv("MNIST_LAB_HOME", str(place / "home"))
    services.start_engine()
    until(lambda: services.engine_state().phase == "failed")
    assert str(place) in services.engine_state().message
    with pytest.raises(StoreError):
        services.store()
    assert engine.current() is None

    place.unlink()
    services.store()
    started = engine.current()
    assert started is not None
    assert services.engine_state() == engine.EngineState("starting")
    services.store()
    assert engine.current() is started, "one engine is enough"


def test_a_server_that_ends_starts_no_engine_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.write_text("a file, where a folder is to be", "utf-8")
    monkeypatch.setenv("MNIST_LAB_HOME", str(place / "home"))
    services.start_engine()
    services.stop_engine()
    place.unlink()
    services.store()
    assert engine.current() is None


def test_a_store_alone_starts_no_engine() -> None:
    services.store()
    assert engine.current() is None
    assert services.engine_state().phase == "stopped"


def test_a_wait_and_a_duration_are_told_without_an_engine(lab_home: Path) -> None:
    config = TrainingConfig(epochs=100)
    assert services.estimated_seconds(config)
    earlier = Training(services.store(), epochs=100)
    earlier.train(60)  # of 0.02 seconds
    mine = services.submit(config)
    wait = services.queue_wait(mine.id)
    assert wait is not None and wait.seconds == pytest.approx(0.8)
    assert (wait.position, wait.runs_ahead) == (1, 1)
    assert services.queue_wait(earlier.id) is None


def test_a_cluster_fetches_its_own_data(monkeypatch: pytest.MonkeyPatch, lab_home: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(lab_home / "keras"))
    monkeypatch.setattr(availability, "reaches_host", lambda: False)
    config = PRESETS["imdb"].config
    until(lambda: services.data_state("imdb") is DataState.MISSING)
    with pytest.raises(DataError):
        services.submit(config)
    monkeypatch.setenv(engine.SCHEDULER, "tcp://scheduler:8786")
    assert services.data_state("imdb") is DataState.DOWNLOADABLE
    assert services.submit(config).config == config


def test_new_modules_are_exempt_from_collection_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_modules", 0)
    try:
        services.page_served()
        exempt = gc.get_freeze_count()
        assert exempt > 10_000
        services.page_served()
        assert gc.get_freeze_count() <= exempt
    finally:
        gc.unfreeze()
