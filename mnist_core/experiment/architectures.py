"""Network architectures as data, from softmax regression to convolutional networks.

Each entry lists its layers. The table does not import Keras, so pages can display it at once;
workers build the models (:mod:`mnist_core.training.networks`). Compared in order, the entries
show the effect of a hidden layer, of its width, of regularisation, of convolution and of strides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.errors import unknown_name
from mnist_core.i18n import mark
from mnist_core.tasks import TASKS, WORDS, Task
from mnist_core.tasks.base import SIDE

VECTOR = (SIDE * SIDE,)
IMAGE = (SIDE, SIDE, 1)
CLASSES = 10
TOPICS = 46
#: Columns of a table if the task is not given: the Boston data set's.
COLUMNS = 13
#: Units of each hidden layer of the network for tables.
TABLE_UNITS = 64
#: Former keys of architectures and their present keys.
RENAMED = {"california-64-64": "table-64-64"}
#: Source of the networks for texts and tables.
CHOLLET = mark(
    "A Chinese note on running MNIST with Keras (2020), after F. Chollet, "
    "Deep Learning with Python (2017), chapter 3"
)


@dataclass(frozen=True)
class Layer:
    """One layer of an architecture.

    Attributes:
        kind: The Keras class: "Dense", "Conv2D", ….
        settings: The arguments of the class.
    """

    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Architecture:
    """A network architecture.

    Attributes:
        key: Its name in a configuration and on the command line.
        label: A short title.
        summary: A short description for beginners.
        source: The book, article or course that the architecture is from.
        parameters: Number of parameters, trainable or not, as Keras counts them.
        input_shape: Shape of one sample, such as (784,) or (28, 28, 1).
        layers: The layers in order, without the input.
        inputs: The type of the samples: "images", "texts" or "table".
        classes: Number of classes; 0 for regression.
    """

    key: str
    label: str
    summary: str
    source: str
    parameters: int
    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    inputs: str = "images"
    classes: int = CLASSES

    def fits(self, task: Task) -> bool:
        """Return whether the network's inputs and outputs are those of a task."""
        return self.inputs == task.inputs and self.classes == len(task.classes)


def _layer(kind: str, **settings: Any) -> Layer:
    return Layer(kind, settings)


def _dense(units: int, activation: str | None = None, **settings: Any) -> Layer:
    return _layer("Dense", units=units, activation=activation, **settings)


def _convolution(filters: int, side: int, **settings: Any) -> Layer:
    shape = {"filters": filters, "kernel_size": side, "padding": "same"}
    return _layer("Conv2D", **shape, activation="relu", **settings)


def _for_table(columns: int) -> Architecture:
    """Return the network for tables with the given number of columns."""
    first = TABLE_UNITS * (columns + 1)
    return Architecture(
        key="table-64-64",
        label=mark("Two layers for regression, 64 each"),
        summary=mark(
            "The last layer has one unit and no activation function, so it can predict any number."
        ),
        source=CHOLLET,
        parameters=first + TABLE_UNITS * (TABLE_UNITS + 1) + TABLE_UNITS + 1,
        input_shape=(columns,),
        layers=(_dense(TABLE_UNITS, "relu"), _dense(TABLE_UNITS, "relu"), _dense(1)),
        inputs="table",
        classes=0,
    )


