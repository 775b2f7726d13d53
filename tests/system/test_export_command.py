"""``python -m mnist_core export``: files on a disk, and what is said where that cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from mnist_core.cli import main
from mnist_core.runs import Store
from mnist_core.transfer.formats import FORMATS
from tests.disks import read_only, small_disk
from tests.exported_runs import SOFTMAX, trained
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> tuple[Path, str]:
    """The home of a trained run, and the run's id."""
    home = tmp_path_factory.mktemp("exporting")
    return home, trained(Store(home), "my run", **SOFTMAX).id


@pytest.fixture(autouse=True)
def run(home, monkeypatch, tmp_path) -> str:
    monkeypatch.setenv("MNIST_LAB_HOME", str(home[0]))
    monkeypatch.chdir(tmp_path)
    return home[1]


@pytest.mark.parametrize("key", FORMATS)
def test_each_format_is_written_under_the_run_s_name_or_another(run, capsys, tmp_path, key):
    form = FORMATS[key]
    assert main(["export", run, "--format", key, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    result = json.loads(printed.out)
    expected = "my-run" + ("" if form.is_code else "-best") + form.ending
    content = (tmp_path / expected).read_bytes()
    assert result == {
        "run_id": run,
        "format": key,
        "checkpoint": None if form.is_code else "best",
        "file": expected,
        "bytes": len(content),
        "seconds": result["seconds"],
    }
    named = tmp_path / f"named{form.ending}"
    assert main(["export", "my run", "--format", key, "--output", str(named)]) == 0
    assert capsys.readouterr().err == ""
    assert abs(len(named.read_bytes()) - len(content)) < 200
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([expected, named.name])


def test_a_file_that_is_there_is_replaced_only_on_demand(run, capsys, tmp_path):
    file = tmp_path / "model.keras"
    file.write_text("precious")
    command = ["export", run, "--format", "keras", "--output", str(file)]
    assert main(command) == 2
    assert "already exists" in capsys.readouterr().err
    assert file.read_text() == "precious"
    assert main([*command, "--force", "--checkpoint", "last"]) == 0
    assert keras.saving.load_model(file).count_params() == 7_850


@pytest.mark.slow
def test_from_a_shell_only_json_is_said(run):
    command = ["export", run, "--format", "onnx", "--json", "--output", str(Path.cwd() / "a.onnx")]
    done = subprocess.run(
        [sys.executable, "-m", "mnist_core", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert json.loads(done.stdout)["bytes"] == Path("a.onnx").stat().st_size


def test_an_ending_that_tools_do_not_know_is_noted(run, capsys):
    assert main(["export", run, "--format", "weights", "--output", "w.h5", "--json"]) == 0
    printed = capsys.readouterr()
    assert "Note: tools recognise this format by the extension .weights.h5" in printed.err
    assert json.loads(printed.out)["file"] == "w.h5"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody", "--format", "h5"], "No run has the id"),
        (["my run", "--format", "h6"], "invalid choice"),
        (["my run"], "--format"),
        (["my run", "--format", "h5", "--checkpoint", "middle"], "invalid choice"),
        (["my run", "--format", "h5", "--output", "."], "is a folder"),
        (["my run", "--format", "h5", "--output", "none/model.h5"], "does not exist"),
        (["my run", "--format", "h5", "--output", "x" * 300], "Could not write"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_code_2(capsys, tmp_path, arguments, words):
    assert main(["export", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert words in printed.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_said(run, capsys, tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    with read_only(folder):
        assert main(["export", run, "--format", "script", "--output", "closed/a.py"]) == 2
    assert "Could not write" in capsys.readouterr().err


def test_a_full_disk_keeps_what_was_there(run, capsys, tmp_path):
    with small_disk(tmp_path / "small", kilobytes=16) as folder:
        file = folder / "model.keras"
        file.write_text("precious")
        command = ["export", run, "--format", "keras", "--output", str(file), "--force"]
        assert main(command) == 2
        assert file.read_text() == "precious"
        assert [path.name for path in folder.iterdir()] == ["model.keras"]
    assert "disk is full" in capsys.readouterr().err
