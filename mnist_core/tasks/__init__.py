"""The table of tasks: what there is to learn.

A task is one file of this package: it loads its data, checks it and prepares it. Adding one
means adding a file and a line here.
"""

from mnist_core.errors import unknown_name
from mnist_core.tasks.mnist import MNIST, arrange, pixel_factor, prepare
from mnist_core.tasks.splits import Draw, draw, split
from mnist_core.tasks.task import Dataset, Part, Splits, Task

__all__ = [
    "TASKS",
    "Dataset",
    "Draw",
    "Part",
    "Splits",
    "Task",
    "arrange",
    "draw",
    "pixel_factor",
    "prepare",
    "split",
    "task",
]

TASKS: dict[str, Task] = {entry.key: entry for entry in (MNIST,)}


def task(key: str) -> Task:
    """Return the task of that key.

    Raises:
        ConfigError: If there is none; the message lists the known keys.
    """
    if key not in TASKS:
        raise unknown_name("task", key, TASKS)
    return TASKS[key]
