"""IMDB: sentiment analysis of 50,000 film reviews, positive or negative.

A small network on multi-hot vectors of 10,000 words classifies seven of eight reviews correctly
and overfits after a few epochs. Data: A. Maas et al., Learning word vectors for sentiment analysis
(2011), downloaded by Keras.
"""

from functools import cache

from mnist_core.i18n import mark
from mnist_core.tasks.base import Dataset, Task
from mnist_core.tasks.keras_data import arrays_of
from mnist_core.tasks.text_data import Texts


@cache
def load() -> Dataset:
    """Return IMDB's reviews, from Keras's cache or downloaded by Keras.

    As in the tutorial, the first 10,000 training reviews are reserved for validation.

    Returns:
        25,000 training and 25,000 test reviews; label 1 is positive.

    Raises:
        DataPendingError: The data is being downloaded, and the caller does not wait.
        DataError: The data is not in the cache and cannot be downloaded.
    """
    return texts_of("imdb", classes=2, validation=10_000)


def texts_of(name: str, *, classes: int, validation: int) -> Dataset:
    """Return one of Keras's data sets of texts.

    Args:
        name: "imdb" or "reuters".
        classes: Number of classes.
        validation: Number of texts, from the first, reserved for validation.
    """
    arrays = arrays_of(name)
    return Dataset(
        x_train=Texts(arrays["train_words"], arrays["train_ends"]),
        y_train=arrays["y_train"],
        x_test=Texts(arrays["test_words"], arrays["test_ends"]),
        y_test=arrays["y_test"],
        classes=classes,
        validation_pool=(0, validation),
        vocabulary=tuple(map(str, arrays["vocabulary"])),
    )


IMDB = Task(
    key="imdb",
    label=mark("Film reviews (IMDB)"),
    summary=mark("Classify a film review as positive or negative."),
    inputs="texts",
    classes=("against", "for"),
    class_labels=(mark("negative"), mark("positive")),
    loss="binary_crossentropy",
    metric="accuracy",
    samples=25_000,
    test_samples=25_000,
    load=load,
    source=mark("A. Maas and others, Learning word vectors for sentiment analysis (2011)"),
    noun=mark("review"),
    nouns=mark("reviews"),
)
