"""The lab from the shell: in this process where that shows the same, else in one of its own."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
import threading
from dataclasses import fields, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image

from mnist_core import cli
from mnist_core.cli import main, train
from mnist_core.drawing.digit import read_picture
from mnist_core.errors import ConfigError, StoreError
from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.inference.predict import predict
from mnist_core.runs import Command, RunStatus, Store
from mnist_core.runs.artifacts import BEST_MODEL, CHECKPOINT, LAST_MODEL
from mnist_core.runs.schema import runs
from mnist_core.tasks import TASKS, keras_data, mnist, task
from tests.disks import fill, read_only, small_disk
from tests.live_training import Training, record
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("--train-size", "60", "--validation-size", "30")
#: Does not end by itself: minutes, on any machine.
ENDLESS = ("--train-size", "6000", "--validation-size", "30", "--epochs", "20000")
FIGURES = {
    "epoch": "epoch",
    "loss": "loss",
    "accuracy": "metric",
    "val_loss": "val_loss",
    "val_accuracy": "val_metric",
}
RESULT = [
    "run_id",
    "status",
    "epochs",
    "seconds",
    "overfitting_epoch",
    "best",
    "last",
    "test_loss",
    "test_accuracy",
]


def shell(*arguments: str, **options) -> subprocess.Popen[str]:
    """``python -m mnist_core`` in a process of its own."""
    defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    return subprocess.Popen([sys.executable, "-m", "mnist_core", *arguments], **defaults | options)


def config_of(*arguments: str) -> TrainingConfig:
    """What ``train`` with these arguments would train."""
    return train.config_of(cli._parser(["train"]).parse_args(["train", *arguments]))


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    """The one JSON value that a command prints, with nothing on stderr."""
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("\n") == 1
    return json.loads(printed.out, parse_constant=pytest.fail)


def test_training_from_the_shell_gives_one_json_object_and_a_run_in_the_store(lab_home):
    process = shell("train", *SMALL, "--epochs", "5", "--seed", "4", "--name", "mine", "--json")
    out, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")
    assert out.count("\n") == 1
    result = json.loads(out)
    assert list(result) == RESULT
    assert list(result["best"]) == list(result["last"]) == list(FIGURES)
    assert (result["status"], result["epochs"], result["overfitting_epoch"]) == (
        "finished",
        5,
        None,
    )

    store = Store(lab_home)
    (run,) = store.list_runs()
    assert (run.id, run.name, run.preset, run.attempt) == (result["run_id"], "mine", None, 1)
    assert run.config == TrainingConfig(train_size=60, validation_size=30, epochs=5, seed=4)
    assert run.status is RunStatus.FINISHED and run.settled
    assert store.artifacts.names(run.id) == [BEST_MODEL, LAST_MODEL]
    for name, epoch in (("best", run.best), ("last", run.last)):
        assert result[name] == {figure: getattr(epoch, field) for figure, field in FIGURES.items()}
    assert (result["test_loss"], result["test_accuracy"]) == (run.test_loss, run.test_metric)
    assert result["seconds"] == pytest.approx(run.active_seconds, abs=0.001)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of Unix")
def test_ctrl_c_stops_a_training_and_keeps_what_it_learned(lab_home):
    terminal, its_end = os.openpty()
    process = shell("train", *ENDLESS, stderr=its_end)
    os.close(its_end)
    shown = bytearray()

    def watch() -> None:
        try:
            while piece := os.read(terminal, 4096):
                shown.extend(piece)
        except OSError:  # the other end is closed
            pass

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        until(lambda: (lab_home / "runs.db").exists())
        store = Store(lab_home)
        until(lambda: any(run.epochs_done > 5 for run in store.list_runs()))
        until(lambda: b"val_loss" in shown)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        watcher.join()
        os.close(terminal)
    (run,) = store.list_runs()
    assert process.returncode == 0
    assert run.status is RunStatus.STOPPED and run.settled and run.epochs_done > 5
    assert store.artifacts.names(run.id) == [BEST_MODEL, CHECKPOINT, LAST_MODEL]
    assert run.id in out and "stopped" in out and "test accuracy of the best model" in out
    screen = shown.decode()
    assert "Stopping; the model is kept." in screen
    assert "epoch" in screen and "Traceback" not in screen


@pytest.mark.parametrize("arguments", [("list",), ("list", "--json")])
def test_a_reader_that_has_seen_enough_is_no_error(arguments):
    process = shell(*arguments)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=PATIENCE)
    assert errors == ""


def test_the_shell_hears_of_bad_input_by_one_line_and_code_2(lab_home):
    process = shell("train", "--preset", "overfit-7000", "--json")
    out, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (2, "")
    assert errors.count("\n") == 1 and "Did you mean overfit-700?" in errors
    assert not lab_home.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "COMMAND"),
        (("trian",), "trian"),
        (("train", "--nonsense", "1"), "--nonsense"),
        (("train", "overfit-700"), "overfit-700"),
        (("train", "--epochs"), "--epochs"),
        (("train", "--train-size", "5"), "train_size is 5, "),
        (("train", "--train-size", "70000"), "train_size is 70000"),
        (("train", "--train-size", "700.0"), "train_size is 700.0"),
        (("train", "--train-size", "50000", "--validation-size", "20000"), "70000"),
        (("train", "--epochs", "0"), "epochs is 0"),
        (("train", "--epochs", "20001"), "from 1 to 20000"),
        (("train", "--epochs", "ten"), "epochs is 'ten'"),
        (("train", "--preset", "nothing"), "preset is 'nothing'"),
        (("train", "--architecture", "relu2"), "Did you mean relu-2?"),
        (("train", "--task", "cifar"), "task is 'cifar'"),
        (("train", "--optimizer", "adamw"), "optimizer is 'adamw'"),
        (("train", "--learning-rate", "nan"), "learning_rate is nan"),
        (("train", "--learning-rate", "-1"), "learning_rate is -1"),
        (("train", "--momentum", "0.9", "--optimizer", "adam"), "momentum is 0.9"),
        (("train", "--seed", "-1"), "seed is -1"),
        (("train", "--patience", "0"), "patience is 0"),
        (("train", "--pixel-scaling", "bytes"), "pixel_scaling is 'bytes'"),
        (("train", "--name", "x" * 81), "The name has 81 characters"),
        (("train", "--preset", ""), "preset is ''"),
        (("train", "--name", ""), "The name is empty"),
        (("runs", "--limit", "many"), "many"),
        (("runs", "--limit", "0"), "--limit is 0"),
        (("runs", "--limit", str(2**63)), "--limit is"),
        (("list", "--limit", "3"), "--limit"),
    ],
)
def test_bad_input_is_one_sentence_and_code_2(capsys, lab_home, arguments, words):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1 and words in printed.err
    assert Store(lab_home).list_runs() == []


def test_data_that_is_cut_short_is_found_before_there_is_a_run(
    capsys, lab_home, tmp_path, monkeypatch
):
    cut = tmp_path / "mnist.npz"
    cut.write_bytes(mnist.DATA_FILE.read_bytes()[:1_000_000])
    broken = dataclasses.replace(TASKS["mnist"], load=lambda: mnist.load(cut))
    monkeypatch.setitem(TASKS, "mnist", broken)
    assert main(["train", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and "mnist.npz" in printed.err
    assert not lab_home.exists()


def test_a_home_that_may_not_be_written_is_one_sentence(capsys, lab_home):
    lab_home.mkdir()
    with read_only(lab_home):
        assert main(["train", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert str(lab_home) in printed.err and "MNIST_LAB_HOME" in printed.err


def test_a_full_disk_is_one_sentence_and_loses_nothing(capsys, tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk", kilobytes=300) as disk:
        monkeypatch.setenv("MNIST_LAB_HOME", str(disk))
        store = Store(disk)
        train = Training(store)
        train.train(3)
        train.end()
        store.database.close()
        fill(disk)
        assert main(["train", "--json"]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.count("\n") == 1
        assert "disk is full" in printed.err
        (disk / "filling").unlink()
        assert [row["epochs"] for row in answer(capsys, "runs")] == [3]


def test_data_that_has_to_be_fetched_first_is_said_to_be(capsys, monkeypatch):
    task("imdb").load.cache_clear()
    monkeypatch.setattr(keras_data, "_load_with_keras", lambda _name, _file: "no network")
    for command in ("train", "crossvalidate"):
        assert main([command, "--preset", "imdb", "--json"]) == 2
        (said,) = capsys.readouterr().err.splitlines()
        assert "imdb.npz" in said
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["train", "--preset", "imdb"]) == 2
    first, last = capsys.readouterr().err.splitlines()
    assert (first, last) == ("downloading the data of imdb through Keras, once …", said)


def test_a_database_that_cannot_be_used_is_one_sentence(capsys, monkeypatch):
    monkeypatch.setenv("MNIST_LAB_DATABASE_URL", "nonsense")
    assert main(["runs"]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1 and "MNIST_LAB_DATABASE_URL" in printed.err


def test_the_help_names_every_command_and_every_setting(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["train", "--help"])
    assert ended.value.code == 0
    words = capsys.readouterr().out.split()
    for field in fields(TrainingConfig):
        assert "--" + field.name.replace("_", "-") in words
    assert {"--preset", "--name", "--json"} <= set(words)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--task", "mnist", "mnist"),
        ("--architecture", "softmax", "softmax"),
        ("--train-size", "1000", 1000),
        ("--validation-size", "2000", 2000),
        ("--sampling", "stratified", "stratified"),
        ("--batch-size", "32", 32),
        ("--epochs", "7", 7),
        ("--optimizer", "adam", "adam"),
        ("--learning-rate", "1e-4", 1e-4),
        ("--momentum", "0.5", 0.5),
        ("--seed", "11", 11),
        ("--pixel-scaling", "raw", "raw"),
        ("--label-noise", "0.25", 0.25),
        ("--patience", "5", 5),
        ("--min-delta", "0.01", 0.01),
    ],
)
def test_every_setting_is_an_option(option, value, expected):
    field = option[2:].replace("-", "_")
    config = config_of(option, value)
    assert getattr(config, field) == expected
    others = {field} | ({"learning_rate"} if field == "optimizer" else set())
    default = TrainingConfig().to_dict()
    assert {name for name, kept in config.to_dict().items() if kept != default[name]} <= others


def test_options_change_a_preset(capsys):
    assert config_of() == TrainingConfig()
    for key, preset in PRESETS.items():
        assert config_of("--preset", key) == preset.config
    preset = PRESETS["softmax"].config
    assert config_of("--preset", "softmax", "--epochs", "3") == replace(preset, epochs=3)
    assert config_of("--epochs", "3", "--preset", "softmax") == replace(preset, epochs=3)


def test_a_task_alone_brings_the_settings_that_fit_it():
    for key in ("fashion", "imdb", "reuters", "boston", "california"):
        assert config_of("--task", key) == PRESETS[key].config
    assert config_of("--task", "mnist") == TrainingConfig()
    assert config_of("--task", "imdb", "--epochs", "3").epochs == 3
    with pytest.raises(ConfigError, match="nosuch"):
        config_of("--task", "nosuch")
    with pytest.raises(ConfigError, match="Choose one of table"):
        config_of("--preset", "softmax", "--task", "boston")


def test_another_optimizer_brings_its_own_learning_rate():
    assert config_of("--optimizer", "adam").learning_rate == 0.001
    assert config_of("--preset", "softmax", "--optimizer", "sgd").learning_rate == 0.01
    assert config_of("--optimizer", "adam", "--learning-rate", "0.5").learning_rate == 0.5


def test_early_stopping_can_be_switched_off():
    assert config_of("--patience", "off").patience is None
    assert config_of("--patience", "None").patience is None


def test_a_training_in_this_process_prints_a_table(capsys, lab_home):
    assert main(["train", "--preset", "overfit-700", *SMALL, "--epochs", "3"]) == 0
    printed = capsys.readouterr()
    (run,) = Store(lab_home).list_runs()
    assert run.id in printed.out and "finished" in printed.out
    assert "no overfitting found" in printed.out
    assert f"{run.best.val_loss:.4g}" in printed.out
    assert "progress" not in printed.err and printed.err == ""  # stderr is no terminal
    assert (run.name, run.preset) == ("overfit-700", None)  # its settings were changed


def test_an_unchanged_preset_is_remembered(lab_home, monkeypatch, capsys):
    small = replace(PRESETS["overfit-700"], config=config_of(*SMALL, "--epochs", "2"))
    monkeypatch.setitem(PRESETS, "overfit-700", small)
    result = answer(capsys, "train", "--preset", "overfit-700")
    assert Store(lab_home).get(result["run_id"]).preset == "overfit-700"


def test_overfitting_is_found(capsys):
    arguments = ("--train-size", "200", "--validation-size", "1000", "--label-noise", "0.5")
    arguments += ("--epochs", "40", "--architecture", "relu-512", "--optimizer", "adam")
    result = answer(capsys, "train", *arguments)
    assert result["overfitting_epoch"] == result["best"]["epoch"] < 30
    assert result["last"]["val_loss"] > result["best"]["val_loss"]


def test_a_training_that_fails_has_code_1_and_says_why(capsys):
    arguments = (
        "--architecture",
        "relu-500-500",
        "--pixel-scaling",
        "raw",
        "--learning-rate",
        "10",
    )
    assert main(["train", *SMALL, *arguments, "--json"]) == 1
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert list(result) == RESULT
    assert (result["status"], result["epochs"], result["best"]) == ("failed", 0, None)
    assert result["overfitting_epoch"] is result["test_accuracy"] is None
    assert printed.err.count("\n") == 1 and "The loss became nan" in printed.err


def test_runs_are_listed_newest_first(capsys, lab_home):
    assert answer(capsys, "runs") == []
    assert main(["runs"]) == 0
    assert "no runs yet" in capsys.readouterr().out
    store = Store(lab_home)
    first = Training(store)
    first.train(69)
    first.write([replace(record(70), learning_rate=0.25)])
    first.writer.measured(test_loss=0.5, test_metric=0.9125)
    first.end()
    second = store.create(TrainingConfig(epochs=7), name="second")

    rows = answer(capsys, "runs")
    assert [row["run_id"] for row in rows] == [second.id, first.id]
    assert (rows[0]["status"], rows[0]["epochs"], rows[0]["best"]) == ("queued", 0, None)
    assert TrainingConfig.from_dict(rows[0]["config"]) == second.config
    assert (rows[1]["status"], rows[1]["epochs"]) == ("finished", 70)
    assert (rows[1]["best"]["epoch"], rows[1]["last"]["epoch"]) == (60, 70)
    assert rows[1]["test_accuracy"] == 0.9125
    change = {"epoch": 70, "before": 0.01, "rate": 0.25}
    assert [row["learning_rate_changes"] for row in rows] == [[], [change]]
    assert [row["run_id"] for row in answer(capsys, "runs", "--limit", "1")] == [second.id]
    assert main(["runs"]) == 0
    table = capsys.readouterr().out
    assert table.index(second.id[:8]) < table.index(first.id[:8])
    assert "70/1000" in table and "91.25%" in table and "0/7" in table


def test_a_run_without_validation_is_listed_without_a_best_loss(capsys, lab_home):
    train = Training(Store(lab_home))
    train.write([replace(record(1), val_loss=math.nan, val_metric=math.nan)])
    train.end()
    assert main(["runs"]) == 0
    assert "nan" not in capsys.readouterr().out


def test_numbers_that_json_does_not_have_are_null(capsys, lab_home):
    train = Training(Store(lab_home))
    train.train(1)
    (record,) = train.store.curves(train.id)
    train.write([replace(record, epoch=2, val_loss=float("nan"), loss=float("inf"))])
    train.writer.measured(test_loss=float("inf"), test_metric=0.5)
    (row,) = answer(capsys, "runs")
    assert row["last"]["val_loss"] is row["last"]["loss"] is row["test_loss"] is None


def test_presets_and_architectures_are_listed(capsys):
    listed = answer(capsys, "list")
    assert [row["key"] for row in listed["presets"]] == list(PRESETS)
    assert [row["key"] for row in listed["architectures"]] == list(ARCHITECTURES)
    assert [row["parameters"] for row in listed["architectures"]] == [
        entry.parameters for entry in ARCHITECTURES.values()
    ]
    assert main(["list"]) == 0
    words = capsys.readouterr().out.split()
    assert {*PRESETS, *ARCHITECTURES} <= set(words)


def test_a_run_of_the_shell_is_steered_like_any_other(lab_home, capsys):
    """A page pauses it, steps it and stops it, through the store."""
    store = Store(lab_home)

    def steer() -> None:
        (run,) = until(store.list_runs)
        store.create(TrainingConfig())  # waits for an engine: no reason to give way here
        store.command(run.id, Command.PAUSE)
        until(lambda: store.get(run.id).status is RunStatus.PAUSED)
        reached = store.get(run.id).epochs_done
        store.command(run.id, Command.STEP)
        until(lambda: store.get(run.id).epochs_done == reached + 1)
        store.command(run.id, Command.STOP)

    person = threading.Thread(target=steer)
    person.start()
    result = answer(capsys, "train", *ENDLESS)
    person.join()
    assert result["status"] == "stopped"


# ---- predict


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The home of a trained softmax regression, and its run's id."""
    home = tmp_path_factory.mktemp("reader")
    arguments = ("--architecture", "softmax", "--train-size", "2000", "--validation-size", "500")
    arguments += ("--epochs", "3", "--learning-rate", "0.1", "--name", "my reader", "--json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        assert main(["train", *arguments]) == 0
    (run,) = Store(home).list_runs()
    return home, run.id


@pytest.fixture
def reading(reader: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The run's id, with its home as this test's."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(reader[0]))
    return reader[1]


def pictures(folder: Path, count: int) -> tuple[list[str], list[int]]:
    """The first test digits as files, light on dark and dark on light in turn; their labels."""
    data = task("mnist").load()
    files = []
    for place, image in enumerate(data.x_test[:count]):
        file = folder / f"digit {place}.png"
        Image.fromarray(255 - image if place % 2 else image).save(file)
        files.append(str(file))
    return files, data.y_test[:count].tolist()


def test_digits_in_files_are_read(capsys, reading, tmp_path):
    files, labels = pictures(tmp_path, 12)
    rows = answer(capsys, "predict", reading, *files)
    assert [list(row) for row in rows] == [["file", "digit", "probabilities", "seconds"]] * 12
    assert [row["file"] for row in rows] == files
    for row in rows:
        assert len(row["probabilities"]) == 10
        assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert row["digit"] == row["probabilities"].index(max(row["probabilities"]))
        assert 0 < row["seconds"] < PATIENCE
    assert rows[0]["digit"] == labels[0] == 7
    assert sum(row["digit"] == label for row, label in zip(rows, labels, strict=True)) >= 9


@pytest.mark.parametrize("checkpoint", ["best", "last"])
def test_the_shell_reads_what_a_page_would(capsys, reading, tmp_path, checkpoint):
    files, _ = pictures(tmp_path, 2)
    rows = answer(capsys, "predict", reading, *files, "--checkpoint", checkpoint)
    for row in rows:
        image = read_picture(Path(row["file"]).read_bytes()).image_u8
        (found,) = predict(Store.open(), reading, checkpoint, image[None])
        assert row["probabilities"] == pytest.approx(found.probabilities, abs=1e-5)


def test_a_run_is_named_by_its_name_or_the_beginning_of_its_id(capsys, reading, tmp_path):
    files, _ = pictures(tmp_path, 1)
    rows = [answer(capsys, "predict", name, *files) for name in (reading, reading[:6], "my reader")]
    assert [row["digit"] for (row,) in rows] == [7, 7, 7]
    assert main(["predict", "my reader", *files]) == 0
    table = capsys.readouterr().out
    assert "my reader, best model" in table and "digit 0.png" in table and "%" in table


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"run": "nobody"}, "No run has the id or the name"),
        ({"run": ""}, "No run has the id or the name"),
        ({"image": "missing.png"}, "No such file"),
        ({"image": "."}, "directory"),
        ({"image": "words.txt"}, "such as PNG or JPEG"),
        ({"image": "blank.png"}, "'blank.png': No digit was found"),
        ({"checkpoint": "middle"}, "invalid choice"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_one_sentence_and_code_2(
    capsys, reading, tmp_path, monkeypatch, change, words
):
    files, _ = pictures(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    Path("words.txt").write_text("seven")
    Image.new("L", (60, 60), 255).save("blank.png")
    arguments = ["predict", change.get("run", reading), *files]
    arguments += [change["image"]] if "image" in change else []
    arguments += ["--checkpoint", change.get("checkpoint", "best"), "--json"]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1 and words in printed.err


def test_an_unreadable_file_ends_the_shell_s_command_with_code_2(reading, tmp_path):
    files, _ = pictures(tmp_path, 1)
    process = shell("predict", reading, *files, str(tmp_path / "missing.png"), "--json")
    out, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (2, "")
    assert errors.count("\n") == 1 and "missing.png" in errors


def test_a_run_without_a_model_is_one_sentence_and_code_2(capsys, lab_home, tmp_path):
    run = Store(lab_home).create(TrainingConfig(), name="waiting")
    files, _ = pictures(tmp_path, 1)
    assert main(["predict", run.id, *files, "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert "“waiting”" in printed.err


@pytest.mark.slow
def test_what_a_person_has_set_for_keras_elsewhere_changes_nothing(tmp_path):
    """Another backend, half precision, channels first: common on machines of other courses."""
    settings = {"backend": "jax", "floatx": "float16", "image_data_format": "channels_first"}
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text(json.dumps(settings), "utf-8")
    variables = {
        "KERAS_HOME": str(tmp_path / "keras"),
        "KERAS_BACKEND": "torch",
        "MNIST_LAB_HOME": str(tmp_path / "home"),
    }
    small = (*SMALL, "--architecture", "strided", "--epochs", "1", "--json")
    process = shell("train", *small, env=os.environ | variables)
    printed, said = process.communicate(timeout=PATIENCE * 3)
    assert (process.returncode, said) == (0, "")
    assert json.loads(printed)["status"] == "finished"


@pytest.mark.parametrize("path", ["no/such.zip", "\0", "\ud800.zip"])
@pytest.mark.parametrize("command", ["restore", "import"])
def test_a_file_that_cannot_be_opened_is_said_to_be(command, path, lab_home, capsys):
    assert main([command, path]) == 2
    assert "Could not read" in capsys.readouterr().err


def test_a_stopped_run_is_resumed_and_a_finished_one_is_not(lab_home, capsys):
    store = Store(lab_home)
    run = store.create(TrainingConfig(train_size=60, validation_size=30, epochs=3))
    store.command(run.id, Command.STOP)
    result = answer(capsys, "resume", run.id[:8])
    assert list(result) == RESULT
    assert (result["run_id"], result["status"], result["epochs"]) == (run.id, "finished", 3)
    assert main(["resume", run.id]) == 2
    assert store.get(run.id).status is RunStatus.FINISHED


def test_neither_a_plain_locale_nor_strict_warnings_end_a_training(tmp_path):
    """A home with Chinese letters, in a shell that knows no letters and makes remarks errors."""
    home = tmp_path / "家 ü"
    shell_of_old = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    strict = {"PYTHONWARNINGS": "error", "MNIST_LAB_HOME": str(home)}
    arguments = ("train", *SMALL, "--epochs", "1", "--name", "数字")
    with shell(*arguments, env=os.environ | shell_of_old | strict, encoding="utf-8") as process:
        said, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, ""), errors
    assert "test accuracy" in said
    (run,) = Store(home).list_runs()
    assert run.name == "数字" and run.status is RunStatus.FINISHED


def test_a_home_whose_name_is_not_utf_8_is_refused_in_words_that_can_be_shown(tmp_path):
    with pytest.raises(StoreError, match="UTF-8") as caught:
        Store(tmp_path / os.fsdecode(b"caf\xe9"))
    assert "PYTHONUTF8" in str(caught.value).encode().decode()


def test_a_killed_training_is_found_out_by_the_next_command_and_goes_on(tmp_path, capsys):
    with shell("train", *ENDLESS, "--name", "killed") as process:
        store = until(lambda: (run := newest()) and run.epochs_done > 2 and Store.open())
        process.kill()
        process.wait()
    with store.database.writing() as connection:  # as if its clock had been an hour ahead
        connection.execute(sa.update(runs).values(lease_expires_at=runs.c.lease_expires_at + 3600))
    (row,) = answer(capsys, "runs")
    assert row["status"] == "interrupted"
    Store.open().command(row["run_id"], Command.STOP)
    result = answer(capsys, "resume", "killed")
    assert result["run_id"] == row["run_id"] and result["status"] == "stopped"


def newest():
    found = Store.open().list_runs(limit=1)
    return found[0] if found else None
