"""Labels and help texts of the hyperparameters and other settings of an experiment.

There is one entry per field of ``TrainingConfig`` in the form, and one per choice of a field.
Limits and defaults are in ``mnist_core.experiment.config``.
"""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.i18n import mark


@dataclass(frozen=True)
class Field:
    """Label and help text of a setting.

    Attributes:
        label: Name for a beginner.
        help: Effect of the setting and reasons to change it, in two or three sentences.
    """

    label: str
    help: str


FIELDS: dict[str, Field] = {
    "architecture": Field(
        mark("Network"),
        mark(
            "The model that is trained. A larger network can fit finer differences, and can also "
            "memorise more of the training set."
        ),
    ),
    "train_size": Field(
        mark("Training samples"),
        mark(
            "Size of the training set (digits, texts, rows of a table). A small set is easily "
            "memorised, which leads to overfitting; with a large set the network generalises "
            "better."
        ),
    ),
    "validation_size": Field(
        mark("Validation samples"),
        mark(
            "Samples held out from training. After each epoch they show how well the network "
            "predicts unseen data; the more samples, the less noisy the estimate."
        ),
    ),
    "epochs": Field(
        mark("Epochs"),
        mark(
            "Number of passes through the training set. With too few the network underfits; with "
            "too many it may overfit."
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
            "large, the steps overshoot and the loss may rise instead of falling."
        ),
    ),
    "momentum": Field(
        mark("Momentum"),
        mark(
            "The share of the last step that is added to the next, like a ball that keeps "
            "rolling. 0 turns momentum off. Only SGD uses it."
        ),
    ),
    "batch_size": Field(
        mark("Batch size"),
        mark(
            "Number of samples per step. Small batches give many noisy steps per epoch, large "
            "batches few and less noisy steps."
        ),
    ),
    "seed": Field(
        mark("Seed"),
        mark(
            "Seed of the random numbers for sampling, initial weights and order of the samples. "
            "The same settings and seed give the same curve; another seed shows how much of a "
            "result is chance."
        ),
    ),
    "pixel_scaling": Field(
        mark("Pixel values"),
        mark(
            "Pixels are numbers from 0 (black) to 255 (white). The usual initial weights suit "
            "values from 0 to 1; without scaling, training is less stable."
        ),
    ),
    "sampling": Field(
        mark("Sampling"),
        mark(
            "A small random sample may contain more of one class than of another. In a stratified "
            "sample each class is as frequent as in the whole data set."
        ),
    ),
    "label_noise": Field(
        mark("Label noise"),
        mark(
            "The share of the training samples that get a wrong label on purpose. Such samples can "
            "only be memorised, so overfitting starts earlier and is stronger."
        ),
    ),
    "augmentation": Field(
        mark("Data augmentation"),
        mark(
            "Changes each training image slightly and at random in every epoch, which adds "
            "variation to the training set. Training takes longer, the network overfits less and "
            "classifies drawings better."
        ),
    ),
    "patience": Field(
        mark("Patience"),
        mark("Number of epochs without a lower validation loss after which training stops."),
    ),
    "min_delta": Field(
        mark("Minimum improvement"),
        mark("Decrease of the validation loss that counts as an improvement."),
    ),
    "histograms": Field(
        mark("Weight histograms"),
        mark(
            "Records the distribution of each layer's weights in each epoch, for the page Models "
            "and TensorBoard. The curves stay the same; each epoch takes slightly longer. Of more "
            "than 1,000 epochs about 1,000 are recorded, evenly spaced."
        ),
    ),
}

STOP_EARLY = Field(
    mark("Stop early"),
    mark(
        "Ends the training when the validation loss stops falling: a common way to reduce "
        "overfitting. It also saves the time of epochs that would make the model worse."
    ),
)

SET_LABELS = {
    "all": mark("Whole data set"),
    "train": mark("Training"),
    "validation": mark("Validation"),
    "test": mark("Test"),
}
"""Labels of a data set and its parts."""

CHOICE_LABELS: dict[str, dict[str, str]] = {
    "sampling": {"random": mark("Random"), "stratified": mark("Stratified")},
    "optimizer": {"sgd": mark("SGD"), "rmsprop": mark("RMSprop"), "adam": mark("Adam")},
    "pixel_scaling": {"unit": mark("0 to 1"), "raw": mark("0 to 255")},
    "augmentation": {
        "none": mark("None"),
        "shape": mark("Geometric"),
        "handwriting": mark("Geometric + stroke width"),
    },
    "histograms": {"off": mark("Off"), "on": mark("Record each epoch")},
}
