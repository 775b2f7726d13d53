"""Remote procedure calls to workers, by the name of a function that the caller does not import.

Functions that need TensorFlow are in modules that load it. A worker imports such a module at the
first call, and opens the run store once.
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
class Failure:
    """A `LabError` as a result, which Dask does not log."""

    error: LabError


def call(home: str, url: str, function: str, *arguments: Any) -> Any:
    """Call a function in a worker.

    Args:
        home: Root of the artifacts.
        url: Address of the database.
        function: Module and name of the function, "module:name". If its first parameter is
            called ``store``, it receives the open run store before the arguments.
        *arguments: Arguments of the function.

    Returns:
        The function's result.
    """
    module, _, name = function.partition(":")
    found = getattr(import_module(module), name)
    if next(iter(signature(found).parameters), None) == "store":
        return found(open_known(home, url), *arguments)
    return found(*arguments)


def answer(home: str, url: str, function: str, *arguments: Any) -> Any:
    """Call a function like :func:`call`, without waiting for downloads, and return a `LabError`.

    An invalid file, for example, is not a fault that Dask should log with a traceback.

    Returns:
        The function's result, or a :class:`Failure`.
    """
    try:
        return promptly(call, home, url, function, *arguments)
    except LabError as error:
        return Failure(error.alone())
