"""Reviews and news for tests, in the compact form that the lab keeps of Keras's data.

Keras's own files are 20 MB and may have to be downloaded; what is tested with these is everything
after them. There are as many texts as in the real sets, short ones, and they can be learned: each
class has a few words of its own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnist_core.tasks import WORDS, keras_data, task
from mnist_core.tasks.text_data import BEGIN, FIRST_WORD

#: Words in each text; so many of them are among its class's own.
LENGTH = 12
TELLING = 4
#: So many words belong to each class, from this number on.
OWN_WORDS, OWN_FROM = 20, 100


def write(home: Path, name: str) -> Path:
    """Put a data set where a lab with this home looks for it: "imdb" or "reuters"."""
    entry = task(name)
    generator = np.random.default_rng(1)
    arrays = {"vocabulary": np.array([""] * FIRST_WORD + [f"word{n}" for n in range(3, WORDS)])}
    for part, count in (("train", entry.samples), ("test", entry.test_samples)):
        classes = len(entry.classes)
        # Like Reuters's topics, some classes are common and most are rare; all occur.
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
