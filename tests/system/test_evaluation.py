"""How well trained networks read: real models judged on real images, the command included."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import sklearn.metrics as reference

from mnist_core.cli import BAD_INPUT, main
from mnist_core.errors import ConfigError, StoreError
from mnist_core.evaluation import service
from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.gap import compared
from mnist_core.evaluation.parts import PARTS
from mnist_core.evaluation.service import evaluate, evaluate_parts, evaluate_some
from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Run, Store
from mnist_core.runs.artifacts import BEST_MODEL, LAST_MODEL
from mnist_core.runs.store import open_known
from mnist_core.tasks import prepare, split, task
from mnist_core.transfer.uploads import EndedRun, add_ended, imported_config
from tests.exported_runs import trained, trained_past_its_best

FILES = {"best": BEST_MODEL, "last": LAST_MODEL}
#: Its rate is so high that its best model is often not its last; some of its labels are wrong.
DENSE = TrainingConfig(
    architecture="regularised-512-512",
    train_size=1500,
    validation_size=400,
    epochs=3,
    batch_size=50,
    learning_rate=0.3,
    label_noise=0.1,
)
STRIDED = TrainingConfig(
    architecture="strided",
    train_size=300,
    validation_size=50,
    epochs=2,
    batch_size=50,
    optimizer="adam",
    learning_rate=0.001,
    pixel_scaling="raw",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_known(str(tmp_path_factory.mktemp("judging")), None)


@pytest.fixture(scope="module")
def dense(store: Store) -> Run:
    return trained_past_its_best(store, DENSE, "dense")


@pytest.fixture(scope="module")
def strided(store: Store) -> Run:
    return trained(store, "strided", **STRIDED.to_dict())


@pytest.fixture(params=["dense", "strided"])
def either(request: pytest.FixtureRequest) -> Run:
    return request.getfixturevalue(request.param)


def keras_reads(store: Store, run: Run, checkpoint: str, images, folder: Path):
    """What plain Keras reads with the file that the run left."""
    path = folder / f"{checkpoint}.keras"
    path.write_bytes(store.artifacts.read(run.id, FILES[checkpoint]) or b"")
    shape = architecture(run.config.architecture).input_shape
    x = prepare(images, scaling=run.config.pixel_scaling, input_shape=shape)
    return keras.saving.load_model(path).predict(x, batch_size=1000, verbose=0)


def test_ten_thousand_test_images_are_read_as_keras_reads_them(store, tmp_path, either):
    data = task("mnist").load()
    found = evaluate(store, either.id, "best", "test")
    probabilities = keras_reads(store, either, "best", data.x_test[::10], tmp_path)
    assert len(found) == 10_000
    np.testing.assert_allclose(found.probabilities[::10], probabilities, atol=1e-5)
    np.testing.assert_array_equal(found.labels, data.y_test)
    np.testing.assert_array_equal(
        found.confusion, reference.confusion_matrix(data.y_test, found.predicted)
    )
    assert found.accuracy.value == reference.accuracy_score(data.y_test, found.predicted)


def test_the_last_model_is_another_one(store, tmp_path, dense):
    data = task("mnist").load()
    found = evaluate(store, dense.id, "last", "test")
    probabilities = keras_reads(store, dense, "last", data.x_test, tmp_path)
    np.testing.assert_allclose(found.probabilities, probabilities, atol=1e-5)
    best = evaluate(store, dense.id, "best", "test")
    assert np.abs(found.probabilities - best.probabilities).max() > 1e-3


def test_the_best_model_s_figures_are_those_of_the_run(store, either):
    """The training measured the same model on the same images, with another program."""
    test = evaluate(store, either.id, "best", "test")
    assert test.loss.value + test.penalty == pytest.approx(either.test_loss, rel=1e-4)
    assert test.accuracy.value == pytest.approx(either.test_metric, abs=2e-4)
    validation = evaluate(store, either.id, "best", "validation")
    assert validation.loss.value + validation.penalty == pytest.approx(
        either.best.val_loss, rel=1e-4
    )
    last = evaluate(store, either.id, "last", "validation")
    assert last.loss.value + last.penalty == pytest.approx(either.last.val_loss, rel=1e-4)
    assert (test.penalty > 0) is (either.config.architecture == "regularised-512-512")


def test_every_part_holds_its_own_images_and_the_labels_that_were_told(store, dense):
    data = task("mnist").load()
    parts = split(data, dense.config)
    for name in PARTS:
        found, part = evaluate(store, dense.id, "best", name), getattr(parts, name)
        np.testing.assert_array_equal(found.indices, part.indices)
        np.testing.assert_array_equal(found.labels, part.labels)
        assert found.wrong.sum() == (150 if name == "train" else 0)
    assert evaluate(store, dense.id, "best", "train").classes == task("mnist").classes


def test_portions_come_to_the_same_as_one_go(store, dense):
    whole = evaluate(store, dense.id, "last", "test")
    service.forget()
    place = (store, dense.id, "last", "test")
    shares = []
    while not isinstance(answer := evaluate_some(*place, seconds=0), Evaluation):
        shares.append(answer)
    assert shares == pytest.approx(np.arange(1, 40) / 40)
    assert answer.to_dict() == whole.to_dict()
    assert not service._queue


def test_a_second_question_reads_nothing(store, dense, monkeypatch):
    first = evaluate(store, dense.id, "best", "validation")

    def never(*_):
        raise AssertionError("it was read again")

    monkeypatch.setattr(service, "_evaluate_portion", never)
    assert evaluate_some(store, dense.id, "best", "validation") is first


def test_what_is_kept_has_a_bound(store, dense, monkeypatch):
    service.forget()
    monkeypatch.setattr(service, "KEPT", 2)
    monkeypatch.setattr(service, "BEGUN", 1)
    evaluate_parts(store, dense.id, "best")
    assert len(service._kept) == 2
    monkeypatch.setattr(service, "ABANDONED_SECONDS", 0)  # each stands back at once
    for part in ("test", "train"):
        for checkpoint in FILES:
            evaluate_some(store, dense.id, checkpoint, part, seconds=0)
    begun = [key for key, one in service._queue.items() if one.part is not None]
    assert len(begun) == service.BEGUN + 1  # with the one at work


@pytest.mark.parametrize("seconds", [0.0, 2 * service.ABANDONED_SECONDS])
def test_evaluations_asked_for_at_once_are_done_in_order(store, dense, monkeypatch, seconds):
    """However long a portion takes."""
    clock = itertools.count(step=0.001)
    passed = [0.0]
    time = SimpleNamespace(monotonic=lambda: passed[0] + next(clock))
    monkeypatch.setattr(service, "time", time)
    asked = [(checkpoint, part) for part in PARTS for checkpoint in FILES]
    service.forget()
    portions, ended, judge = [], [], service._evaluate_portion

    def count(*arguments):
        portions.append(arguments)
        passed[0] += seconds
        return judge(*arguments)

    monkeypatch.setattr(service, "_evaluate_portion", count)
    parts = split(task("mnist").load(), dense.config)
    sizes = [len(getattr(parts, name).labels) for name in PARTS]
    pieces = sum(-(-size // service.PIECE) for size in sizes)
    while len(ended) < len(asked):
        for question in asked:
            answer = evaluate_some(store, dense.id, *question, seconds=0)
            if isinstance(answer, Evaluation) and question not in ended:
                ended.append(question)
    assert ended == asked
    assert len(portions) == 2 * pieces


def test_what_cannot_be_judged_is_said(store, dense):
    with pytest.raises(ConfigError) as raised:
        evaluate(store, dense.id, "newest", "test")
    assert raised.value.values["field"] == "checkpoint"
    with pytest.raises(ConfigError) as raised:
        evaluate(store, dense.id, "best", "tests")
    assert raised.value.values["field"] == "part"
    empty = store.create(DENSE, name="still queued")
    with pytest.raises(StoreError) as missing:
        evaluate(store, empty.id, "best", "test")
    assert missing.value.values["name"] == "still queued"


def test_a_model_from_a_file_is_judged_on_test_images_alone(store, dense, monkeypatch, capsys):
    run_id = "f" * 32
    model = store.artifacts.read(dense.id, BEST_MODEL) or b""
    for name in FILES.values():
        store.artifacts.write(run_id, name, model)
    config = imported_config("unit")
    add_ended(store, run_id, EndedRun(name="a file", config=config, imported={"kind": "keras"}))
    found = evaluate_parts(store, run_id, "best")
    assert list(found) == ["test"]
    np.testing.assert_array_equal(
        found["test"].confusion, evaluate(store, dense.id, "best", "test").confusion
    )
    monkeypatch.setenv("MNIST_LAB_HOME", store.home)
    assert main(["evaluate", run_id, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer["compared"]) == ["test"]
    assert "gap" not in answer["compared"]["test"]
    assert main(["evaluate", run_id]) == 0
    assert main(["evaluate", run_id, "--part", "train"]) == BAD_INPUT
    assert "“a file”" in capsys.readouterr().err


@pytest.mark.parametrize("options", [(), ("--checkpoint", "last", "--part", "train")])
def test_the_command_says_the_same(store, dense, monkeypatch, capsys, options):
    monkeypatch.setenv("MNIST_LAB_HOME", store.home)
    checkpoint, part = options[1::2] or ("best", "test")
    parts = {name: evaluate(store, dense.id, checkpoint, name) for name in PARTS}
    assert main(["evaluate", dense.id[:10], *options, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    answer = json.loads(printed.out, parse_constant=pytest.fail)
    epoch = dense.best.epoch if checkpoint == "best" else dense.last.epoch
    head = {
        "run_id": dense.id,
        "name": "dense",
        "task": "mnist",
        "checkpoint": checkpoint,
        "epoch": epoch,
        "part": part,
    }
    figures = parts[part].to_dict()
    assert answer == json.loads(json.dumps(head | figures | {"compared": compared(parts)}))
    assert sum(map(sum, answer["confusion_matrix"])) == len(parts[part])
    gap = answer["compared"]["test"]["gap"]["accuracy"]["value"]
    assert gap == parts["train"].accuracy.value - parts["test"].accuracy.value


def test_the_command_prints_tables_and_refuses_in_a_sentence(store, dense, monkeypatch, capsys):
    monkeypatch.setenv("MNIST_LAB_HOME", store.home)
    assert main(["evaluate", "dense", "--part", "validation"]) == 0
    printed = capsys.readouterr().out
    for words in ("validation (400)", "Confusion matrix", "Most confused", "calibration error"):
        assert words in printed
    assert main(["evaluate", "no such run"]) == BAD_INPUT
    assert "No run has the id" in capsys.readouterr().err
