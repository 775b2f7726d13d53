"""Layers as lines of code: what comes out builds the same model again."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from mnist_core.errors import DataError
from mnist_core.transfer.code.layers import call, code_of, model_lines, object_code


def built(model: keras.Model) -> keras.Model:
    scope: dict = {"keras": keras, "layers": layers}
    exec(f"def build():\n{model_lines(model)}", scope)
    return scope["build"]()


def described(model: keras.Model) -> list[dict]:
    return [layer.get_config() | {"name": type(layer).__name__} for layer in model.layers]


#: A layer, and how its author would write it.
LAYERS = {
    'layers.Dense(3, activation="relu")': lambda: layers.Dense(3, activation="relu"),
    "layers.Dense(3)": lambda: layers.Dense(3, name="dense_17"),
    'layers.Dense(3, name="mine")': lambda: layers.Dense(3, name="mine"),
    "layers.Dropout(0.3, seed=4)": lambda: layers.Dropout(0.3, seed=4),
    'layers.Dense(3, bias_initializer="ones", bias_constraint="non_neg")': lambda: layers.Dense(
        3, bias_initializer="ones", bias_constraint="non_neg"
    ),
    "layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))": (
        lambda: layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))
    ),
    "layers.Dense(3, kernel_regularizer=keras.regularizers.L1(l1=0.001))": (
        lambda: layers.Dense(3, kernel_regularizer=keras.regularizers.L1(0.001))
    ),
    "layers.BatchNormalization(momentum=0.9)": lambda: layers.BatchNormalization(momentum=0.9),
    "layers.LeakyReLU(negative_slope=0.2)": lambda: layers.LeakyReLU(0.2),
    "layers.Dense(3, trainable=False)": lambda: layers.Dense(3, trainable=False),
}


@pytest.mark.parametrize("code", LAYERS)
def test_a_layer_is_written_as_its_author_would(code):
    model = keras.Sequential([keras.Input((5,)), LAYERS[code](), layers.Dense(2)])
    assert object_code(model.layers[0]) == code
    assert described(built(model)) == described(model)


def test_a_graph_of_layers_is_written_line_by_line():
    taken = keras.Input((8, 8, 1))
    left = layers.Conv2D(4, 3, padding="same", activation="relu")(taken)
    joined = layers.Concatenate(axis=-1)([left, layers.Conv2D(2, 1, padding="same")(taken)])
    answer = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(joined))
    model = keras.Model(taken, answer, name="two-ways")
    again = built(model)
    again.set_weights(model.get_weights())
    assert again.name == "two-ways"
    x = np.random.default_rng(1).random((4, 8, 8, 1), np.float32)
    np.testing.assert_array_equal(again(x), model(x))


class Mine(layers.Layer):
    """No layer of Keras."""


@pytest.mark.parametrize(
    "model",
    [
        lambda: keras.Sequential([keras.Input((4,)), Mine()]),
        lambda: keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x)]),
        lambda: keras.Model(taken := keras.Input((4,)), layers.Dense(2)(taken + 1)),
    ],
    ids=["custom", "lambda", "operation"],
)
def test_what_cannot_be_written_is_said(model):
    with pytest.raises(DataError, match=r"no code that builds it\. Choose a format"):
        model_lines(model())


def test_a_long_call_is_broken_as_formatters_break_it():
    assert call("f", ["a", "b=1"]) == "f(a, b=1)"
    middle = ["x" * 40, "y" * 40, "z=1"]
    assert call("f" * 20, middle, 8) == (
        f"{'f' * 20}(\n            {middle[0]}, {middle[1]}, z=1\n        )"
    )
    long = ["x" * 50, "y" * 50]
    assert call("f", long, 4) == f"f(\n        {long[0]},\n        {long[1]},\n    )"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0.5, "0.5"),
        ("a “b”\n", '"a “b”\\n"'),
        (float(np.float32(0.001)), "0.001"),
        (1 / 3, "0.3333333333333333"),
        ((5, 5), "(5, 5)"),
        ((784,), "(784,)"),
        ([None, True, 2], "[None, True, 2]"),
    ],
)
def test_a_value_is_written_as_a_person_would(value, code):
    assert code_of(value) == code
    assert np.float32(eval(code)) == np.float32(value) if isinstance(value, float) else True
