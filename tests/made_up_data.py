"""Generated data of every task, stored where the lab looks for it, in place of Keras's data."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnist_core.inference.questions import columns_of
from mnist_core.tasks import TASKS, keras_data, task
from tests import made_up_texts

#: Range of the prices in California, in dollars.
CHEAPEST, DEAREST = 15_000, 500_000


def write(home: Path) -> None:
    """Write the data to where a lab with this home looks for it."""
    made_up_texts.write(home, "imdb")
    made_up_texts.write(home, "reuters")
    np.savez(_file(home, "fashion"), **_clothes())
    np.savez(_file(home, "california"), **_houses())


def forget() -> None:
    """Clear this process's caches of the data, since the next home has different data."""
    for key in keras_data.SOURCES:
        TASKS[key].load.cache_clear()
    columns_of.cache_clear()


def _file(home: Path, name: str) -> Path:
    return home / "datasets" / f"{name}-{keras_data.VERSION}.npz"


def _clothes() -> dict[str, np.ndarray]:
    """Return images whose brightness is determined by the class."""
    found = {}
    for part, count in (("train", task("fashion").samples), ("test", task("fashion").test_samples)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = np.zeros((count, 28, 28), np.uint8)
        images[:, 4:24, 8:20] = 25 * (1 + labels[:, None, None])
        found |= {f"x_{part}": images, f"y_{part}": labels}
    return found


def _houses() -> dict[str, np.ndarray]:
    """Return rows whose last column, the income, determines the price."""
    dice, entry = np.random.default_rng(1), task("california")
    found = {}
    for part, count in (("train", entry.samples), ("test", entry.test_samples)):
        rows = dice.uniform(1, 10, (count, len(entry.columns))).astype(np.float32)
        prices = np.interp(rows[:, -1], (1, 10), (CHEAPEST, DEAREST)).astype(np.float32)
        found |= {f"x_{part}": rows, f"y_{part}": prices}
    return found
