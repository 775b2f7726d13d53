"""Tasks: a data set with a loss and a metric.

Each task is one file of this package, which loads and verifies the data. A new task needs a file
and an entry in `TASKS`.
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
    """Return a task.

    Args:
        key: Key of the task.

    Raises:
        ConfigError: The key is unknown.
    """
    if key not in TASKS:
        raise unknown_name("task", key, TASKS)
    return TASKS[key]
