"""Networks of other tasks than pictures, judged for real: house prices, and made-up reviews."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import sklearn.metrics as reference

from mnist_core.cli import BAD_INPUT, main
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.evaluation.service import evaluate
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.artifacts import BEST_MODEL
from mnist_core.runs.queue import Lease
from mnist_core.runs.store import open_known
from mnist_core.tasks import multi_hot, split, task
from mnist_core.training.job import train
from tests import made_up_texts

BOSTON = replace(PRESETS["boston"].config, epochs=20)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return open_known(str(tmp_path_factory.mktemp("judging")), None)


def trained(store: Store, config, name: str) -> Run:
    run = store.create(config, lease_token="mine", name=name)
    train(store, Lease(run.id, "mine"))
    run = store.get(run.id)
    assert run.status is RunStatus.FINISHED, run.message
    return run


@pytest.fixture(scope="module")
def boston(store: Store) -> Run:
    return trained(store, BOSTON, "boston")


def plain_keras(store: Store, run: Run, folder: Path, x):
    path = folder / "model.keras"
    path.write_bytes(store.artifacts.read(run.id, BEST_MODEL) or b"")
    return keras.saving.load_model(path).predict(x, batch_size=1000, verbose=0)


def test_house_prices_from_training_to_the_figures(store, boston, tmp_path):
    parts = split(task("boston").load(), boston.config)
    found = evaluate(store, boston.id, "best", "test")
    assert isinstance(found, RegressionEvaluation)
    prices = plain_keras(store, boston, tmp_path, parts.test.inputs)[:, 0]
    np.testing.assert_allclose(found.predictions, prices, rtol=1e-4, atol=1e-4)
    truths = task("boston").load().y_test
    assert found.mae.value == pytest.approx(reference.mean_absolute_error(truths, prices), rel=1e-4)
    assert found.r2 == pytest.approx(reference.r2_score(truths, prices), rel=1e-3)
    # The training measured the same model with another program.
    assert found.mae.value == pytest.approx(boston.test_metric, rel=1e-4)
    assert found.loss.value == pytest.approx(boston.test_loss, rel=1e-4)
    validation = evaluate(store, boston.id, "best", "validation")
    assert validation.mae.value == pytest.approx(boston.best.val_metric, rel=1e-4)


def test_the_command_says_the_same_of_house_prices(store, boston, monkeypatch, capsys):
    monkeypatch.setenv("MNIST_LAB_HOME", store.home)
    found = evaluate(store, boston.id, "best", "test")
    assert main(["evaluate", boston.id, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert answer["task"] == "boston"
    for name in ("mae", "rmse"):
        assert answer[name] == getattr(found, name).to_dict()
    assert answer["r2"] == found.r2
    train_mae = evaluate(store, boston.id, "best", "train").mae
    gap = answer["compared"]["test"]["gap"]["mae"]["value"]
    assert gap == pytest.approx(found.mae.value - train_mae.value)
    worst = answer["top_errors"][0]
    assert abs(worst["error"]) == np.abs(found.residuals).max()
    row = task("boston").load().x_test[worst["index"]]
    assert list(worst["columns"].values()) == list(row)
    assert main(["evaluate", boston.id]) == 0
    printed = capsys.readouterr().out
    for words in ("Largest errors (thousand dollars)", "gap, mae", "R²", "train (303)"):
        assert words in printed


def test_a_run_without_a_judge_is_judged_on_what_there_is(store, monkeypatch, capsys):
    config = replace(BOSTON, train_size=404, validation_size=0, epochs=2)
    run = trained(store, config, "final")
    monkeypatch.setenv("MNIST_LAB_HOME", store.home)
    assert main(["evaluate", run.id, "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["compared"]) == ["test", "train"]
    assert main(["evaluate", run.id, "--part", "validation"]) == BAD_INPUT
    assert "“final” has no validation set" in capsys.readouterr().err


def test_reviews_are_judged_portion_by_portion(lab_home, tmp_path, capsys):
    made_up_texts.write(lab_home, "imdb")
    task("imdb").load.cache_clear()
    config = replace(PRESETS["imdb"].config, train_size=2_000, validation_size=500, epochs=2)
    here = open_known(str(lab_home), None)
    try:
        run = trained(here, config, "reviews")
        found = evaluate(here, run.id, "best", "test")
        data = task("imdb").load()
        assert len(found) == len(data.y_test) == 25_000
        some = np.arange(0, 25_000, 25)
        chances = plain_keras(here, run, tmp_path, multi_hot(data.x_test[some]))[:, 0]
        np.testing.assert_allclose(found.probabilities[some, 1], chances, atol=1e-5)
        assert found.accuracy.value == pytest.approx(run.test_metric, abs=4e-4)
        area = reference.roc_auc_score(data.y_test, found.probabilities[:, 1])
        assert found.curves.roc.area == pytest.approx(area)
        assert main(["evaluate", run.id, "--json"]) == 0
        answer = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
        assert answer["roc_auc"] == found.curves.roc.area
        assert answer["top_losses"][0]["text"].startswith("word")
        assert main(["evaluate", run.id]) == 0
        assert "Area under the ROC curve" in capsys.readouterr().out
    finally:
        task("imdb").load.cache_clear()
