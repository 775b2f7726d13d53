"""Whether a task's data can be had is said at once, before a run depends on it."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest

from mnist_core.errors import DataError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import Lease
from mnist_core.tasks import TASKS, availability, keras_data, keras_download
from mnist_core.tasks.availability import DataState, data_state, require
from mnist_core.workers.engine import Engine
from tests.waiting import is_gone, until
from ui.common.lab import lab

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _fresh(lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_data, "_fetches", {})
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch):
    def be(reached: bool) -> None:
        monkeypatch.setattr(availability, "reaches_host", lambda: reached)

    return be


def test_data_in_the_box_is_present_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "reaches_host", lambda: pytest.fail("nobody asked"))
    assert {data_state(key) for key in set(TASKS) - set(keras_data.SOURCES)} == {DataState.PRESENT}


@pytest.mark.parametrize("key", list(keras_data.SOURCES))
def test_all_files_in_the_cache_are_enough(key: str, online) -> None:
    online(False)
    *most, last = (keras_data.keras_cache() / name for name in keras_data.SOURCES[key].files)
    for file in most:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    with pytest.raises(DataError) as raised:
        require(key)
    assert last.name in str(raised.value.values["files"])
    last.parent.mkdir(parents=True, exist_ok=True)
    last.touch()
    assert data_state(key) is DataState.PRESENT
    require(key)


def test_without_a_network_it_is_missing_and_with_one_it_can_be_had(online) -> None:
    online(False)
    until(lambda: data_state("fashion") is DataState.MISSING)
    online(True)  # whoever starts something is not told what was so a while ago
    require("fashion")
    assert data_state("fashion") is DataState.DOWNLOADABLE


def test_a_name_server_that_does_not_answer_keeps_nobody_waiting(monkeypatch) -> None:
    answer = threading.Event()
    monkeypatch.setattr(availability, "reaches_host", answer.wait)
    monkeypatch.setattr(availability, "ANSWER_SECONDS", 0.01)
    try:
        assert data_state("fashion") is DataState.DOWNLOADABLE
        with pytest.raises(DataError):
            require("fashion")
    finally:
        answer.set()


def test_a_download_that_has_just_failed_is_no_offer(online, monkeypatch) -> None:
    online(True)
    monkeypatch.setattr(keras_data, "_load_with_keras", lambda *_: "404")
    with pytest.raises(DataError):
        TASKS["fashion"].load()
    assert data_state("fashion") is DataState.MISSING
    require("fashion")  # another try
    assert data_state("fashion") is DataState.DOWNLOADABLE


class Slot:
    """Workers that have room for one training, and note which it is."""

    def __init__(self) -> None:
        self.trained: list[str] = []

    def training_slots(self) -> int:
        return 1

    def submit(self, _function: str, lease: Lease) -> Future[None]:
        self.trained.append(lease.run_id)
        return Future()


def queued_engine(store: Store) -> tuple[Engine, Run, Run]:
    """An engine, and two queued runs: of a task without its data, and of digits."""
    absent = store.create(PRESETS["fashion"].config)
    return Engine(store), absent, store.create(TrainingConfig())


def test_a_run_that_waits_for_its_data_keeps_no_worker_from_the_next(any_store, monkeypatch):
    landed = threading.Event()

    def download(name: str, file: Path) -> str:
        landed.wait()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        return ""

    monkeypatch.setattr(keras_data, "_load_with_keras", download)
    engine, absent, digits = queued_engine(any_store)
    workers = Slot()
    engine._submit_queued(workers)
    engine._submit_queued(workers)
    assert workers.trained == [digits.id]
    assert any_store.get(absent.id).status is RunStatus.QUEUED
    landed.set()
    engine._training.clear()
    until(lambda: engine._submit_queued(workers) or len(workers.trained) == 2)
    assert workers.trained == [digits.id, absent.id]


def test_a_run_whose_data_cannot_be_had_ends_without_a_worker(any_store, monkeypatch):
    monkeypatch.setattr(keras_data, "_load_with_keras", lambda *_: "no such address")
    engine, absent, digits = queued_engine(any_store)
    workers = Slot()
    until(lambda: engine._submit_queued(workers) or any_store.get(absent.id).settled)
    ended = any_store.get(absent.id)
    assert ended.status is RunStatus.FAILED and "no such address" in ended.message
    assert workers.trained == [digits.id]


def test_a_start_without_data_or_network_makes_no_run(lab_home, online):
    online(False)
    with pytest.raises(DataError):
        lab.submit(PRESETS["fashion"].config)
    assert lab.store.list_runs() == []
    assert lab.submit(TrainingConfig()).status is RunStatus.QUEUED


FETCH = """
import sys
from pathlib import Path
from mnist_core.tasks import keras_data
keras_data._load_with_keras("imdb", Path(sys.argv[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked there")
def test_what_fetches_data_ends_with_the_process_that_wanted_it(tmp_path: Path) -> None:
    file = tmp_path / "imdb.npz"
    with keras_download._locked(file):  # so that it waits, as it would for a slow download
        server = subprocess.Popen([sys.executable, "-c", FETCH, str(file)], cwd=ROOT)
        try:
            until(lambda: psutil.Process(server.pid).children())
            (fetching,) = psutil.Process(server.pid).children()
        finally:
            server.kill()
            server.wait()
        until(lambda: is_gone(fetching))
