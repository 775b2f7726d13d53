"""Presets: prepared experiments with a complete configuration.

Most presets reproduce a published tutorial. Where a tutorial has no validation set, or validates
on the test set, the preset divides the training images into 50,000 for training and 10,000 for
validation, because a test set used to choose a model gives too high an accuracy.
"""

from dataclasses import dataclass
from typing import Any

from mnist_core.errors import unknown_name
from mnist_core.experiment.architectures import CHOLLET, architectures_for
from mnist_core.experiment.config import DEFAULT_LEARNING_RATES, TrainingConfig
from mnist_core.i18n import mark
from mnist_core.tasks import TASKS, Task


@dataclass(frozen=True)
class Preset:
    """A prepared experiment.

    Attributes:
        key: Its name in an address and on the command line.
        label: A short title for beginners.
        summary: A description in one sentence.
        teaches: The subject of the experiment, in one line.
        look_for: What the learning curves show, in one or two sentences.
        then_try: A variation of the experiment, in one line.
        source: The book, article or course that the experiment is from.
        config: The settings.
    """

    key: str
    label: str
    summary: str
    teaches: str
    look_for: str
    then_try: str
    source: str
    config: TrainingConfig


def _with_default_rate(optimizer: str) -> dict[str, Any]:
    return {"optimizer": optimizer, "learning_rate": DEFAULT_LEARNING_RATES[optimizer]}


