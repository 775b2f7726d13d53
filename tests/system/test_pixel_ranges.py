"""How a model from outside wants its pixels is found by measuring, and said in the same words."""

from __future__ import annotations

import io
import json
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from mnist_core import cli
from mnist_core.errors import DataError
from mnist_core.runs import Run, Store
from mnist_core.tasks import task
from mnist_core.transfer.archive import write_archive
from mnist_core.transfer.keras_import import pixel_range
from mnist_core.transfer.keras_import.findings import findings
from mnist_core.transfer.keras_import.importer import import_model
from mnist_core.transfer.keras_import.pixel_range import Trial, better_range, other_way
from mnist_core.transfer.restore import restore
from mnist_core.transfer.uploads import keep_arrived
from tests import model_files
from tests.old_model_files import Layer, h5

DATA = task("mnist").load()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("ranges"))


@pytest.fixture(scope="module")
def fitted() -> tuple[np.ndarray, np.ndarray]:
    """The kernel and the biases of a linear network for pixels from 0 to 1."""
    x = np.c_[DATA.x_train[:4000].reshape(-1, 784) / 255, np.ones(4000)]
    found = np.linalg.solve(x.T @ x + 5 * np.eye(785), x.T @ np.eye(10)[DATA.y_train[:4000]]) * 8
    return found[:-1], found[-1]


def linear(kernel, bias, *before) -> bytes:
    model = keras.Sequential(
        [keras.Input((28, 28)), *before, layers.Flatten(), layers.Dense(10, "softmax")]
    )
    model.layers[-1].set_weights([kernel, bias])
    return model_files.saved(model)


def taken(store: Store, content: bytes, scaling: str = "auto") -> tuple[Run, str]:
    run_id = keep_arrived(store, io.BytesIO(content))
    run = store.get(import_model(store, run_id, "mine.keras", scaling))
    return run, " ".join(one for finding in findings(run) for one in finding.sentences())


def test_the_better_range_is_taken_and_said(store, fitted):
    kernel, bias = fitted
    unit, said = taken(store, linear(kernel, bias))
    assert unit.config.pixel_scaling == "unit" and "0–1" in said
    for content in (
        linear(kernel / 255, bias),
        linear(kernel, bias, layers.Rescaling(1 / 255)),
    ):
        raw, said = taken(store, content)
        assert raw.config.pixel_scaling == "raw"
        assert "pixel range is 0–255, as measured" in said
        assert raw.test_metric > 0.7
    kept, said = taken(store, content, "unit")  # what was asked for is done
    assert kept.config.pixel_scaling == "unit" and kept.test_metric < 0.3
    assert "import it again with that range" in said


def test_a_network_that_classifies_alike_with_both_is_told_by_its_loss(store, fitted):
    kernel, bias = fitted
    run, said = taken(store, linear(kernel / 255, bias * 0))
    assert run.config.pixel_scaling == "raw" and "loss is clearly lower" in said


def test_pixels_prepared_in_another_way_are_told(store, fitted):
    kernel, bias = fitted
    # For dark digits: k (1 - x) + b = -k x + (b + sum of k), so that the sums are those for ink.
    run, said = taken(store, linear(-kernel, bias + kernel.sum(0)))
    assert "With dark digits on a light background, it classifies" in said
    assert "layer Rescaling(-1 / 255, 1) as the first" in said
    packed = io.BytesIO()
    write_archive(store, run.id, packed)
    run_id = restore(store, keep_arrived(store, packed), "mine.zip")
    assert store.get(run_id).imported == run.imported  # it is said there, too
    run, said = taken(store, linear(kernel[:, ::-1] * 0, bias * 0))
    assert run.test_metric < 0.2 and "at most" in said and "does not show which range" in said


def test_a_range_that_a_network_cannot_bear_is_the_wrong_one(store, fitted):
    """Its numbers overflow with pixels from 0 to 255, which says nothing against it."""
    kernel, bias = fitted
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(10),
            layers.Activation("exponential"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.set_weights([kernel, bias, np.eye(10), np.zeros(10)])
    content = model_files.saved(model)
    run, _ = taken(store, content)
    assert run.config.pixel_scaling == "unit" and run.test_metric > 0.7
    with pytest.raises(DataError, match="are not probabilities"):
        taken(store, content, "raw")


def test_kernels_of_theano_are_found_by_measuring(store):
    """Files of Keras 1 do not say whether their kernels are turned round."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 5, strides=3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    )
    x = DATA.x_train[:3000, ..., None].astype("f4") / 255
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(x, DATA.y_train[:3000], epochs=2, verbose=0)
    kernel, bias, *ending = model.get_weights()
    described: list[dict[str, Any]] = [
        {"nb_filter": 4, "nb_row": 5, "nb_col": 5, "subsample": [3, 3], "activation": "relu"},
        {},
        {"output_dim": 10, "activation": "softmax"},
    ]
    described[0] |= {"dim_ordering": "tf", "batch_input_shape": [None, 28, 28, 1]}
    kinds = ("Convolution2D", "Flatten", "Dense")
    known = model.predict(DATA.x_test[..., None] / 255, verbose=0).argmax(1) == DATA.y_test
    for turned in (True, False):
        first = kernel[::-1, ::-1] if turned else kernel
        arrays = ([first, bias], [], ending)
        made: list[Layer] = [
            ({"class_name": kind, "config": config | {"name": kind}}, kind, of_layer)
            for kind, config, of_layer in zip(kinds, described, arrays, strict=True)
        ]
        description = {"class_name": "Sequential", "config": [layer for layer, _, _ in made]}
        content = h5(made, description, "1.2.2", lambda label, n: f"{label}_{'Wb'[n]}", None)
        run, said = taken(store, content)
        assert run.test_metric == pytest.approx(known.mean(), abs=2e-3)
        assert ("as Theano stores them" in said) is turned


def test_a_slow_network_has_no_accuracy_and_says_why(store, fitted, monkeypatch):
    monkeypatch.setattr(pixel_range, "MEASURING_SECONDS", -1.0)
    monkeypatch.setattr(pixel_range, "TRIAL_SECONDS", -1.0)
    run, said = taken(store, linear(*fitted))
    assert run.test_metric is None and run.test_loss is None
    assert "accuracy is unknown" in said and "100 of the 10,000" in said


def test_the_command_line_says_it(store, fitted, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path / "home"))
    file = tmp_path / "raw.keras"
    file.write_bytes(linear(fitted[0] / 255, fitted[1]))
    assert cli.main(["import", str(file)]) == 0
    assert "pixel range is 0–255, as measured" in capsys.readouterr().out
    assert cli.main(["import", str(file), "--pixel-scaling", "unit", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pixel_scaling"] == "unit" and "import it again" in told["findings"][0]


def test_what_is_better():
    def trial(accuracy: float, loss: float = 1.0) -> Trial:
        return Trial(accuracy, loss)

    assert better_range({"unit": trial(0.9), "raw": trial(0.97)}) == ("raw", "accuracy")
    assert better_range({"unit": trial(0.95), "raw": trial(0.97)}) == ("unit", "unclear")
    assert better_range({"unit": trial(0.97, 0.1), "raw": trial(0.97, 9)}) == ("unit", "loss")
    assert other_way({"unit": trial(0.05), "raw": trial(0.1), "inverted": trial(0.2)}) is None
    both = {"unit": trial(0.6), "raw": trial(0.5)}
    assert other_way(both | {"centred": trial(0.64)}) is None
    assert other_way(both | {"centred": trial(0.7), "inverted": trial(0.9)}) == "inverted"
