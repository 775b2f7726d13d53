"""The settings of an experiment in plain words: a label and the idea behind each.

One entry for each field of ``TrainingConfig`` that a page shows, and one for each choice in a
field. Numbers, limits and defaults are the core's (``mnist_core.config``).
"""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.words import mark


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
            "What learns. A larger network can tell finer differences, and can also learn more "
            "of its training samples by heart."
        ),
    ),
    "train_size": Field(
        mark("Training samples"),
        mark(
            "How many samples (digits, texts, houses) the network learns from. Few are easily "
            "learned by heart, which is how overfitting is provoked; many make it general."
        ),
    ),
    "validation_size": Field(
        mark("Validation samples"),
        mark(
            "Samples that the network never learns from. After each epoch they show how well it "
            "does on what it has not seen; the more there are, the steadier that figure."
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
            "The rule that turns errors into changes of the network's weights. SGD takes plain "
            "steps downhill; RMSprop and Adam fit the size of the step to each weight."
        ),
    ),
    "learning_rate": Field(
        mark("Learning rate"),
        mark(
            "The size of each step. Too small, and learning takes for ever; too large, and it "
            "jumps over the good values and the loss may grow without end."
        ),
    ),
    "momentum": Field(
        mark("Momentum"),
        mark(
            "The share of the last step that is carried into the next, like a ball that keeps "
            "rolling. 0 is none. Only SGD takes it."
        ),
    ),
    "batch_size": Field(
        mark("Batch size"),
        mark(
            "How many samples are looked at for one step. Small batches take many uneven steps "
            "in an epoch, large ones few and smooth ones."
        ),
    ),
    "seed": Field(
        mark("Seed"),
        mark(
            "The start of all chance: which samples are drawn, the first weights, the order. The "
            "same settings with the same seed give the same curve; another seed shows how much "
            "of a result is luck."
        ),
    ),
    "pixel_scaling": Field(
        mark("Pixel values"),
        mark(
            "Pixels are numbers from 0 (black) to 255 (white). Scaled to lie between 0 and 1 "
            "they suit the usual first weights; left as they are, learning is rougher."
        ),
    ),
    "sampling": Field(
        mark("Choice of samples"),
        mark(
            "At random, a small set may hold more of one class than of another. In proportion, "
            "each class is as frequent as in the whole collection."
        ),
    ),
    "label_noise": Field(
        mark("Wrong labels"),
        mark(
            "The share of the training samples that get a wrong label on purpose. Those can "
            "only be learned by heart, so overfitting comes sooner and shows more."
        ),
    ),
    "augmentation": Field(
        mark("Variations of the pictures"),
        mark(
            "Changes each training image a little each time that it comes round, so that the "
            "network meets more hands than MNIST has. It takes longer to learn, overfits less, "
            "and reads drawings better."
        ),
    ),
    "patience": Field(
        mark("Patience"),
        mark("How many epochs without a better validation loss are waited for before stopping."),
    ),
    "min_delta": Field(
        mark("Smallest improvement"),
        mark("By how much the validation loss has to fall to count as better."),
    ),
    "histograms": Field(
        mark("Weight histograms"),
        mark(
            "Keeps, epoch by epoch, how the weights of each layer are spread, so that you can see "
            "them move while the network learns: here and in TensorBoard. The curves stay the "
            "same; each epoch takes a little longer. Of more than 1,000 epochs it keeps about "
            "1,000, evenly spaced."
        ),
    ),
}

STOP_EARLY = Field(
    mark("Stop early"),
    mark(
        "Ends the training by itself once the validation loss has stopped falling. A common cure "
        "for overfitting: the best model is kept, and no time is spent on making it worse."
    ),
)

CHOICE_LABELS: dict[str, dict[str, str]] = {
    "sampling": {"random": mark("At random"), "stratified": mark("In proportion")},
    "optimizer": {"sgd": mark("SGD"), "rmsprop": mark("RMSprop"), "adam": mark("Adam")},
    "pixel_scaling": {"unit": mark("0 to 1"), "raw": mark("0 to 255")},
    "augmentation": {
        "none": mark("None"),
        "shape": mark("Form"),
        "handwriting": mark("Form and strokes"),
    },
    "histograms": {"off": mark("Not kept"), "on": mark("Kept for each epoch")},
}
