"""Fashion-MNIST: MNIST's harder twin, 70,000 pictures of clothes in the same form.

Made by H. Xiao, K. Rasul and R. Vollgraf (2017) because MNIST had become too easy: whatever trains
on the one trains on the other. The data comes from Keras.
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
        DataError: If it is not in the cache and cannot be downloaded.
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
