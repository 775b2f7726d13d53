"""Files of every layout that Keras wrote come in with the accuracy that they have."""

from __future__ import annotations

import json
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from mnist_core.errors import DataError
from mnist_core.tasks import task
from mnist_core.transfer.keras_import.files import unpack
from mnist_core.transfer.keras_import.importer import read_model_file
from tests import model_files
from tests.old_model_files import LAYOUTS, NAMES, Arrays, Layer, h5

DATA = task("mnist").load()
PIXELS = DATA.x_test.reshape(-1, 784).astype("f4") / 255
Numbers = Any


@pytest.fixture(scope="module")
def weights() -> list[Arrays]:
    """Two random layers, and a third one that was fitted to what they make of digits."""
    rng = np.random.default_rng(3)
    pairs = [
        [rng.normal(0, 0.1, (784, 120)), rng.normal(0, 0.1, 120)],
        [rng.normal(0, 0.1, (120, 160)), rng.normal(0, 0.1, 160)],
    ]
    hidden = answered(pairs, DATA.x_train[:3000].reshape(-1, 784) / 255)
    hidden = np.c_[np.maximum(hidden, 0), np.ones(3000)]
    wanted = np.eye(10)[DATA.y_train[:3000]]
    fitted = np.linalg.solve(hidden.T @ hidden + np.eye(161), hidden.T @ wanted) * 8
    pairs.append([fitted[:-1], fitted[-1]])
    return [[array.astype("f4") for array in pair] for pair in pairs]


def answered(pairs: list[Any], x: Numbers) -> Numbers:
    """The sums before the softmax, in NumPy."""
    for place, (kernel, bias) in enumerate(pairs):
        x = (np.maximum(x, 0) if place else x) @ kernel + bias
    return x


def read(content: bytes) -> keras.Model:
    return read_model_file(content, "old", unpack).model


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_of_each_layout_comes_in_with_its_accuracy(layout, weights):
    sums = answered(weights, PIXELS[:2000])
    known = (sums.argmax(1) == DATA.y_test[:2000]).mean()
    assert known > 0.7
    found = read(LAYOUTS[layout](weights)).predict_on_batch(PIXELS[:2000])
    assert (found.argmax(1) == DATA.y_test[:2000]).mean() == pytest.approx(known, abs=1e-3)
    odds = np.exp(sums - sums.max(1, keepdims=True))
    np.testing.assert_allclose(found, odds / odds.sum(1, keepdims=True), atol=1e-5)


