"""A task with a unit of its own, on the command line and as code: nothing speaks of prices."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core.cli import main
from mnist_core.errors import DataError
from mnist_core.runs import Run, Store
from mnist_core.tasks import split
from mnist_core.training.networks import build_network
from mnist_core.transfer.code.source import CODE_OF_TASKS
from mnist_core.transfer.export import export
from tests import made_up_task
from tests.exported_code import assert_clean_code, described, module_of, run_script
from tests.made_up_task import MPG

OF_HOUSES = re.compile(r"\$|\bprice|\bhous(?:e|ing)|\bdollar|\bneighbour|\bdistrict", re.IGNORECASE)
UNIT = "miles per gallon"


@pytest.fixture(scope="module", autouse=True)
def _one_task_more() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        made_up_task.register(patch)
        patch.setitem(CODE_OF_TASKS, MPG.key, made_up_task.code())
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mpg")


@pytest.fixture(scope="module")
def trained(home: Path) -> Run:
    """A run of the task, trained from the shell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        assert main(["train", "--preset", MPG.key, "--epochs", "30", "--json"]) == 0
        (run,) = Store.open().list_runs()
        return run


@pytest.fixture
def run(trained: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MNIST_LAB_HOME", str(home))
    return trained


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints."""
    assert main(list(words)) == 0
    printed = capsys.readouterr().out
    assert not OF_HOUSES.search(printed)
    return printed


def test_every_command_names_its_unit(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.test_metric is not None and run.test_metric < 10  # it has learned something
    assert f"{run.test_metric:.3f}" in (listed := told(capsys, "runs"))
    assert UNIT in " ".join(listed.split())
    judged = told(capsys, "evaluate", run.id)
    assert f"Largest errors ({UNIT})" in judged and f") {UNIT}." in judged
    row = [str(value) for value in made_up_task.load().x_test[0]]
    predicted = re.search(rf"([\d.]+) {UNIT}", told(capsys, "predict", run.id, "--row", *row))
    assert predicted and 5 < float(predicted[1]) < 50
    assert main(["predict", run.id, "--json", "--row", *row]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unit"] == UNIT and f"{found['value']:.1f}" == predicted[1]


def test_its_folds_and_its_training_name_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    printed = told(capsys, "crossvalidate", "--preset", MPG.key, "--folds", "2", "--epochs", "2")
    assert re.search(rf"val_mae [\d.]+ {UNIT} ± [\d.]+ {UNIT}", printed)
    assert re.search(rf"test mae [\d.]+ {UNIT}", printed)
    printed = told(capsys, "train", "--task", MPG.key, "--epochs", "2")
    assert re.search(rf"test mae of the best model: [\d.]+ {UNIT}", printed)


def test_its_code_trains_it_again(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "cars.py"
    script.write_bytes(export(Store.open(), run.id, "script"))
    assert not OF_HOUSES.search(script.read_text("utf-8"))
    assert_clean_code(tmp_path)
    assert described(module_of(script).build_model()) == described(
        build_network(run.config.architecture, run.config.task)
    )
    made_up_task.write(tmp_path)
    printed = run_script(script)
    assert re.search(rf"mean absolute error: [\d.]+ {UNIT}", printed)


def test_its_code_has_the_samples_of_the_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "cars.py"
    script.write_bytes(export(Store.open(), run.id, "script"))
    made_up_task.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    module = module_of(script)
    x, y, x_test, y_test = module.load_table()
    train, validation = module.split()
    parts = split(MPG.load(), run.config)
    assert y[train].tolist() == parts.train.labels.tolist()
    assert y[validation].tolist() == parts.validation.labels.tolist()
    mean, deviation = x[train].mean(axis=0), x[train].std(axis=0)
    assert module.standardise(x_test, mean, deviation) == pytest.approx(parts.test.inputs, abs=1e-5)
    assert y_test.tolist() == parts.test.labels.tolist()


def test_without_its_code_the_refusal_says_why(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(CODE_OF_TASKS, MPG.key)
    with pytest.raises(DataError, match=r"no code for the data of its task, mpg"):
        export(Store.open(), run.id, "script")
