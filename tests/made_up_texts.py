"""Generated reviews and news, in the compact format in which the lab stores Keras's data.

Keras's own files have 20 MB and may have to be downloaded. There are as many texts as in the real
data sets, but short; a network can learn them, since each class has characteristic words.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnist_core.tasks import WORDS, keras_data, task
from mnist_core.tasks.text_data import BEGIN, FIRST_WORD

#: Number of words in each text, and how many of them are characteristic of its class.
LENGTH = 12
TELLING = 4
#: Number of characteristic words of each class, and the first word number.
OWN_WORDS, OWN_FROM = 20, 100


def write(home: Path, name: str) -> Path:
    """Write a data set, "imdb" or "reuters", to where a lab with this home looks for it."""
    entry = task(name)
    generator = np.random.default_rng(1)
    arrays = {"vocabulary": np.array([""] * FIRST_WORD + [f"word{n}" for n in range(3, WORDS)])}
    for part, count in (("train", entry.samples), ("test", entry.test_samples)):
        classes = len(entry.classes)
        # As in Reuters, some classes are common and most are rare; all occur.
        labels = np.minimum(generator.geometric(0.2, count) - 1, classes - 1)
        labels[-classes:] = np.arange(classes)
        if classes == 2:
            labels = np.arange(count) % 2
        words = generator.integers(FIRST_WORD, WORDS, (count, LENGTH))
        own = OWN_FROM + OWN_WORDS * labels[:, None]
        words[:, 1 : 1 + TELLING] = own + generator.integers(0, OWN_WORDS, (count, TELLING))
        words[:, 0] = BEGIN
        arrays |= {
            f"{part}_words": words.astype(np.uint16).ravel(),
            f"{part}_ends": np.arange(1, count + 1) * LENGTH,
            f"y_{part}": labels.astype(np.uint8),
        }
    file = home / "datasets" / f"{name}-{keras_data.VERSION}.npz"
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **arrays)
    return file