#: In the order of the pages.
_ALL = (
    Preset(
        key="overfit-700",
        label=mark("See a network overfit"),
        summary=mark("A tiny network trains on the same 700 digits a thousand times."),
        teaches=mark("What overfitting looks like, and at which epoch training should stop."),
        look_for=mark(
            "The training loss keeps falling, but after about 100 epochs the validation loss "
            "rises: from there on the network memorises its 700 training images."
        ),
        then_try=mark("Then try 7,000 training samples instead of 700."),
        source=mark("A Chinese Keras course, chapter 0201, on multilayer perceptrons and MNIST"),
        config=TrainingConfig(),
    ),
    Preset(
        key="mlp-512",
        label=mark("Train on 50,000 digits"),
        summary=mark(
            "One hidden layer of 512 units classifies about 98 % of unseen digits correctly "
            "after five epochs."
        ),
        teaches=mark("More training data reduces overfitting."),
        look_for=mark(
            "The training accuracy overtakes the validation accuracy within the five epochs: "
            "this gap is the first sign of overfitting."
        ),
        then_try=mark("Then try 20 epochs instead of 5: does the validation loss rise?"),
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
            **_with_default_rate("rmsprop"),
        ),
    ),
    Preset(
        key="regularised",
        label=mark("Reduce overfitting"),
        summary=mark(
            "A large network with three ways to reduce overfitting: dropout, L2 regularisation "
            "and batch normalisation."
        ),
        teaches=mark("Regularisation keeps the gap between training and validation small."),
        look_for=mark(
            "The validation accuracy can lie above the training accuracy: dropout is active "
            "during training and switched off for validation."
        ),
        then_try=mark("Then try 1,000 training samples: does regularisation still help?"),
        source=mark("A Chinese lecture on deep networks with a case study on MNIST (2021)"),
        config=TrainingConfig(
            architecture="regularised-512-512",
            train_size=50_000,
            validation_size=10_000,
            batch_size=128,
            epochs=4,
            **_with_default_rate("adam"),
        ),
    ),
    Preset(
        key="reads-handwriting",
        label=mark("A network for your handwriting"),
        summary=mark(
            "A convolutional network whose training digits are rotated, sheared, scaled, shifted "
            "and drawn with thicker or thinner strokes, differently in each epoch."
        ),
        teaches=mark("Data augmentation helps a network to generalise."),
        look_for=mark(
            "The validation accuracy stays above the training accuracy, because only training "
            "digits are augmented. Then draw a digit: the network generalises better to "
            "handwriting that is not from MNIST."
        ),
        then_try=mark("Then try it without data augmentation."),
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
        key="lenet",
        label=mark("A convolutional network"),
        summary=mark("A network whose filters combine neighbouring pixels of an image."),
        teaches=mark("Why convolutional networks classify images more accurately."),
        look_for=mark(
            "The validation accuracy is higher than that of all dense networks, which ignore "
            "the positions of the pixels. Each epoch takes much longer."
        ),
        then_try=mark(
            "Then compare the confusion matrix with that of a network with one hidden layer."
        ),
        source=mark("Tencent Cloud developer article 1039595, on digits with Keras"),
        config=TrainingConfig(
            architecture="lenet",
            train_size=54_000,
            validation_size=6_000,
            batch_size=128,
            epochs=10,
            **_with_default_rate("adam"),
        ),
    ),
    Preset(
        key="softmax",
        label=mark("The simplest network"),
        summary=mark("Softmax regression: no hidden layer, and pixels as numbers from 0 to 255."),
        teaches=mark("The accuracy without hidden layers, and the reason for scaling inputs."),
        look_for=mark(
            "The loss starts very high and stays noisy; the source reports an accuracy of about "
            "88.5 % on the test set. Train again with pixels scaled to 0 to 1 and compare."
        ),
        then_try=mark("Then try pixels scaled to 0 to 1."),
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
        label=mark("Add two hidden layers"),
        summary=mark("The simplest network with two hidden layers of 500 units added."),
        teaches=mark("Hidden layers increase the accuracy."),
        look_for=mark(
            "The training accuracy reaches nearly 100 % while the validation accuracy stays "
            "below it; the source reports an accuracy of 97.7 % on the test set."
        ),
        then_try=mark("Then try 10 epochs: is the validation accuracy lower?"),
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
        label=mark("Another activation function"),
        summary=mark(
            "Two hidden layers with tanh, an older activation function, trained with Adam."
        ),
        teaches=mark("How the activation function and the optimizer affect training."),
        look_for=mark(
            "Most of the improvement comes in the first epoch. Compare the curves with those of "
            "“Train on 50,000 digits”, whose network uses ReLU."
        ),
        then_try=mark("Then try SGD as the optimizer."),
        source=mark("Tencent Cloud developer article 1039595, on digits with Keras"),
        config=TrainingConfig(
            architecture="tanh-200-100",
            train_size=50_000,
            validation_size=10_000,
            batch_size=32,
            epochs=5,
            **_with_default_rate("adam"),
        ),
    ),
    Preset(
        key="imdb",
        label=mark("Film reviews: positive or negative"),
        summary=mark("A small network predicts from its words whether a review is positive."),
        teaches=mark("Binary classification of texts; overfitting after a few epochs."),
        look_for=mark(
            "The validation loss is lowest after about four epochs and then rises steadily, "
            "while the training accuracy approaches 100 %. Four epochs are enough."
        ),
        then_try=mark("Then try 4 epochs instead of 20."),
        source=CHOLLET,
        config=TrainingConfig(
            task="imdb",
            architecture="text-16-16",
            train_size=15_000,
            validation_size=10_000,
            batch_size=512,
            epochs=20,
            **_with_default_rate("rmsprop"),
        ),
    ),
    Preset(
        key="reuters",
        label=mark("News: 46 topics"),
        summary=mark("A wider network classifies short news texts into 46 topics."),
        teaches=mark("Many classes, some of them rare."),
        look_for=mark(
            "The validation loss rises after about nine epochs. A few frequent topics account for "
            "most of the accuracy: compare the rare topics on the page Evaluate. The page Data "
            "shows that one-hot labels and integer labels have the same loss."
        ),
        then_try=mark("Then try 9 epochs, and look at the rare topics on the page Evaluate."),
        source=CHOLLET,
        config=TrainingConfig(
            task="reuters",
            architecture="text-64-64",
            train_size=7_982,
            validation_size=1_000,
            batch_size=512,
            epochs=20,
            **_with_default_rate("rmsprop"),
        ),
    ),
    Preset(
        key="boston",
        label=mark("House prices in Boston"),
        summary=mark("A network predicts house prices from 13 features of 404 neighbourhoods."),
        teaches=mark("Regression; with few samples the validation loss is noisy."),
        look_for=mark(
            "With only 101 validation samples the validation curve is noisy and depends on the "
            "seed. K-fold cross-validation averages over several validation sets."
        ),
        then_try=mark("Then try K-fold cross-validation on the page Cross-validate."),
        source=CHOLLET,
        config=TrainingConfig(
            task="boston",
            architecture="table-64-64",
            train_size=303,
            validation_size=101,
            batch_size=16,
            epochs=100,
            **_with_default_rate("rmsprop"),
        ),
    ),
    Preset(
        key="california",
        label=mark("House prices in California"),
        summary=mark(
            "A network predicts house prices, with forty times as many samples as in Boston and "
            "no feature based on race."
        ),
        teaches=mark("More samples make validation more reliable."),
        look_for=mark(
            "With 12,000 samples the validation curve is far less noisy than Boston's, and "
            "stays close to the training curve."
        ),
        then_try=mark("Then compare its validation curve with Boston's."),
        source=mark("R. Pace and R. Barry, Sparse spatial autoregressions (1997)"),
        config=TrainingConfig(
            task="california",
            architecture="table-64-64",
            train_size=12_512,
            validation_size=4_000,
            batch_size=64,
            epochs=30,
            **_with_default_rate("rmsprop"),
        ),
    ),
    Preset(
        key="fashion",
        label=mark("Clothes instead of digits"),
        summary=mark(
            "The network with one hidden layer of 512 units, on images that are harder to "
            "classify than digits."
        ),
        teaches=mark("The accuracy depends on the data as well as on the network."),
        look_for=mark(
            "The network that classifies 98 % of the digits correctly reaches about 89 % on "
            "clothes. The confusion matrix shows which clothes look alike: shirts, coats and "
            "pullovers."
        ),
        then_try=mark("Then try a convolutional network."),
        source=mark("H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST (2017)"),
        config=TrainingConfig(
            task="fashion",
            architecture="relu-512",
            train_size=50_000,
            validation_size=10_000,
            batch_size=128,
            epochs=10,
            **_with_default_rate("rmsprop"),
        ),
    ),
)


