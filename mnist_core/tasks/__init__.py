"""The table of tasks: what there is to learn.

A task is one file of this package: it loads its data, checks it and says how it is judged. Adding
one means adding a file and a line here.
"""

from mnist_core.errors import unknown_name
from mnist_core.tasks.base import Dataset, Part, Splits, Standard, Task
from mnist_core.tasks.fashion import FASHION
from mnist_core.tasks.housing import BOSTON, CALIFORNIA
from mnist_core.tasks.imdb import IMDB
from mnist_core.tasks.mnist import MNIST, arrange, pixel_factor, prepare
from mnist_core.tasks.quantity import Quantity
from mnist_core.tasks.reuters import REUTERS
from mnist_core.tasks.splits import Draw, draw, fold_sizes, split
from mnist_core.tasks.text_data import WORDS, Texts, multi_hot

__all__ = [
    "TASKS",
    "WORDS",
    "Dataset",
    "Draw",
    "Part",
    "Quantity",
    "Splits",
    "Standard",
    "Task",
    "Texts",
    "arrange",
    "draw",
    "fold_sizes",
    "multi_hot",
    "pixel_factor",
    "prepare",
    "split",
    "task",
]

TASKS: dict[str, Task] = {
    entry.key: entry for entry in (MNIST, FASHION, IMDB, REUTERS, BOSTON, CALIFORNIA)
}


def task(key: str) -> Task:
    """Return the task of that key.

    Raises:
        ConfigError: If there is none; the message lists the known keys.
    """
    if key not in TASKS:
        raise unknown_name("task", key, TASKS)
    return TASKS[key]
