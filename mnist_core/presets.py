"""Experiments worth starting with: the tutorials this laboratory grew from, and one for pens.

Each preset is a whole configuration and says what to watch for while it trains. Where a
tutorial has no validation set, or uses the test set as one, 50,000 images are for training and
10,000 for validation here: a test set that chose the model has nothing left to test.
"""

from dataclasses import dataclass

from mnist_core.architectures import CHOLLET
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
    Preset(
        key="fashion",
        label=mark("Clothes: one hidden layer of 512, 10 epochs"),
        summary=mark("The first network for digits, on MNIST's harder twin."),
        look_for=mark(
            "The same network that reads 98 % of the digits stops near 89 % of the clothes: "
            "shirts, coats and pullovers look alike. Look at its confusion matrix."
        ),
        source=mark("H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST (2017)"),
        config=TrainingConfig(
            task="fashion",
            architecture="relu-512",
            train_size=50_000,
            validation_size=10_000,
            batch_size=128,
            epochs=10,
            optimizer="rmsprop",
            learning_rate=DEFAULT_LEARNING_RATES["rmsprop"],
        ),
    ),
    Preset(
        key="imdb",
        label=mark("Film reviews: for or against, 20 epochs"),
        summary=mark("A small network tells from its words alone whether a review is for a film."),
        look_for=mark(
            "The validation loss is lowest after about four epochs and then climbs steadily, while "
            "the training accuracy goes to 100 %. Four epochs are the right number."
        ),
        source=CHOLLET,
        config=TrainingConfig(
            task="imdb",
            architecture="text-16-16",
            train_size=15_000,
            validation_size=10_000,
            batch_size=512,
            epochs=20,
            optimizer="rmsprop",
            learning_rate=DEFAULT_LEARNING_RATES["rmsprop"],
        ),
    ),
    Preset(
        key="reuters",
        label=mark("News: 46 topics, 20 epochs"),
        summary=mark("A wider network sorts short news into 46 topics."),
        look_for=mark(
            "The validation loss turns after about nine epochs. A few large topics make most of "
            "the accuracy: look at the small ones on the page Evaluate. The page Data shows, as "
            "the last step, that one-hot labels and whole numbers have the same loss."
        ),
        source=CHOLLET,
        config=TrainingConfig(
            task="reuters",
            architecture="text-64-64",
            train_size=7_982,
            validation_size=1_000,
            batch_size=512,
            epochs=20,
            optimizer="rmsprop",
            learning_rate=DEFAULT_LEARNING_RATES["rmsprop"],
        ),
    ),
    Preset(
        key="boston",
        label=mark("House prices in Boston, 100 epochs"),
        summary=mark("404 neighbourhoods, 13 numbers for each, and a price to be found."),
        look_for=mark(
            "With so few samples the curve of the validation is restless, and another seed gives "
            "another one: this is what K-fold cross-validation is for."
        ),
        source=CHOLLET,
        config=TrainingConfig(
            task="boston",
            architecture="table-64-64",
            train_size=303,
            validation_size=101,
            batch_size=16,
            epochs=100,
            optimizer="rmsprop",
            learning_rate=DEFAULT_LEARNING_RATES["rmsprop"],
        ),
    ),
    Preset(
        key="california",
        label=mark("House prices in California, 30 epochs"),
        summary=mark("The same question with forty times as many samples, and no column on race."),
        look_for=mark(
            "With 12,000 samples the validation curve is far calmer than Boston's, and stays close "
            "to the training curve."
        ),
        source=mark("R. Pace and R. Barry, Sparse spatial autoregressions (1997)"),
        config=TrainingConfig(
            task="california",
            architecture="california-64-64",
            train_size=12_512,
            validation_size=4_000,
            batch_size=64,
            epochs=30,
            optimizer="rmsprop",
            learning_rate=DEFAULT_LEARNING_RATES["rmsprop"],
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
