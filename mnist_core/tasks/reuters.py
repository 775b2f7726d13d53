"""Reuters: 11,228 short news of 1987 in 46 topics, some with thousands of them, some with ten.

Data: the Reuters-21578 collection, as Keras brings it.
"""

from functools import cache

from mnist_core.i18n import mark
from mnist_core.tasks.base import Dataset, Task
from mnist_core.tasks.imdb import texts_of

#: The topics by number, as Keras's ``reuters.get_label_names`` has them.
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

    As in the tutorial the first 1,000 training news are for validation.

    Returns:
        8,982 training and 2,246 test news with their topics.

    Raises:
        DataError: If it is not in the cache and cannot be downloaded.
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
