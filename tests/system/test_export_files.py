"""Exported models in the tools that they are for: they answer as the run's own model does."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial

import keras
import numpy as np
import pytest

from mnist_core.errors import ConfigError, DataError, StoreError, UnknownRunError
from mnist_core.experiment.architectures import ARCHITECTURES, architectures_for
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.inputs import network_inputs
from mnist_core.experiment.presets import PRESETS
from mnist_core.inference import models
from mnist_core.runs import Run, Store
from mnist_core.tasks import prepare, split, task
from mnist_core.training.networks import build_network
from mnist_core.transfer.export import export
from mnist_core.transfer.formats import FORMATS
from tests import made_up_texts
from tests.exported_runs import SOFTMAX, trained, trained_past_its_best

DIGITS = 1_000
#: With batch normalisation and dropout, and with convolutions; the others run with --all.
QUICK = ("regularised-512-512", "strided")
MODELS = [key for key, form in FORMATS.items() if not form.is_code]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("exports"))


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(key, marks=[] if key in QUICK else pytest.mark.slow)
        for key in architectures_for("mnist")
    ],
)
def run(request, store):
    """A run of each architecture that has learned a little."""
    return trained(
        store,
        architecture=request.param,
        train_size=600,
        validation_size=100,
        batch_size=20,
        epochs=2,
        optimizer="adam",
        learning_rate=0.001,
        pixel_scaling="raw" if request.param == "tanh-200-100" else "unit",
    )


@pytest.fixture(scope="module")
def softmax(store):
    return trained_past_its_best(store, TrainingConfig(**SOFTMAX), "a softmax")


@pytest.fixture(scope="module")
def expectation(store, run) -> tuple[np.ndarray, np.ndarray]:
    """The first test digits as the run's network takes them, and what it makes of them."""
    shape = ARCHITECTURES[run.config.architecture].input_shape
    images = task("mnist").load().x_test[:DIGITS]
    x = prepare(images, scaling=run.config.pixel_scaling, input_shape=shape)
    return x, models.load(store, run.id, "best").model.predict(x, batch_size=250, verbose=0)


@pytest.fixture(autouse=True)
def in_its_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("key", MODELS)
def test_the_tool_answers_as_the_run_s_model(store, run, expectation, tmp_path, key):
    """By the very lines that the lab gives with the file."""
    x, expected = expectation
    form = FORMATS[key]
    file = f"model{form.ending}"
    (tmp_path / file).write_bytes(export(store, run.id, key))
    scope = {
        "x": x,
        "build_model": partial(build_network, run.config.architecture, run.config.task),
    }
    exec(form.usage.format(file=file), scope)
    found = scope["answers"]
    assert found.dtype == np.float32 and found.shape == (DIGITS, 10)
    assert expected.std(axis=0).min() > 1e-3  # else any answer would do
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.fixture(scope="module", params=["imdb", "boston"])
def other(request, tmp_path_factory, store) -> tuple[Run, np.ndarray]:
    """A run of a task with texts, and one with a table, and test samples for its network."""
    key = request.param
    home = tmp_path_factory.mktemp(key)
    if key == "imdb":
        made_up_texts.write(home, key)
    sizes = {"train_size": 300, "validation_size": 100, "batch_size": 10}
    config = replace(PRESETS[key].config, epochs=5, **sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(home))
        task(key).load.cache_clear()
        run = trained(store, **config.to_dict())
        test = split(task(key).load(), config).test.inputs[:100]
        task(key).load.cache_clear()
    return run, network_inputs(test, config, ARCHITECTURES[config.architecture].input_shape)


@pytest.mark.parametrize("key", MODELS)
def test_the_tool_answers_for_texts_and_tables_too(store, other, tmp_path, key):
    run, x = other
    form = FORMATS[key]
    file = f"model{form.ending}"
    (tmp_path / file).write_bytes(export(store, run.id, key))
    expected = models.load(store, run.id, "best").model.predict(x, verbose=0)
    scope = {
        "x": x,
        "build_model": partial(build_network, run.config.architecture, run.config.task),
    }
    exec(form.usage.format(file=file), scope)
    found = scope["answers"]
    assert found.dtype == np.float32 and found.shape == (len(x), 1)
    assert expected.std() > 1e-2  # else any answer would do
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("key", MODELS)
def test_best_and_last_are_two_files(store, softmax, key):
    assert export(store, softmax.id, key, "best") != export(store, softmax.id, key, "last")


@pytest.mark.parametrize("key", FORMATS)
def test_nothing_is_said_on_the_way(store, softmax, capfd, caplog, key):
    """No advice, no warning, no progress: a page's log and a shell's JSON stay clean."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        export(store, softmax.id, key, "best")
    assert [str(one.message) for one in caught if one.category is not DeprecationWarning] == []
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


def test_what_cannot_be_exported_is_one_sentence(store, softmax, monkeypatch):
    run = softmax
    waiting = store.create(run.config, name="waiting")
    with pytest.raises(ConfigError, match="format is 'kras'.*Did you mean keras"):
        export(store, run.id, "kras")
    with pytest.raises(ConfigError, match="checkpoint is 'middle'"):
        export(store, run.id, "h5", "middle")
    with pytest.raises(UnknownRunError):
        export(store, "0" * 32, "h5")
    with pytest.raises(StoreError, match="“waiting”"):
        export(store, waiting.id, "h5")

    def fail(*_arguments, **_options):
        raise NotImplementedError("no such operation.\nmore lines")

    monkeypatch.setattr(keras.Model, "export", fail)
    with pytest.raises(DataError, match=r"“a softmax” to ONNX: .*no such operation\. Choose"):
        export(store, run.id, "onnx")


def test_a_damaged_model_is_not_handed_out(store, softmax):
    run = store.create(softmax.config)
    store.artifacts.write(run.id, "best.keras", b"not a model")
    with pytest.raises(DataError, match="damaged"):
        export(store, run.id, "keras")
