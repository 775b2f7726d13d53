"""Reuters: topic classification of 11,228 short news texts of 1987 into 46 topics.

The classes are imbalanced: some topics have thousands of texts, others ten. Data: the
Reuters-21578 collection, downloaded by Keras.
"""

from functools import cache

from mnist_core.i18n import mark
from mnist_core.tasks.base import Dataset, Task
from mnist_core.tasks.imdb import texts_of

#: The topics by label, as in Keras's ``reuters.get_label_names``.
TOPICS = (
    "cocoa",
    "grain",
    "veg-oil",
    "earn",
    "acq",
    "wheat",
    "copper",
    "housing",
    "money-supply",
    "coffee",
    "sugar",
    "trade",
    "reserves",
    "ship",
    "cotton",
    "carcass",
    "crude",
    "nat-gas",
    "cpi",
    "money-fx",
    "interest",
    "gnp",
    "meal-feed",
    "alum",
    "oilseed",
    "gold",
    "tin",
    "strategic-metal",
    "livestock",
    "retail",
    "ipi",
    "iron-steel",
    "rubber",
    "heat",
    "jobs",
    "lei",
    "bop",
    "zinc",
    "orange",
    "pet-chem",
    "dlr",
    "gas",
    "silver",
    "wpi",
    "hog",
    "lead",
)


@cache
def load() -> Dataset:
    """Return the Reuters news, from Keras's cache or downloaded by Keras.

    As in the tutorial, the first 1,000 training texts are reserved for validation.

    Returns:
        8,982 training and 2,246 test texts with their topics.

    Raises:
        DataPendingError: The data is being downloaded, and the caller does not wait.
        DataError: The data is not in the cache and cannot be downloaded.
    """
    return texts_of("reuters", classes=len(TOPICS), validation=1_000)


REUTERS = Task(
    key="reuters",
    label=mark("News topics (Reuters)"),
    summary=mark("Classify a short news text into one of 46 topics."),
    inputs="texts",
    classes=TOPICS,
    loss="sparse_categorical_crossentropy",
    metric="accuracy",
    samples=8_982,
    test_samples=2_246,
    load=load,
    source=mark("The Reuters-21578 collection, 1987"),
    noun=mark("news item"),
    nouns=mark("news items"),
)