def first_experiment(entry: Task) -> Preset:
    """Return a preset for a task without one, with a quarter of the samples for validation."""
    validation = entry.samples // 4
    return Preset(
        key=entry.key,
        label=entry.label,
        summary=entry.summary,
        teaches=mark("Training and testing a network."),
        look_for=mark(
            "Find the epoch with the lowest validation loss: after it the network memorises its "
            "training samples."
        ),
        then_try=mark("Then compare its predictions with the test set on the page Evaluate."),
        source=entry.source,
        config=TrainingConfig(
            task=entry.key,
            architecture=architectures_for(entry.key)[0],
            train_size=entry.samples - validation,
            validation_size=validation,
            batch_size=16,
            epochs=100,
            **_with_default_rate("rmsprop"),
        ),
    )


_TASKS_WITH_PRESET = {entry.config.task for entry in _ALL}
PRESETS: dict[str, Preset] = {
    entry.key: entry
    for entry in (
        *_ALL,
        *(
            first_experiment(entry)
            for entry in TASKS.values()
            if entry.key not in _TASKS_WITH_PRESET
        ),
    )
}


def preset(key: str) -> Preset:
    """Return a preset.

    Args:
        key: Key of the preset.

    Raises:
        ConfigError: The key is unknown.
    """
    if key not in PRESETS:
        raise unknown_name("preset", key, PRESETS)
    return PRESETS[key]
