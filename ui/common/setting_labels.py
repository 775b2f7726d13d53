"""The settings of an experiment in plain words: a label and the idea behind each.

One entry for each field of ``TrainingConfig`` that a page shows, and one for each choice in a
field. Numbers, limits and defaults are the core's (``mnist_core.experiment.config``).
"""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.i18n import mark


@dataclass(frozen=True)
class Field:
    """How a setting is called and explained.

    Attributes:
        label: Its name for a beginner.
        help: What it does and why one would change it, in two or three sentences.
    """

    label: str
    help: str


FIELDS: dict[str, Field] = {
    "architecture": Field(
        mark("Network"),
        mark(
            "The model that is trained. A larger network can fit finer differences, and can also "
            "memorise more of its training samples."
        ),
    ),
    "train_size": Field(
        mark("Training samples"),
        mark(
            "How many samples (digits, texts, rows of a table) the network is trained on. Few are "
            "easily memorised, which leads to overfitting; with many the network generalises "
            "better."
        ),
    ),
    "validation_size": Field(
        mark("Validation samples"),
        mark(
            "Samples that the network is never trained on. After each epoch they show how well it "
            "does on unseen data; the more there are, the less noisy that figure."
        ),
    ),
    "epochs": Field(
        mark("Epochs"),
        mark(
            "How many times the network sees all its training samples. Too few and it has not "
            "learned enough; too many and it may overfit."
        ),
    ),
    "optimizer": Field(
        mark("Optimizer"),
        mark(
            "The rule that turns gradients into changes of the weights. SGD takes plain steps "
            "downhill; RMSprop and Adam adapt the size of the step to each weight."
        ),
    ),
    "learning_rate": Field(
        mark("Learning rate"),
        mark(
            "The size of each step. If it is too small, training takes very long; if it is too "
            "large, the steps overshoot and the loss may grow instead of falling."
        ),
    ),
    "momentum": Field(
        mark("Momentum"),
        mark(
            "The share of the last step that is added to the next, like a ball that keeps "
            "rolling. 0 is none. Only SGD uses it."
        ),
    ),
    "batch_size": Field(
        mark("Batch size"),
        mark(
            "How many samples are used for one step. Small batches give many noisy steps in an "
            "epoch, large ones few and smooth steps."
        ),
    ),
    "seed": Field(
        mark("Seed"),
        mark(
            "Start of the random numbers: which samples are drawn, the first weights, the order. "
            "The same settings with the same seed give the same curve; another seed shows how "
            "much of a result is chance."
        ),
    ),
    "pixel_scaling": Field(
        mark("Pixel values"),
        mark(
            "Pixels are numbers from 0 (black) to 255 (white). Scaled to lie between 0 and 1 "
            "they suit the usual first weights; unscaled, training is less stable."
        ),
    ),
    "sampling": Field(
        mark("Sampling"),
        mark(
            "At random, a small set may hold more of one class than of another. Stratified, each "
            "class is as frequent as in the whole data set."
        ),
    ),
    "label_noise": Field(
        mark("Label noise"),
        mark(
            "The share of the training samples that get a wrong label on purpose. Those can only "
            "be memorised, so overfitting starts earlier and is stronger."
        ),
    ),
    "augmentation": Field(
        mark("Data augmentation"),
        mark(
            "Changes each training image a little each time it is used, so that the network sees "
            "more variation than MNIST has. Training takes longer, overfits less, and the "
            "network classifies drawings better."
        ),
    ),
    "patience": Field(
        mark("Patience"),
        mark("How many epochs without a lower validation loss pass before training stops."),
    ),
    "min_delta": Field(
        mark("Smallest improvement"),
        mark("By how much the validation loss has to fall to count as better."),
    ),
    "histograms": Field(
        mark("Weight histograms"),
        mark(
            "Keeps, for each epoch, the distribution of the weights of each layer, to be seen on "
            "the page Models and in TensorBoard. The curves stay the same; each epoch takes a "
            "little longer. Of more than 1,000 epochs about 1,000 are kept, evenly spaced."
        ),
    ),
}

STOP_EARLY = Field(
    mark("Stop early"),
    mark(
        "Ends the training once the validation loss has stopped falling. A common way to reduce "
        "overfitting: the best model is kept, and no time is spent on epochs that make it worse."
    ),
)

SET_LABELS = {
    "all": mark("Everything"),
    "train": mark("Training"),
    "validation": mark("Validation"),
    "test": mark("Test"),
}
"""The parts of a data set, and all of it."""

CHOICE_LABELS: dict[str, dict[str, str]] = {
    "sampling": {"random": mark("At random"), "stratified": mark("Stratified")},
    "optimizer": {"sgd": mark("SGD"), "rmsprop": mark("RMSprop"), "adam": mark("Adam")},
    "pixel_scaling": {"unit": mark("0 to 1"), "raw": mark("0 to 255")},
    "augmentation": {
        "none": mark("None"),
        "shape": mark("Shape"),
        "handwriting": mark("Shape and stroke width"),
    },
    "histograms": {"off": mark("Not kept"), "on": mark("Kept for each epoch")},
}
