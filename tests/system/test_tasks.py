"""Every task from its data to its figures, trained as a worker trains."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_core.cli import main
from mnist_core.evaluation.service import evaluate
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Command, Run, RunStatus, Store
from mnist_core.runs.queue import RunQueue
from mnist_core.studies.crossvalidation import final_config, fold_configs, mean_curve
from mnist_core.studies.reproduction import EXPERIMENTS
from mnist_core.studies.reproduction_runs import reproduce
from mnist_core.tasks import TASKS, keras_data, split, task
from mnist_core.tasks.imdb import load as load_imdb
from mnist_core.training.job import train
from tests import made_up_texts
from tests.waiting import PATIENCE, until


@pytest.fixture
def store(lab_home: Path) -> Store:
    made_up_texts.write(lab_home, "imdb")
    made_up_texts.write(lab_home, "reuters")
    for name in ("imdb", "reuters"):
        task(name).load.cache_clear()
    return Store(lab_home)


def trained(store: Store, config) -> Run:
    run = store.create(config)
    lease = RunQueue(store.database).claim(run.id)
    assert lease is not None
    train(store, lease, gives_way=False)
    run = store.get(run.id)
    assert run.status is RunStatus.FINISHED, run.message
    return run


@pytest.mark.parametrize(
    ("key", "epochs", "better_than"), [("imdb", 2, 0.9), ("reuters", 5, 0.5), ("boston", 30, None)]
)
def test_a_task_is_learned_and_measured(store, key, epochs, better_than):
    run = trained(store, replace(PRESETS[key].config, epochs=epochs))
    assert len(store.curves(run.id)) == epochs
    assert run.test_metric is not None and run.best is not None
    if better_than is None:
        assert run.config.metric == "mae"
        assert run.test_metric < 4  # the mean price alone is off by 6.5
    else:
        assert run.test_metric > better_than
    assert run.last is not None and np.isfinite(run.last.val_loss)


def test_a_run_that_waits_for_its_data_can_be_stopped(store, monkeypatch):
    given_up = threading.Event()
    monkeypatch.setattr(
        keras_data, "_load_with_keras", lambda *_what: given_up.wait(PATIENCE) and "no"
    )
    keras_data.compact_file("imdb").unlink()
    run = store.create(PRESETS["imdb"].config)
    lease = RunQueue(store.database).claim(run.id)
    training = threading.Thread(target=train, args=(store, lease), kwargs={"gives_way": False})
    training.start()
    until(lambda: keras_data.seconds_fetching("imdb"))
    store.command(run.id, Command.STOP)
    training.join(PATIENCE)
    assert not training.is_alive()
    run = store.get(run.id)
    assert (run.status, run.message, run.has_models) == (RunStatus.STOPPED, "", False)
    assert run.ended_at - run.started_at > run.active_seconds, "waiting is no training"
    given_up.set()


def test_an_evaluation_finds_what_the_training_measured(store):
    run = trained(store, replace(PRESETS["imdb"].config, epochs=1))
    found = evaluate(store, run.id, "best", "test")
    # Words are summed in another order there; a text on the fence may fall on the other side.
    assert found.accuracy.value == pytest.approx(run.test_metric, abs=0.005)
    assert found.loss.value == pytest.approx(run.test_loss, rel=1e-4)


def test_without_a_judge_the_last_model_is_kept(store):
    run = trained(store, final_config(PRESETS["boston"].config, 7))
    records = store.curves(run.id)
    assert [np.isnan(record.val_loss) for record in records] == [True] * 7
    assert run.best == run.last or run.best.epoch == 7  # not a number equals nothing
    best, last = (store.artifacts.read(run.id, name) for name in ("best.keras", "last.keras"))
    assert best and last
    assert run.test_metric is not None and np.isfinite(run.test_metric)


def test_folds_and_the_final_training_from_the_shell(store, capsys):
    options = ["--preset", "boston", "--folds", "2", "--epochs", "12", "--final-epochs", "9"]
    assert main(["crossvalidate", *options, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    runs = [store.get(one["run_id"]) for one in result["folds"]]
    assert [(run.config.fold, run.config.folds) for run in runs] == [(1, 2), (2, 2)]
    mean = mean_curve([store.curves(run.id) for run in runs])
    assert result["best_epoch"] == mean.best_epoch
    assert result["val_mae"] == pytest.approx(mean.val_metric[mean.best_epoch - 1])
    final = store.get(result["final"]["run_id"])
    assert (final.config.train_size, final.epochs_done) == (404, 9)
    assert result["final"]["test_mae"] == final.test_metric


def test_a_fold_trains_on_the_others(store):
    config = replace(fold_configs(PRESETS["boston"].config, 4)[2], epochs=2)
    parts = split(task("boston").load(), config)
    run = trained(store, config)
    assert len(parts.validation.labels) == 101 and run.epochs_done == 2


def test_whole_numbers_and_one_hot_labels_have_the_same_loss():
    """What the tutorial says of the two cross-entropies, on 46 topics."""
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 46, 200)
    scores = generator.normal(size=(200, 46))
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    whole = keras.losses.sparse_categorical_crossentropy(labels, probabilities)
    one_hot = keras.losses.categorical_crossentropy(np.eye(46)[labels], probabilities)
    np.testing.assert_allclose(whole, one_hot, rtol=1e-5)


def test_an_experiment_is_reproduced_with_several_seeds(store):
    said = []
    found = reproduce(store, "boston", seeds=2, on_start=lambda *what: said.append(what))
    assert said == [("boston", 1), ("boston", 2)]
    assert len(found.figures) == 2 and found.low < found.high
    assert found.spread > found.high - found.low  # two runs say little


def test_an_unknown_experiment_is_met_with_the_known_ones(store, capsys):
    assert main(["reproduce", "--only", "softmaxx"]) == 2
    assert "Did you mean softmax?" in capsys.readouterr().err
    assert set(EXPERIMENTS) >= {"softmax", "mlp-500-500", "overfit-700", "imdb", "boston"}


def test_an_experiment_without_its_data_does_not_cost_the_others_theirs(
    lab_home, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody answers there: no network
    task("reuters").load.cache_clear()
    short = replace(EXPERIMENTS["boston"], config=final_config(PRESETS["boston"].config, 2))
    monkeypatch.setitem(EXPERIMENTS, "boston", short)
    assert main(["reproduce", "--only", "reuters", "boston", "--seeds", "1", "--json"]) == 1
    out, err = capsys.readouterr()
    assert [row["key"] for row in json.loads(out)] == ["boston"]
    assert "reuters.npz" in err


@pytest.mark.slow
@pytest.mark.parametrize(("key", "epochs", "accuracy"), [("imdb", 4, 0.875), ("reuters", 9, 0.78)])
def test_real_texts_reach_their_figures(key, epochs, accuracy, lab_home, monkeypatch):
    folder = keras_data.keras_cache()
    missing = [name for name in keras_data.SOURCES[key].files if not (folder / name).exists()]
    if missing:
        pytest.skip(f"Keras's cache {folder} has no {', '.join(missing)}")
    TASKS[key].load.cache_clear()
    load_imdb.cache_clear()
    run = trained(Store(lab_home), replace(PRESETS[key].config, epochs=epochs))
    assert run.test_metric is not None and run.test_metric >= accuracy


@pytest.mark.slow
def test_prices_reach_their_figure_over_five_seeds(store):
    errors = [
        trained(store, replace(final_config(PRESETS["boston"].config, 80), seed=seed)).test_metric
        for seed in range(1, 6)
    ]
    assert np.mean(errors) <= 2.8
