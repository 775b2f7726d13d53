import subprocess
import sys

import numpy as np
import pytest

from mnist_core.errors import ConfigError
from mnist_core.experiment.architectures import ARCHITECTURES, architecture, architectures_for
from mnist_core.tasks import TASKS, task
from mnist_core.training.networks import build_network

# One line for each layer: its kind and what decides it.
LAYERS = {
    "relu-2": ["dense 2 relu zeros", "dense 10 softmax zeros"],
    "softmax": ["dense 10 softmax zeros"],
    "tanh-200-100": ["dense 200 tanh ones", "dense 100 tanh ones", "dense 10 softmax ones"],
    "relu-512": ["dense 512 relu zeros", "dense 10 softmax zeros"],
    "relu-500-500": ["dense 500 relu zeros", "dense 500 relu zeros", "dense 10 softmax zeros"],
    "regularised-512-512": [
        "dense 512 linear zeros",
        "activation relu",
        "dropout 0.2",
        "dense 512 linear zeros l2 0.001",
        "batchnormalization",
        "activation relu",
        "dropout 0.2",
        "dense 10 softmax zeros",
    ],
    "lenet": [
        "conv2d 32 (5, 5) (1, 1) same relu",
        "conv2d 32 (5, 5) (1, 1) same relu",
        "maxpooling2d (2, 2) (2, 2)",
        "dropout 0.25",
        "conv2d 64 (3, 3) (1, 1) same relu",
        "conv2d 64 (3, 3) (1, 1) same relu",
        "maxpooling2d (2, 2) (2, 2)",
        "dropout 0.25",
        "flatten",
        "dense 128 relu zeros",
        "dropout 0.5",
        "dense 10 softmax zeros",
    ],
    "strided": [
        "conv2d 32 (5, 5) (2, 2) same relu",
        "conv2d 64 (3, 3) (1, 1) same relu",
        "conv2d 64 (3, 3) (2, 2) same relu",
        "conv2d 96 (3, 3) (1, 1) same relu",
        "flatten",
        "dropout 0.4",
        "dense 128 relu zeros",
        "dropout 0.4",
        "dense 10 softmax zeros",
    ],
    "text-16-16": ["dense 16 relu zeros", "dense 16 relu zeros", "dense 1 sigmoid zeros"],
    "text-64-64": ["dense 64 relu zeros", "dense 64 relu zeros", "dense 46 softmax zeros"],
    "table-64-64": ["dense 64 relu zeros", "dense 64 relu zeros", "dense 1 linear zeros"],
}
PARAMETERS = {
    "relu-2": 1_600,
    "softmax": 7_850,
    "tanh-200-100": 178_110,
    "relu-512": 407_050,
    "relu-500-500": 648_010,
    "regularised-512-512": 671_754,
    "lenet": 484_714,
    "strided": 715_178,
    "text-16-16": 160_305,
    "text-64-64": 647_214,
    "table-64-64": 5_121,
}


def described(layer) -> str:
    kind = type(layer).__name__
    settings = layer.get_config()
    match kind:
        case "Dense":
            words = [settings["units"], settings["activation"]]
            words.append(settings["bias_initializer"]["class_name"].lower())
            if layer.kernel_regularizer is not None:
                words += ["l2", round(float(layer.kernel_regularizer.l2), 9)]
        case "Conv2D":
            words = [settings[name] for name in ("filters", "kernel_size", "strides")]
            words += [settings["padding"], settings["activation"]]
        case "MaxPooling2D":
            words = [settings["pool_size"], settings["strides"]]
        case "Dropout":
            words = [settings["rate"]]
        case "Activation":
            words = [settings["activation"]]
        case _:
            words = []
    return " ".join([kind.lower(), *map(str, words)])


def test_the_architectures_in_their_order():
    assert list(ARCHITECTURES) == list(LAYERS)


@pytest.mark.parametrize("key", LAYERS)
def test_an_architecture_builds_the_network_of_its_source(key):
    entry = architecture(key)
    model = build_network(entry.key)
    assert [described(layer) for layer in model.layers] == LAYERS[key]
    assert entry.parameters == model.count_params() == PARAMETERS[key]
    assert model.input_shape == (None, *entry.input_shape)
    for known in filter(entry.fits, TASKS.values()):
        # Two classes need one probability only, and a price is one number.
        outputs = len(known.classes) if len(known.classes) > 2 else 1
        assert model.output_shape == (None, outputs)
    assert model.built
    assert not model.compiled
    assert model.name == entry.key == key


def test_a_network_for_tables_takes_as_many_columns_as_a_table_has():
    for known in (task("boston"), task("california")):
        entry = architecture("table-64-64", known.key)
        model = build_network(entry.key, known.key)
        assert model.input_shape == (None, len(known.columns)) == (None, *entry.input_shape)
        assert entry.parameters == model.count_params()


def test_every_task_has_a_network_and_every_network_a_task():
    fitting = {key: architectures_for(key) for key in TASKS}
    assert all(fitting.values())
    assert set().union(*fitting.values()) == set(ARCHITECTURES)
    assert fitting["boston"] == fitting["california"] == ["table-64-64"]


def multiplications(key: str) -> int:
    """Of one picture's way through a convolutional network."""
    total = 0
    for layer in build_network(key).layers:
        if "kernel" in {weight.name for weight in layer.weights}:
            places = layer.output.shape[1:-1] if type(layer).__name__ == "Conv2D" else ()
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(places))
    return total


def test_strides_leave_a_quarter_of_the_arithmetic_as_the_summary_says():
    assert multiplications("strided") / multiplications("lenet") == pytest.approx(0.25, abs=0.04)


def test_each_build_is_a_new_model_drawn_from_the_global_seed():
    import keras

    first, again, other = [], [], []
    for weights, seed in ((first, 3), (again, 3), (other, 4)):
        keras.utils.set_random_seed(seed)
        weights.append(build_network("relu-2").get_weights()[0])
    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("key", LAYERS)
def test_an_architecture_says_what_it_is(key):
    entry = architecture(key)
    assert entry.label
    assert entry.source
    assert entry.summary.endswith(".")


def test_an_unknown_architecture_is_met_with_the_known_ones():
    with pytest.raises(ConfigError) as raised:
        architecture("x")
    assert raised.value.values["field"] == "architecture"
    assert raised.value.values["names"] == ", ".join(ARCHITECTURES)


def test_the_tables_are_read_without_keras_and_without_tensorflow():
    script = (
        "import sys, mnist_core.experiment.presets, mnist_core.evaluation.overfitting\n"
        "from mnist_core.experiment.architectures import ARCHITECTURES\n"
        "from mnist_core.tasks import TASKS\n"
        "print(sorted({'keras', 'tensorflow', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
