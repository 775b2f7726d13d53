"""How a worker is asked: by the name of a function, so that whoever asks need not import it.

The functions that need TensorFlow live in modules that load it. A worker imports such a module
when it is asked for the first time, and opens the run store once.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from typing import Any

from mnist_core.errors import LabError
from mnist_core.runs.store import open_known
from mnist_core.tasks.keras_data import promptly


@dataclass(frozen=True)
class Refusal:
    """A failure that has its sentence."""

    error: LabError


def call(home: str, url: str, function: str, *arguments: Any) -> Any:
    """Call a function in a worker.

    Args:
        home: Root of the artifacts.
        url: Address of the database.
        function: Its module and name, "module:name". If its first parameter is called ``store``,
            it receives the run store, open, before the arguments.
        *arguments: What it is called with.

    Returns:
        What it returned.
    """
    module, _, name = function.partition(":")
    found = getattr(import_module(module), name)
    if next(iter(signature(found).parameters), None) == "store":
        return found(open_known(home, url), *arguments)
    return found(*arguments)


def answer(home: str, url: str, function: str, *arguments: Any) -> Any:
    """As :func:`call`, without waiting for data; a failure that has its sentence is an answer too.

    A file that cannot be used, say, is no fault: Dask would log it with a traceback.

    Returns:
        What it returned, or a :class:`Refusal`.
    """
    try:
        return promptly(call, home, url, function, *arguments)
    except LabError as error:
        return Refusal(error.alone())