def hard_sigmoid(x: Numbers) -> Numbers:
    """That of Keras 1 and 2."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def lstm(x: Numbers, gates: list[Arrays]) -> Numbers:
    """What an LSTM answers at last; its gates in the order of Keras 1: i, c, f, o."""
    hidden = carried = np.zeros((len(x), gates[0][1].shape[0]))
    for step in range(x.shape[1]):
        i, c, f, o = (x[:, step] @ kernel + hidden @ inner + bias for kernel, inner, bias in gates)
        carried = hard_sigmoid(f) * carried + hard_sigmoid(i) * np.tanh(c)
        hidden = hard_sigmoid(o) * np.tanh(carried)
    return hidden


def gru(x: Numbers, gates: list[Arrays]) -> Numbers:
    """What a GRU answers at last; its gates in their order: z, r, h."""
    (of_z, of_r, (kernel, inner, bias)), hidden = gates, np.zeros((len(x), 5))
    for step in range(x.shape[1]):
        z, r = (
            hard_sigmoid(x[:, step] @ one + hidden @ two + three)
            for one, two, three in (of_z, of_r)
        )
        new = np.tanh(x[:, step] @ kernel + (r * hidden) @ inner + bias)
        hidden = z * hidden + (1 - z) * new
    return hidden


@pytest.mark.parametrize(("kind", "count", "run"), [("LSTM", 4, lstm), ("GRU", 3, gru)])
@pytest.mark.parametrize("major", [1, 2])
def test_recurrent_layers_answer_as_they_did(kind, count, run, major):
    """Their ``hard_sigmoid`` was steeper, and Keras 1 kept the gates apart."""
    rng = np.random.default_rng(2)
    shapes = ((28, 5), (5, 5), (5,))
    gates = [[rng.normal(0, 0.8, shape).astype("f4") for shape in shapes] for _ in range(count)]
    if major == 1:
        config = {"output_dim": 5, "inner_activation": "hard_sigmoid", "inner_init": "orthogonal"}
        config |= {
            "consume_less": "cpu",
            "forget_bias_init": "one",
            "dropout_W": 0.1,
            "unroll": True,
        }
        arrays = [array for gate in gates for array in gate]
    else:
        config = {"units": 5, "recurrent_activation": "hard_sigmoid", "implementation": 1}
        order = (0, 2, 1, 3)[:count] if kind == "LSTM" else (0, 1, 2)
        arrays = [
            np.concatenate([gates[gate][which] for gate in order], axis=-1) for which in range(3)
        ]
    config |= {"name": "rnn", "activation": "tanh", "batch_input_shape": [None, 28, 28]}
    ending = [rng.normal(size=(5, 10)).astype("f4"), np.zeros(10, "f4")]
    dense = {"name": "end", "units" if major > 1 else "output_dim": 10, "activation": "linear"}
    made: list[Layer] = [
        ({"class_name": kind, "config": config}, "rnn", arrays),
        ({"class_name": "Dense", "config": dense}, "end", ending),
    ]
    described = {"class_name": "Sequential", "config": [layer for layer, _, _ in made]}
    version = "1.2.2" if major == 1 else "2.2.4"
    model = read(h5(made, described, version, lambda label, place: f"{label}_{place}:0"))
    x = rng.random((20, 28, 28), np.float32)
    sums = run(x, gates) @ ending[0]
    odds = np.exp(sums - sums.max(1, keepdims=True))
    found = model.predict_on_batch(x)
    np.testing.assert_allclose(found, odds / odds.sum(1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize("version", ["1.2.2", "2.0.9", "2.2.4"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("theano", [True, False])
def test_convolutions_answer_as_they_did(version, first, theano):
    """With the channels first or last, and with Theano, which turned kernels round."""
    rng = np.random.default_rng(4)
    kernel = rng.normal(0, 0.4, (3, 3, 1, 2)).astype("f4")
    ending = [rng.normal(size=(13 * 13 * 2, 10)).astype("f4"), np.zeros(10, "f4")]
    shape = [None, 1, 28, 28] if first else [None, 28, 28, 1]
    order, flatten = "channels_first" if first else "channels_last", {"name": "f"}
    config: dict[str, Any] = {"name": "c", "activation": "hard_sigmoid", "batch_input_shape": shape}
    if version == "1.2.2":
        config |= {"nb_filter": 2, "nb_row": 3, "nb_col": 3, "subsample": [2, 2]}
        config |= {"border_mode": "valid", "dim_ordering": "th" if first else "tf"}
    else:
        config |= {"filters": 2, "kernel_size": [3, 3], "strides": [2, 2], "data_format": order}
        flatten |= {"data_format": order} if version == "2.2.4" else {}
    saved = kernel.transpose(3, 2, 0, 1) if version == "1.2.2" and first else kernel
    kind = "Convolution2D" if version == "1.2.2" else "Conv2D"
    made: list[Layer] = [
        ({"class_name": kind, "config": config}, "c", [saved, np.ones(2, "f4")]),
        ({"class_name": "Flatten", "config": flatten}, "f", []),
        ({"class_name": "Dense", "config": {"name": "d", "units": 10}}, "d", ending),
    ]
    described = {"class_name": "Sequential", "config": [layer for layer, _, _ in made]}
    backend = None if version == "1.2.2" else "theano" if theano else "tensorflow"
    model = read(h5(made, described, version, lambda label, n: f"{label}_{n}", backend))

    theano &= version != "1.2.2"  # which does not say it
    x = rng.random((5, 28, 28, 1), np.float32)
    done = keras.ops.conv(x, kernel[::-1, ::-1] if theano else kernel, strides=2) + 1
    done = hard_sigmoid(np.asarray(done))
    if first and version != "2.2.4":  # the one that puts the channels last before it flattens
        done = done.transpose(0, 3, 1, 2)
    sums = done.reshape(5, -1) @ ending[0]
    odds = np.exp(sums - sums.max(1, keepdims=True))
    found = model.predict_on_batch(x)
    np.testing.assert_allclose(found, odds / odds.sum(1, keepdims=True), atol=1e-5)


def test_a_graph_with_the_channels_first_answers_as_it_did():
    """Joined, normalised and pooled; the same network with the channels last has its weights."""
    keras.utils.set_random_seed(2)
    picture = keras.Input((28, 28, 1), name="in")
    both = [layers.Conv2D(2, 3, name=f"c{n}", padding="same")(picture) for n in range(2)]
    done = layers.BatchNormalization(name="b", axis=3)(layers.Concatenate(name="j", axis=3)(both))
    done = layers.MaxPooling2D(name="m")(layers.ReLU(name="r")(done))
    done = layers.GlobalAveragePooling2D(name="g")(done)
    model = keras.Model(picture, layers.Dense(10, "softmax", name="d")(done))
    model.set_weights([np.random.default_rng(1).random(one.shape) for one in model.get_weights()])

    def turn(file: h5py.File, **more: dict[str, Any]) -> None:
        description = json.loads(file.attrs["model_config"])
        for layer in description["config"]["layers"]:
            config = layer["config"]
            config |= {"axis": 1} if "axis" in config else {}
            config |= {"data_format": "channels_first"} if "data_format" in config else {}
            config |= {"batch_shape": [None, 1, 28, 28]} if "batch_shape" in config else {}
            config |= more.get(layer["name"], {})
        file.attrs["model_config"] = json.dumps(description)

    content = model_files.saved(model, "h5")
    x = PIXELS[:9].reshape(-1, 28, 28, 1)
    found = read(model_files.with_weights(content, turn)).predict_on_batch(x)
    np.testing.assert_allclose(found, model.predict_on_batch(x), atol=1e-6)
    for more in ({"b": {"axis": 3}}, {"m": {"data_format": "channels_last"}}):

        def mix(file: h5py.File, more: dict[str, Any] = more) -> None:
            turn(file, **more)

        with pytest.raises(DataError, match="Layer [bm] .* channels first"):
            read(model_files.with_weights(content, mix))


NAMES_OF_PEOPLE = (
    "层 名",
    "Ausgabe-Schicht für Ä",
    "a/b//c/",
    "../../etc/passwd",
    "_1st",
    "9 lives",
    "\u202eright to left",
    "line\nbreak\tand\x07bell",
    "x" * 3000,
    "{braces} **bold** `code`",
    "layers",
    "\N{PILE OF POO}",
)


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_layers_may_have_any_name(kind):
    """Of the file's names none reaches Keras; connections and weights are found by them."""
    picture = keras.Input((784,), name="input")
    done = picture
    for place in range(len(NAMES_OF_PEOPLE) - 1):
        done = layers.Dense(6, "tanh", name=f"l{place}")(done)
    model = keras.Model(picture, layers.Dense(10, "softmax", name=f"l{place + 1}")(done), name="m")
    names = {f"l{place}": name for place, name in enumerate(NAMES_OF_PEOPLE)}
    names |= {"input": "输入 / input", "m": "手写数字 模型"}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: renamed(one) for key, one in value.items()}
        if isinstance(value, list):
            return [renamed(one) for one in value]
        return names.get(value, value) if isinstance(value, str) else value

    content = model_files.saved(model, kind)
    if kind == "keras":
        content = model_files.with_description(content, renamed)
    else:

        def rename(file: h5py.File) -> None:
            file.attrs["model_config"] = json.dumps(renamed(json.loads(file.attrs["model_config"])))
            for old, new in names.items():
                if old in file["model_weights"] and old != "input":
                    group = file["model_weights"].pop(old)
                    arrays = [group[one][()] for one in group.attrs["weight_names"]]
                    group = file["model_weights"].create_group(new)
                    paths = [f"{new}/{one}:0" for one in NAMES]
                    group.attrs["weight_names"] = paths
                    for path, array in zip(paths, arrays, strict=True):
                        group[path] = array

        content = model_files.with_weights(content, rename)
    found = read(content)
    np.testing.assert_allclose(
        found.predict_on_batch(PIXELS[:9]), model.predict_on_batch(PIXELS[:9]), atol=1e-6
    )
    assert all(layer.name.isascii() and layer.name.isidentifier() for layer in found.layers)


