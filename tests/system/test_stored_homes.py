"""What the version before this layout wrote opens and works: a home, a database, an archive.

The files are in tests/fixtures, with the script that made them there at that version, and the
figures that its own commands printed.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mnist_core.cli import main
from mnist_core.examples import install_known
from mnist_core.inference.predict import predict
from mnist_core.runs import Command, EpochRecord, RunStatus, Store
from mnist_core.studies.crossvalidation import find_study
from mnist_core.tasks import task

FIXTURES = Path(__file__).parents[1] / "fixtures"
EXPECTED = json.loads((FIXTURES / "expected.json").read_text("utf-8"))
NAMED = EXPECTED["named"]
FIRST_DIGITS = task("mnist").load().x_test[:5]
#: Processors differ in the last digits of what a network computes.
CLOSE = {"rel": 1e-3, "abs": 1e-4}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(FIXTURES / "home.tar.xz") as packed:
        packed.extractall(folder, filter="data")
    return folder / "home"


@pytest.fixture
def before(unpacked: Path, lab_home: Path) -> Path:
    """The stored home, as the home of this test."""
    shutil.copytree(unpacked, lab_home, symlinks=True)
    return lab_home


@pytest.fixture
def store(before: Path):
    opened = Store.open()
    yield opened
    opened.database.close()


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def epochs(records: list[EpochRecord]) -> list[dict[str, float | None]]:
    """Records as the fixture has them."""
    found = [dataclasses.asdict(record) for record in records]
    return [{key: None if one != one else one for key, one in row.items()} for row in found]


@pytest.mark.usefixtures("before")
def test_the_runs_are_listed_with_the_same_figures(capsys):
    listed = {run["run_id"]: run for run in answer(capsys, "runs")}
    waiting = [run for run in listed.values() if run["run_id"] not in EXPECTED["runs"]]
    assert [(run["name"], run["status"]) for run in waiting] == [("waiting", "queued")]
    for run_id, run in EXPECTED["runs"].items():
        if run["example"] is None:
            assert listed[run_id] == run


def test_the_epochs_and_what_people_said_of_a_run_are_there(store):
    for run_id, records in EXPECTED["curves"].items():
        assert epochs(store.curves(run_id)[-4:]) == records
    finished = store.get(NAMED["finished"])
    assert (finished.notes, finished.tags) == ("two\nlines", ("für später", "kept"))
    assert finished.pinned
    assert store.get(NAMED["imported"]).imported is not None
    assert store.get(NAMED["fine-tuned"]).lesson["base"] == finished.id
    assert store.get(NAMED["failed"]).status is RunStatus.FAILED
    assert store.get(NAMED["failed"]).message
    labels = [drawing.label for drawing in store.drawings.all()]
    assert labels == list(task("mnist").load().y_test[:20])


@pytest.mark.usefixtures("with_examples")
def test_a_hidden_example_stays_hidden_and_gets_its_models_back(store):
    install_known(store)
    assert EXPECTED["hidden"] not in [run.id for run in store.examples()]
    assert EXPECTED["hidden"] in [run.id for run in store.examples(hidden=True)]
    assert store.artifacts.names(EXPECTED["hidden"])


def test_the_cross_validation_is_found_by_its_tag(store):
    study, before = find_study(store, EXPECTED["study"]["tag"]), EXPECTED["study"]
    assert [run.id for run in study.folds] == [fold["run_id"] for fold in before["folds"]]
    assert [run.id for run in study.final] == [before["final"]["run_id"]]


@pytest.mark.parametrize("run_id", EXPECTED["probabilities"])
def test_the_models_predict_the_same_probabilities(store, run_id):
    found = predict(store, run_id, "best", FIRST_DIGITS)
    for one, probabilities in zip(found, EXPECTED["probabilities"][run_id], strict=True):
        assert list(one.probabilities) == pytest.approx(probabilities, **CLOSE)


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("question", EXPECTED["answers"], ids=lambda one: one["arguments"][0])
def test_evaluations_and_answers_are_the_same(capsys, question):
    found = answer(capsys, *question["arguments"])
    assert close({key: found[key] for key in question["answer"]}) == close(question["answer"])
    assert question["answer"]


def close(value: Any) -> Any:
    """A JSON value whose numbers equal those that are close to them."""
    if isinstance(value, dict):
        return {key: close(one) for key, one in value.items()}
    if isinstance(value, list):
        return [close(one) for one in value]
    return pytest.approx(value, **CLOSE) if isinstance(value, float) else value


def test_a_stopped_run_goes_on_from_its_checkpoint(store, capsys):
    """And ends as one with the same settings that was queued there and is trained here alone."""
    (waiting,) = store.named("waiting")
    store.command(waiting.id, Command.STOP)  # in the queue: "resume" takes it from there
    stopped = NAMED["stopped"]
    recorded = store.curves(stopped)
    for run_id in (stopped, waiting.id):
        result = answer(capsys, "resume", run_id)
        assert (result["status"], result["epochs"]) == ("finished", 6)
    resumed, whole = store.curves(stopped), store.curves(waiting.id)
    assert resumed[: len(recorded)] == recorded
    assert [row.epoch for row in resumed] == [1, 2, 3, 4, 5, 6]
    losses = ([row.loss for row in rows] for rows in (resumed, whole))
    assert next(losses) == pytest.approx(next(losses), rel=0.01)


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize(
    ("name", "form"),
    [("finished", "h5"), ("finished", "script"), ("fine-tuned", "keras"), ("houses", "notebook")],
)
def test_a_run_is_exported(capsys, tmp_path, name, form):
    path = tmp_path / "exported"
    found = answer(capsys, "export", NAMED[name], "--format", form, "--output", str(path))
    assert found["bytes"] == path.stat().st_size > 1000


@pytest.mark.usefixtures("before")
def test_a_run_is_archived_as_it_was_then(capsys, tmp_path):
    path = tmp_path / "again.zip"
    answer(capsys, "archive", NAMED["finished"], "--output", str(path))
    with zipfile.ZipFile(path) as now, zipfile.ZipFile(FIXTURES / "finished.zip") as then:
        assert {name: now.read(name) for name in now.namelist()} == {
            name: then.read(name) for name in then.namelist()
        }


def test_a_database_without_its_files_is_listed_and_refuses_what_needs_a_model(
    unpacked, lab_home, tmp_path, capsys
):
    lab_home.mkdir()
    shutil.copy(unpacked / "runs.db", lab_home)
    listed = {run["run_id"] for run in answer(capsys, "runs")}
    assert set(NAMED.values()) < listed
    assert main(["archive", NAMED["finished"], "--output", str(tmp_path / "file.zip")]) == 2


@pytest.mark.parametrize("name", ["finished", "fine-tuned"])
def test_an_archive_is_restored(lab_home, capsys, name):
    restored = answer(capsys, "restore", str(FIXTURES / f"{name}.zip"))["run_id"]
    store = Store.open()
    run, before = store.get(restored), EXPECTED["runs"][NAMED[name]]
    assert (run.name, run.status, run.epochs_done) == (name, before["status"], before["epochs"])
    assert epochs(store.curves(restored)[-4:]) == EXPECTED["curves"][NAMED[name]]
    found = predict(store, restored, "best", FIRST_DIGITS)
    for one, probabilities in zip(found, EXPECTED["probabilities"][NAMED[name]], strict=True):
        assert list(one.probabilities) == pytest.approx(probabilities, **CLOSE)
    assert store.event_files.exist(restored)
