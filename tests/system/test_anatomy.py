"""What a network is made of: the same as Keras's own summary says."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from mnist_core.errors import StoreError, UnknownRunError
from mnist_core.experiment.architectures import ARCHITECTURES, architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.inference.inspect import MOST_PICTURES, SIDE, describe, of_model
from mnist_core.runs import Store
from mnist_core.runs.artifacts import BEST_MODEL, LAST_MODEL
from mnist_core.training.networks import build_network


def summary(model: keras.Model) -> str:
    lines: list[str] = []
    model.summary(line_length=200, print_fn=lines.append, show_trainable=True)
    return "\n".join(lines)


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_the_layers_are_those_of_the_summary(key, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # the summary is cut off where the terminal ends
    model = build_network(key)
    found, text = of_model(model), summary(model)
    assert len(found.layers) == len(model.layers)
    # name (Kind), shape, parameters, Y or - between the table's lines
    pattern = r"(\w+) \((\w+)\)\s*│ \((None, [\d, ]+)\)\s*│\s*([\d,]+)\s*│\s*([YN-])"
    rows = re.findall(pattern, text)
    marks = {"Y": True, "N": False, "-": None}
    assert [
        (one.name, one.kind, (None, *one.output_shape), one.parameters, one.trainable)
        for one in found.layers
    ] == [
        (name, kind, tuple(eval(shape)), int(count.replace(",", "")), marks[mark])
        for name, kind, shape, count, mark in rows
    ]
    assert f"Total params: {found.parameters:,}" in text
    assert f"Trainable params: {found.trainable_parameters:,}" in text
    assert found.parameters == architecture(key).parameters
    assert found.chain
    assert found.input_shape == architecture(key).input_shape


def test_settings_are_plain():
    found = of_model(build_network("lenet"))
    first, dropout, answer = found.layers[0], found.layers[3], found.layers[-1]
    assert first.settings["kernel_size"] == (5, 5)
    assert first.settings["activation"] == "relu"
    assert dropout.settings["rate"] == 0.25
    assert answer.settings["units"] == 10
    assert pickle.loads(pickle.dumps(found)).layers == found.layers  # noqa: S301 - our own


def test_a_layer_that_is_not_trained_is_said():
    model = build_network("relu-2")
    model.layers[0].trainable = False
    found = of_model(model)
    assert [layer.trainable for layer in found.layers] == [False, True]
    assert found.trainable_parameters == found.layers[1].parameters


def test_a_model_that_is_not_sequential_is_described(tmp_path: Path):
    inputs = keras.Input((SIDE, SIDE, 1))
    outputs = keras.layers.Dense(10, "softmax")(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")
    assert of_model(keras.saving.load_model(tmp_path / "model.keras")).chain
    found = of_model(model)
    assert [layer.kind for layer in found.layers] == ["Flatten", "Dense"]
    assert found.chain
    # It reads the picture's pixels in their order, so its weights are pictures too.
    assert found.weights[0].pictures.shape == (10, SIDE, SIDE)


def test_layers_side_by_side_are_told_from_a_chain(tmp_path: Path):
    inputs = keras.Input((784,))
    left, right = keras.layers.Dense(4)(inputs), keras.layers.Dense(4)(inputs)
    model = keras.Model(inputs, keras.layers.Add()([left, right]))
    model.save(tmp_path / "model.keras")
    for one in (model, keras.saving.load_model(tmp_path / "model.keras")):
        found = of_model(one)
        assert [layer.kind for layer in found.layers] == ["Dense", "Dense", "Add"]
        assert not found.chain


def test_all_units_of_a_small_layer_are_shown():
    model = build_network("softmax")
    (weights,) = of_model(model).weights
    kernel = model.layers[0].kernel.numpy()
    assert (weights.kind, weights.count) == ("units", 10)
    np.testing.assert_array_equal(weights.unit, np.arange(10))
    np.testing.assert_array_equal(weights.pictures, kernel.T.reshape(10, SIDE, SIDE))


def test_the_strongest_units_of_a_large_layer_are_shown():
    model = build_network("relu-512")
    kernel = np.array(model.layers[0].kernel.numpy())
    strong = np.arange(5, 5 + 3 * MOST_PICTURES, 3)
    kernel[:, strong] *= 3
    model.layers[0].kernel.assign(kernel)
    (weights,) = of_model(model).weights
    assert weights.count == 512
    np.testing.assert_array_equal(weights.unit, strong)
    np.testing.assert_array_equal(weights.pictures[1].ravel(), kernel[:, 8])


def test_every_convolution_shows_its_filters():
    model = build_network("lenet")
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    second = convolutions[1]
    kernel = np.array(second.kernel.numpy())
    kernel[:, :, 17, 4] *= 100
    second.kernel.assign(kernel)
    found = of_model(model).weights
    assert [one.layer for one in found] == [layer.name for layer in convolutions]
    assert [one.channels for one in found] == [1, 32, 32, 64]
    assert [len(one.pictures) for one in found] == [32, 32, MOST_PICTURES, MOST_PICTURES]
    assert {one.kind for one in found} == {"filters"}
    first = convolutions[0].kernel.numpy()
    np.testing.assert_array_equal(found[0].pictures[3], first[:, :, 0, 3])
    assert found[1].inputs[4] == 17
    np.testing.assert_array_equal(found[1].pictures[4], kernel[:, :, 17, 4])


def test_a_network_that_looks_at_no_picture_has_no_pictures():
    model = keras.Sequential([keras.Input((13,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    assert of_model(model).weights == []


def test_best_and_last_are_told_apart(lab_home: Path, tmp_path: Path):
    store = Store(lab_home)
    run = store.create(TrainingConfig(architecture="relu-2"))
    models = {}
    for checkpoint, name in (("best", BEST_MODEL), ("last", LAST_MODEL)):
        models[checkpoint] = build_network("relu-2")
        models[checkpoint].save(tmp_path / "model.keras")
        store.artifacts.write(run.id, name, (tmp_path / "model.keras").read_bytes())
    for checkpoint, model in models.items():
        found = describe(store, run.id, checkpoint)
        assert found.chain
        (weights,) = found.weights
        kernel = model.layers[0].kernel.numpy()
        np.testing.assert_array_equal(weights.pictures.reshape(2, -1), kernel.T)
    with pytest.raises(UnknownRunError):
        describe(store, "0" * 32, "best")
    empty = store.create(TrainingConfig())
    with pytest.raises(StoreError, match="not left one"):
        describe(store, empty.id, "best")
