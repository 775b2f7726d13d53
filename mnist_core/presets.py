"""Experiments worth starting with: the tutorials this laboratory grew from, and one for pens.

Each preset is a whole configuration and says what to watch for while it trains. Where a
tutorial has no validation set, or uses the test set as one, 50,000 images are for training and
10,000 for validation here: a test set that chose the model has nothing left to test.
"""

from dataclasses import dataclass

from mnist_core.config import DEFAULT_LEARNING_RATES, TrainingConfig
from mnist_core.errors import unknown_name
from mnist_core.words import mark


@dataclass(frozen=True)
class Preset:
    """One prepared experiment.

    Attributes:
        key: Its name in an address and on the command line.
        label: A short title.
        summary: What it is, in one sentence.
        look_for: What to watch while it trains, in one or two sentences.
        source: Where the experiment comes from.
        config: All of its settings.
    """

    key: str
    label: str
    summary: str
    look_for: str
    source: str
    config: TrainingConfig


_ALL = (
    Preset(
        key="overfit-700",
        label=mark("700 digits, 2 hidden units, 1000 epochs"),
        summary=mark("A tiny network sees the same 700 digits a thousand times."),
        look_for=mark(
            "The training loss keeps falling, but after about 100 epochs the validation loss "
            "turns up: from there on the network learns its 700 digits by heart."
        ),
        source=mark("A Chinese Keras course, chapter 0201, on multilayer perceptrons and MNIST"),
        config=TrainingConfig(),
    ),
    Preset(
        key="softmax",
        label=mark("Softmax regression on raw pixels"),
        summary=mark("The simplest classifier, with pixels left as numbers from 0 to 255."),
        look_for=mark(
            "The loss starts very high and stays uneven; its source reached about 88.5 % on the "
            "test set. Run it again with pixels scaled to 0 to 1 and compare."
        ),
        source=mark("A Chinese walk-through of MNIST with Keras, its first and simplest network"),
        config=TrainingConfig(
            architecture="softmax",
            train_size=50_000,
            validation_size=10_000,
            batch_size=128,
            epochs=50,
            optimizer="rmsprop",
            learning_rate=1e-4,
            pixel_scaling="raw",
        ),
    ),
    Preset(
        key="mlp-500-500",
        label=mark("Two hidden layers of 500 on raw pixels"),
        summary=mark("The same experiment as softmax, with two hidden layers in between."),
        look_for=mark(
            "The training accuracy reaches nearly 100 % while the validation accuracy stops "
            "short of it; the source reached 97.7 % on the test set."
        ),
        source=mark("A Chinese walk-through of MNIST with Keras, its fully connected network"),
        config=TrainingConfig(
            architecture="relu-500-500",
            train_size=50_000,
            validation_size=10_000,
            batch_size=128,
            epochs=50,
            optimizer="rmsprop",
            learning_rate=1e-4,
            pixel_scaling="raw",
        ),
    ),
    Preset(
        key="tanh-200-100",
        label=mark("Tanh layers of 200 and 100, 5 epochs"),
        summary=mark("Two hidden layers with an older activation, trained with Adam."),
        look_for=mark(
            "Most of the learning happens in the first epoch. Compare the curves with those of "
            "mlp-512, which uses ReLU."
        ),
        source=mark("Tencent Cloud developer article 1039595, on digits with Keras"),
        config=TrainingConfig(
            architecture="tanh-200-100",
            train_size=50_000,
            validation_size=10_000,
            batch_size=32,
            epochs=5,
            optimizer="adam",
            learning_rate=DEFAULT_LEARNING_RATES["adam"],
        ),
    ),
    Preset(
        key="mlp-512",
        label=mark("One hidden layer of 512, 5 epochs"),
        summary=mark("The classic first network: about 98 % of unseen digits after five epochs."),
        look_for=mark(
            "The training accuracy overtakes the validation accuracy within the five epochs: "
            "that gap is where overfitting begins."
        ),
        source=mark(
            "A Chinese note on running MNIST with Keras (2020), after F. Chollet, "
            "Deep Learning with Python (2017), section 2.1"
        ),
        config=TrainingConfig(
            architecture="relu-512",
            train_size=50_000,
            validation_size=10_000,
            batch_size=128,
            epochs=5,
            optimizer="rmsprop",
            learning_rate=DEFAULT_LEARNING_RATES["rmsprop"],
        ),
    ),
    Preset(
        key="regularised",
        label=mark("Dropout, L2 and batch normalisation, 4 epochs"),
        summary=mark("A large network with three brakes against learning by heart."),
        look_for=mark(
            "The validation accuracy can lie above the training accuracy: dropout is active "
            "while the network trains and rests while it is judged."
        ),
        source=mark("A Chinese lecture on deep networks with a case study on MNIST (2021)"),
        config=TrainingConfig(
            architecture="regularised-512-512",
            train_size=50_000,
            validation_size=10_000,
            batch_size=128,
            epochs=4,
            optimizer="adam",
            learning_rate=DEFAULT_LEARNING_RATES["adam"],
        ),
    ),
    Preset(
        key="lenet",
        label=mark("Convolutional network, 10 epochs"),
        summary=mark("A network that looks at neighbouring pixels together, as pictures ask for."),
        look_for=mark(
            "Its validation accuracy passes that of every network here that takes a picture as "
            "a mere row of numbers. Each epoch takes much longer."
        ),
        source=mark("Tencent Cloud developer article 1039595, on digits with Keras"),
        config=TrainingConfig(
            architecture="lenet",
            train_size=54_000,
            validation_size=6_000,
            batch_size=128,
            epochs=10,
            optimizer="adam",
            learning_rate=DEFAULT_LEARNING_RATES["adam"],
        ),
    ),
    Preset(
        key="reads-handwriting",
        label=mark("A network that reads your handwriting, 15 epochs"),
        summary=mark(
            "A convolutional network that never meets the same digit twice: each time it is "
            "turned, slanted, stretched and inked anew."
        ),
        look_for=mark(
            "The validation accuracy stays above the training accuracy, because the validation "
            "digits are left as they are. Then draw: it reads pens that MNIST never saw."
        ),
        source=mark(
            "After P. Simard, D. Steinkraus and J. Platt, Best practices for convolutional neural "
            "networks applied to visual document analysis (2003)"
        ),
        config=TrainingConfig(
            architecture="strided",
            train_size=54_000,
            validation_size=6_000,
            batch_size=128,
            epochs=15,
            optimizer="adam",
            learning_rate=5e-4,
            augmentation="handwriting",
        ),
    ),
)

PRESETS: dict[str, Preset] = {entry.key: entry for entry in _ALL}


def preset(key: str) -> Preset:
    """Return the preset of that key.

    Raises:
        ConfigError: If there is none; the message lists the known keys.
    """
    if key not in PRESETS:
        raise unknown_name("preset", key, PRESETS)
    return PRESETS[key]
