"""Networks as data: a table of names, from the smallest that overfits to a convolutional one.

Each entry says what it is and builds itself on demand. The table can be read without Keras, so
a page lists the architectures at once and only a worker that trains pays for the import.
Reading the entries in order is a short course: what a hidden layer adds, what width adds,
what regularisation does, what convolution does with far fewer connections, and what is saved by
looking at every second place only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_core.errors import unknown_name
from mnist_core.i18n import mark
from mnist_core.tasks.base import SIDE
from mnist_core.tasks.text_data import WORDS

if TYPE_CHECKING:
    import keras

VECTOR = (SIDE * SIDE,)
IMAGE = (SIDE, SIDE, 1)
CLASSES = 10
#: Tasks with pictures of 28 by 28 pixels and ten classes; each of their networks fits them all.
PICTURES = ("mnist", "fashion")
TOPICS = 46
BOSTON_COLUMNS, CALIFORNIA_COLUMNS = 13, 8
#: Where the networks for texts and tables come from.
CHOLLET = mark(
    "A Chinese note on running MNIST with Keras (2020), after F. Chollet, "
    "Deep Learning with Python (2017), chapter 3"
)


@dataclass(frozen=True)
class Architecture:
    """One entry of the table.

    Attributes:
        key: Its name in a configuration and on the command line.
        label: A short title.
        summary: One sentence that a beginner understands.
        source: Where the architecture comes from.
        parameters: Numbers in the model, trainable or not, as Keras counts them.
        input_shape: Shape of one sample, such as (784,) or (28, 28, 1).
        tasks: Keys of the tasks that it fits.
        build: Returns a new, uncompiled, built model. Its weights are drawn from Keras's
            global seed, which the caller sets. Imports Keras when called.
    """

    key: str
    label: str
    summary: str
    source: str
    parameters: int
    input_shape: tuple[int, ...]
    build: Callable[[], keras.Model]
    tasks: tuple[str, ...] = PICTURES


def _relu_2() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(VECTOR),
            layers.Dense(2, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="relu-2",
    )


def _softmax() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [keras.Input(VECTOR), layers.Dense(CLASSES, activation="softmax")], name="softmax"
    )


def _tanh_200_100() -> keras.Model:
    import keras
    from keras import layers

    # The source starts every bias at one, the output layer's too.
    return keras.Sequential(
        [
            keras.Input(VECTOR),
            layers.Dense(200, activation="tanh", bias_initializer="ones"),
            layers.Dense(100, activation="tanh", bias_initializer="ones"),
            layers.Dense(CLASSES, activation="softmax", bias_initializer="ones"),
        ],
        name="tanh-200-100",
    )


def _relu_512() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(VECTOR),
            layers.Dense(512, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="relu-512",
    )


def _relu_500_500() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(VECTOR),
            layers.Dense(500, activation="relu"),
            layers.Dense(500, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="relu-500-500",
    )


def _regularised_512_512() -> keras.Model:
    import keras
    from keras import layers

    # Batch normalisation stands between the second layer's sum and its ReLU, as in the source.
    return keras.Sequential(
        [
            keras.Input(VECTOR),
            layers.Dense(512),
            layers.Activation("relu"),
            layers.Dropout(0.2),
            layers.Dense(512, kernel_regularizer=keras.regularizers.L2(0.001)),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.2),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="regularised-512-512",
    )


def _lenet() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.Conv2D(32, 5, padding="same", activation="relu"),
            layers.Conv2D(32, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="lenet",
    )


def _strided() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.Conv2D(32, 5, strides=2, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(96, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(CLASSES, activation="softmax"),
        ],
        name="strided",
    )


def _text_16_16() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((WORDS,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="text-16-16",
    )


def _text_64_64() -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((WORDS,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(TOPICS, activation="softmax"),
        ],
        name="text-64-64",
    )


def _table(columns: int, name: str) -> keras.Model:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((columns,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ],
        name=name,
    )


_ALL = (
    Architecture(
        key="relu-2",
        label=mark("Two hidden units"),
        summary=mark(
            "All information about an image passes through two numbers: a network small enough "
            "to watch it learn and, on few digits, overfit."
        ),
        source=mark("A Chinese Keras course, chapter 0201, on multilayer perceptrons and MNIST"),
        parameters=1_600,
        input_shape=VECTOR,
        build=_relu_2,
    ),
    Architecture(
        key="softmax",
        label=mark("Softmax regression"),
        summary=mark(
            "No hidden layer: each digit has one weight for each pixel, and the digit with the "
            "largest weighted sum wins."
        ),
        source=mark("A Chinese walk-through of MNIST with Keras, its first and simplest network"),
        parameters=7_850,
        input_shape=VECTOR,
        build=_softmax,
    ),
    Architecture(
        key="tanh-200-100",
        label=mark("Two tanh layers, 200 and 100"),
        summary=mark(
            "Two hidden layers whose units answer between -1 and 1 and all start out tilted "
            "to one side, because their biases begin at one."
        ),
        source=mark("Tencent Cloud developer article 1039595, on digits with Keras"),
        parameters=178_110,
        input_shape=VECTOR,
        build=_tanh_200_100,
    ),
    Architecture(
        key="relu-512",
        label=mark("One wide ReLU layer, 512"),
        summary=mark(
            "A single wide hidden layer: the usual first network for digits, and already a "
            "good one."
        ),
        source=mark(
            "A Chinese note on running MNIST with Keras (2020), after F. Chollet, "
            "Deep Learning with Python (2017), section 2.1"
        ),
        parameters=407_050,
        input_shape=VECTOR,
        build=_relu_512,
    ),
    Architecture(
        key="relu-500-500",
        label=mark("Two ReLU layers, 500 each"),
        summary=mark(
            "Two hidden layers of 500 units: softmax regression with room in between to find "
            "strokes and shapes."
        ),
        source=mark("A Chinese walk-through of MNIST with Keras, its fully connected network"),
        parameters=648_010,
        input_shape=VECTOR,
        build=_relu_500_500,
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
        build=_regularised_512_512,
    ),
    Architecture(
        key="lenet",
        label=mark("Convolutional network"),
        summary=mark(
            "Small filters slide over the picture and look for the same stroke everywhere; "
            "very accurate, and the slowest to train."
        ),
        source=mark(
            "Tencent Cloud developer article 1039595, after the LeNet of LeCun, Bottou, Bengio "
            "and Haffner (1998)"
        ),
        parameters=484_714,
        input_shape=IMAGE,
        build=_lenet,
    ),
    Architecture(
        key="strided",
        label=mark("Convolutional network with strides"),
        summary=mark(
            "Two of its layers move their filters two pixels at a time. That makes the picture "
            "smaller, as pooling does, with about a quarter of the arithmetic of the network "
            "before."
        ),
        source=mark(
            "After J. T. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, Striving for "
            "Simplicity: The All Convolutional Net (2015)"
        ),
        parameters=715_178,
        input_shape=IMAGE,
        build=_strided,
    ),
    Architecture(
        key="text-16-16",
        label=mark("Two small layers, 16 each"),
        summary=mark(
            "Each of 10,000 words has 16 weights; what they add up to becomes one probability."
        ),
        source=CHOLLET,
        parameters=160_305,
        input_shape=(WORDS,),
        build=_text_16_16,
        tasks=("imdb",),
    ),
    Architecture(
        key="text-64-64",
        label=mark("Two layers for topics, 64 each"),
        summary=mark(
            "Wider than the one for yes or no: 46 topics would not pass through 16 numbers."
        ),
        source=CHOLLET,
        parameters=647_214,
        input_shape=(WORDS,),
        build=_text_64_64,
        tasks=("reuters",),
    ),
    Architecture(
        key="table-64-64",
        label=mark("Two layers for a price, 64 each"),
        summary=mark(
            "The last layer has one unit and no activation: it may answer with any number."
        ),
        source=CHOLLET,
        parameters=5_121,
        input_shape=(BOSTON_COLUMNS,),
        build=lambda: _table(BOSTON_COLUMNS, "table-64-64"),
        tasks=("boston",),
    ),
    Architecture(
        key="california-64-64",
        label=mark("Two layers for California, 64 each"),
        summary=mark("The same network, for the eight columns of California's table."),
        source=CHOLLET,
        parameters=4_801,
        input_shape=(CALIFORNIA_COLUMNS,),
        build=lambda: _table(CALIFORNIA_COLUMNS, "california-64-64"),
        tasks=("california",),
    ),
)

ARCHITECTURES: dict[str, Architecture] = {entry.key: entry for entry in _ALL}


def architectures_for(task: str) -> list[str]:
    """Keys of the architectures that fit a task."""
    return [entry.key for entry in _ALL if task in entry.tasks]


def architecture(key: str) -> Architecture:
    """Return the architecture of that key.

    Raises:
        ConfigError: If there is none; the message lists the known keys.
    """
    if key not in ARCHITECTURES:
        raise unknown_name("architecture", key, ARCHITECTURES)
    return ARCHITECTURES[key]
