"""What the sessions of one server share: the store, and the engine that stands on it."""

from __future__ import annotations

import gc
from contextlib import closing
from pathlib import Path

import pytest

from mnist_core.errors import DataError, StoreError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.tasks import availability
from mnist_core.tasks.availability import DataState
from mnist_core.workers import engine
from tests.live_training import Training
from tests.waiting import until
from ui.common.lab import Lab, data_state


@pytest.fixture
def lab():
    """One whose workers would start long after the test."""
    with closing(Lab(engine_delay=3600.0)) as found:
        yield found


def test_an_engine_without_a_store_starts_when_the_store_can_be_opened(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.write_text("a file, where a folder is to be", "utf-8")
    monkeypatch.setenv("MNIST_LAB_HOME", str(place / "home"))
    lab.start_engine()
    until(lambda: lab.engine_state().phase == "failed")
    assert str(place) in lab.engine_state().message
    with pytest.raises(StoreError):
        assert lab.store
    assert lab.engine is None

    place.unlink()
    assert lab.store
    started = lab.engine
    assert started is not None
    assert lab.engine_state() == engine.EngineState("starting")
    assert lab.store
    assert lab.engine is started, "one engine is enough"


def test_a_server_that_ends_starts_no_engine_any_more(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.write_text("a file, where a folder is to be", "utf-8")
    monkeypatch.setenv("MNIST_LAB_HOME", str(place / "home"))
    lab.start_engine()
    lab.stop_engine()
    place.unlink()
    assert lab.store
    assert lab.engine is None


def test_a_store_alone_starts_no_engine(lab: Lab) -> None:
    assert lab.store
    assert lab.engine is None
    assert lab.engine_state().phase == "stopped"


def test_a_wait_and_a_duration_are_told_without_an_engine(lab: Lab, lab_home: Path) -> None:
    config = TrainingConfig(epochs=100)
    assert lab.estimated_duration(config)
    earlier = Training(lab.store, epochs=100)
    earlier.train(60)  # of 0.02 seconds
    mine = lab.submit(config)
    wait = lab.queue_wait(mine.id)
    assert wait is not None and wait.seconds == pytest.approx(0.8)
    assert (wait.position, wait.runs_ahead) == (1, 1)
    assert lab.queue_wait(earlier.id) is None


def test_a_cluster_fetches_its_own_data(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, lab_home: Path
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(lab_home / "keras"))
    monkeypatch.setattr(availability, "reaches_host", lambda: False)
    config = PRESETS["imdb"].config
    until(lambda: data_state("imdb") is DataState.MISSING)
    with pytest.raises(DataError):
        lab.submit(config)
    monkeypatch.setenv(engine.SCHEDULER, "tcp://scheduler:8786")
    assert data_state("imdb") is DataState.DOWNLOADABLE
    assert lab.submit(config).config == config


def test_new_modules_are_exempt_from_collection_once(lab: Lab) -> None:
    try:
        lab.page_served()
        exempt = gc.get_freeze_count()
        assert exempt > 10_000
        lab.page_served()
        assert gc.get_freeze_count() <= exempt
    finally:
        gc.unfreeze()