_ALL = (
    Architecture(
        key="relu-2",
        label=mark("Two hidden units"),
        summary=mark(
            "A hidden layer of two units: a network that trains in seconds and overfits on a "
            "small training set."
        ),
        source=mark("A Chinese Keras course, chapter 0201, on multilayer perceptrons and MNIST"),
        parameters=1_600,
        input_shape=VECTOR,
        layers=(_dense(2, "relu"), _dense(CLASSES, "softmax")),
    ),
    Architecture(
        key="softmax",
        label=mark("Softmax regression"),
        summary=mark(
            "No hidden layer: each digit has one weight for each pixel, and the network predicts "
            "the digit with the largest weighted sum."
        ),
        source=mark("A Chinese walk-through of MNIST with Keras, its first and simplest network"),
        parameters=7_850,
        input_shape=VECTOR,
        layers=(_dense(CLASSES, "softmax"),),
    ),
    Architecture(
        key="tanh-200-100",
        label=mark("Two tanh layers, 200 and 100"),
        summary=mark(
            "Two hidden layers with the activation function tanh, whose values lie between -1 "
            "and 1. All biases are initialised to 1."
        ),
        source=mark("Tencent Cloud developer article 1039595, on digits with Keras"),
        parameters=178_110,
        input_shape=VECTOR,
        layers=(
            # The source initialises all biases to 1, including those of the output layer.
            _dense(200, "tanh", bias_initializer="ones"),
            _dense(100, "tanh", bias_initializer="ones"),
            _dense(CLASSES, "softmax", bias_initializer="ones"),
        ),
    ),
    Architecture(
        key="relu-512",
        label=mark("One wide ReLU layer, 512"),
        summary=mark(
            "A single wide hidden layer: a common first network for MNIST, with about 98 % "
            "accuracy."
        ),
        source=mark(
            "A Chinese note on running MNIST with Keras (2020), after F. Chollet, "
            "Deep Learning with Python (2017), section 2.1"
        ),
        parameters=407_050,
        input_shape=VECTOR,
        layers=(_dense(512, "relu"), _dense(CLASSES, "softmax")),
    ),
    Architecture(
        key="relu-500-500",
        label=mark("Two ReLU layers, 500 each"),
        summary=mark(
            "Softmax regression with two hidden layers of 500 units, which can represent strokes "
            "and shapes."
        ),
        source=mark("A Chinese walk-through of MNIST with Keras, its fully connected network"),
        parameters=648_010,
        input_shape=VECTOR,
        layers=(_dense(500, "relu"), _dense(500, "relu"), _dense(CLASSES, "softmax")),
    ),
    Architecture(
        key="regularised-512-512",
        label=mark("Two ReLU layers, 512 each, regularised"),
        summary=mark(
            "A large network with three ways to reduce overfitting: dropout switches units off at "
            "random, L2 keeps weights small, and batch normalisation stabilises activations."
        ),
        source=mark("A Chinese lecture on deep networks with a case study on MNIST (2021)"),
        parameters=671_754,
        input_shape=VECTOR,
        layers=(
            _dense(512),
            _layer("Activation", activation="relu"),
            _layer("Dropout", rate=0.2),
            _dense(512, kernel_regularizer={"class_name": "L2", "config": {"l2": 0.001}}),
            # Before the second layer's ReLU, as in the source.
            _layer("BatchNormalization"),
            _layer("Activation", activation="relu"),
            _layer("Dropout", rate=0.2),
            _dense(CLASSES, "softmax"),
        ),
    ),
    Architecture(
        key="lenet",
        label=mark("Convolutional network"),
        summary=mark(
            "Small filters detect the same pattern at every position of the image. Very accurate, "
            "and the slowest to train."
        ),
        source=mark(
            "Tencent Cloud developer article 1039595, after the LeNet of LeCun, Bottou, Bengio "
            "and Haffner (1998)"
        ),
        parameters=484_714,
        input_shape=IMAGE,
        layers=(
            _convolution(32, 5),
            _convolution(32, 5),
            _layer("MaxPooling2D", pool_size=2),
            _layer("Dropout", rate=0.25),
            _convolution(64, 3),
            _convolution(64, 3),
            _layer("MaxPooling2D", pool_size=2),
            _layer("Dropout", rate=0.25),
            _layer("Flatten"),
            _dense(128, "relu"),
            _layer("Dropout", rate=0.5),
            _dense(CLASSES, "softmax"),
        ),
    ),
    Architecture(
        key="strided",
        label=mark("Convolutional network with strides"),
        summary=mark(
            "Two layers have a stride of two pixels, which reduces the size of the image as "
            "pooling does, with about a quarter of the arithmetic operations."
        ),
        source=mark(
            "After J. T. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, Striving for "
            "Simplicity: The All Convolutional Net (2015)"
        ),
        parameters=715_178,
        input_shape=IMAGE,
        layers=(
            _convolution(32, 5, strides=2),
            _convolution(64, 3),
            _convolution(64, 3, strides=2),
            _convolution(96, 3),
            _layer("Flatten"),
            _layer("Dropout", rate=0.4),
            _dense(128, "relu"),
            _layer("Dropout", rate=0.4),
            _dense(CLASSES, "softmax"),
        ),
    ),
    Architecture(
        key="text-16-16",
        label=mark("Two layers for binary classification, 16 each"),
        summary=mark(
            "Each of 10,000 words has 16 weights in the first layer; the output is the "
            "probability of the positive class."
        ),
        source=CHOLLET,
        parameters=160_305,
        input_shape=(WORDS,),
        layers=(_dense(16, "relu"), _dense(16, "relu"), _dense(1, "sigmoid")),
        inputs="texts",
        classes=2,
    ),
    Architecture(
        key="text-64-64",
        label=mark("Two layers for topics, 64 each"),
        summary=mark(
            "Wider layers than for two classes: 16 units are too few to distinguish 46 topics."
        ),
        source=CHOLLET,
        parameters=647_214,
        input_shape=(WORDS,),
        layers=(_dense(64, "relu"), _dense(64, "relu"), _dense(TOPICS, "softmax")),
        inputs="texts",
        classes=TOPICS,
    ),
    _for_table(COLUMNS),
)

ARCHITECTURES: dict[str, Architecture] = {entry.key: entry for entry in _ALL}


def architectures_for(task: str) -> list[str]:
    """Return the keys of the architectures that fit a task, given by its key."""
    return [entry.key for entry in _ALL if entry.fits(TASKS[task])]


def architecture(key: str, task: str | None = None) -> Architecture:
    """Return an architecture.

    Args:
        key: Key of the architecture.
        task: Key of the task, which determines the number of inputs of a network for tables.

    Raises:
        ConfigError: The key is unknown.
    """
    if key not in ARCHITECTURES:
        raise unknown_name("architecture", key, ARCHITECTURES)
    found = ARCHITECTURES[key]
    if found.inputs == "table" and task in TASKS:
        return _for_table(len(TASKS[task].columns))
    return found