def test_a_batch_of_a_fixed_size_is_left_open_and_a_shape_is_found_where_it_stands():
    model = keras.Sequential([layers.Flatten(), layers.Dense(10, "softmax")])
    model(np.zeros((32, 28, 28), "f4"))  # the only thing that tells its shape
    picture = keras.Input(batch_shape=(32, 28, 28))
    fixed = keras.Model(picture, layers.Dense(10)(layers.Flatten()(picture)))
    for one in (model, fixed):
        found = read(model_files.saved(one))
        assert found.input_shape == (None, 28, 28)
        x = PIXELS[:32].reshape(-1, 28, 28)
        ours, theirs = found.predict_on_batch(x[:7]), one.predict_on_batch(x)[:7]
        wanted = theirs if one is model else np.asarray(keras.ops.softmax(theirs))
        np.testing.assert_allclose(ours, wanted, atol=1e-6)


class Custom(keras.layers.Layer):
    def call(self, x: Any) -> Any:
        return x


def functional(*of: Any, shape: tuple[int, ...] = (28, 28, 1)) -> keras.Model:
    picture = done = keras.Input(shape)
    for one in of:
        done = one(done)
    return keras.Model(picture, layers.Dense(10, "softmax")(layers.Flatten()(done)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: functional(lambda x: keras.ops.reshape(x, (-1, 784))),
            "operation Reshape of Keras",
        ),
        (lambda: functional(lambda x: x / 255), "operation TrueDivide of Keras"),
        (lambda: functional(layers.Lambda(lambda x: x)), "a Lambda layer"),
        (lambda: functional(keras.Sequential([layers.Conv2D(2, 3)])), "a model inside the model"),
        (lambda: functional(Custom()), "from outside Keras"),
        (lambda: functional(layers.Resizing(32, 32)), "class Resizing, which cannot be"),
        (lambda: functional(layers.Conv2D(2, 3, dtype="float16")), "float16, but only float32"),
        (lambda: functional(layers.Conv2D(2, 3), shape=(32, 32, 3)), "28 × 28 pixels"),
        (
            lambda: keras.Sequential([keras.Input((784,)), layers.Dense(1, "sigmoid")]),
            "ends in sigmoid",
        ),
    ],
)
def test_a_refusal_says_the_true_reason(make, words):
    with pytest.raises(DataError) as caught:
        read(model_files.saved(make()))
    assert words in caught.value.sentence()
