"""Fashion-MNIST: 70,000 images of clothes in the format of MNIST, harder to classify.

H. Xiao, K. Rasul and R. Vollgraf made it in 2017, when MNIST had become too easy as a benchmark.
Keras downloads the data.
"""

from functools import cache

from mnist_core.i18n import mark
from mnist_core.tasks.base import Dataset, Task
from mnist_core.tasks.keras_data import arrays_of
from mnist_core.tasks.mnist import dataset_of


@cache
def load() -> Dataset:
    """Return Fashion-MNIST, from Keras's cache or downloaded by Keras.

    Returns:
        60,000 training and 10,000 test images, uint8 (28, 28), with their labels.

    Raises:
        DataPendingError: The data is being downloaded, and the caller does not wait.
        DataError: The data is not in the cache and cannot be downloaded.
    """
    return dataset_of(arrays_of("fashion"))


FASHION = Task(
    key="fashion",
    label=mark("Clothes (Fashion-MNIST)"),
    summary=mark("Classify an image of 28 by 28 grey pixels as one of ten kinds of clothing."),
    inputs="images",
    classes=(
        mark("T-shirt"),
        mark("Trousers"),
        mark("Pullover"),
        mark("Dress"),
        mark("Coat"),
        mark("Sandal"),
        mark("Shirt"),
        mark("Sneaker"),
        mark("Bag"),
        mark("Ankle boot"),
    ),
    loss="sparse_categorical_crossentropy",
    metric="accuracy",
    samples=60_000,
    test_samples=10_000,
    load=load,
    source=mark("H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST (2017), MIT licence"),
)
