"""Data sets that Keras brings: found in its cache or downloaded by it, once, by a short process.

Keras's loaders take more than a gigabyte for a moment and load Keras, so they run in a process of
their own, which leaves the data in a compact file; everybody else reads that. Keras's cache is
the folder ``datasets`` in ``KERAS_HOME`` (``~/.keras`` where that is not set).

That process may take minutes, on a slow network. A training waits for it. A page does not, and
the worker that answers everybody's questions does not either: they are told that the data is on
its way (:func:`without_waiting`), and ask again.
"""

from __future__ import annotations

import gzip
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import DataError, DataPendingError
from mnist_core.i18n import mark

log = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]

#: Longest that Keras may take to load or download one, in seconds: 17 MB over a slow network.
PATIENCE = 1_200
#: What could not be had is not looked for again for so long, in seconds: a class that waits for
#: it is told the same, and does not begin a download for each of its members.
REMEMBERED = 60.0
#: Changed when the form of the compact files changes.
VERSION = 1

Answer = TypeVar("Answer")
_waits: ContextVar[bool] = ContextVar("waits", default=True)


@dataclass(frozen=True)
class Source:
    """One of Keras's data sets.

    Attributes:
        files: What has to be in Keras's cache, or is downloaded there.
    """

    files: tuple[str, ...]


class _Fetch:
    """A data set on its way; begins at once, in a thread of its own."""

    def __init__(self, name: str, file: Path) -> None:
        self.began = time.monotonic()
        self.ended: float | None = None
        self.reason = ""  # why it could not be had
        self._name, self._file = name, file
        self._thread = threading.Thread(target=self._run, name=f"fetch-{name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.reason = _load_with_keras(self._name, self._file)
        except Exception as error:  # else all who asked would wait for ever
            log.exception("the data of %s could not be fetched", self._name)
            self.reason = str(error) or type(error).__name__
        self.ended = time.monotonic()

    def wait(self) -> None:
        self._thread.join()

    @property
    def is_over(self) -> bool:
        return self.ended is not None

    @property
    def is_stale(self) -> bool:
        """Whether it was over so long ago that it is worth another try."""
        return self.ended is not None and time.monotonic() - self.ended > REMEMBERED


_fetches: dict[Path, _Fetch] = {}
_fetching = threading.Lock()
_reading = threading.Lock()


def arrays_of(name: str) -> Arrays:
    """The arrays of one of Keras's data sets; a process reads them once.

    Args:
        name: Key of :data:`SOURCES`.

    Raises:
        DataPendingError: It is on its way, and the caller does not wait.
        DataError: It is not in Keras's cache and cannot be downloaded.
    """
    file = compact_file(name)
    if not file.exists():
        _fetch(name, file)
    with _reading:
        try:
            return _read(file)
        except (BadZipFile, EOFError, ValueError):  # after a power cut, say: Keras can read it anew
            file.unlink(missing_ok=True)
    _fetch(name, file)
    with _reading:
        return _read(file)


def keep(name: str) -> None:
    """See that a data set is here in its compact form; reads nothing of it.

    Args:
        name: Key of :data:`SOURCES`.

    Raises:
        DataPendingError: It is on its way, and the caller does not wait.
        DataError: It cannot be had.
    """
    if not is_kept(name):
        _fetch(name, compact_file(name))


def vocabulary_of(name: str) -> tuple[str, ...]:
    """The words that a network knows of a data set of texts, by number.

    The data's own, where it is on this machine; else those that come with the lab, so that the
    networks that come with it can be asked without the data.

    Args:
        name: "imdb" or "reuters".
    """
    return _kept_vocabulary(name) if is_kept(name) else shipped_vocabulary(name)


@cache
def _kept_vocabulary(name: str) -> tuple[str, ...]:
    return tuple(map(str, arrays_of(name)["vocabulary"]))


@cache
def shipped_vocabulary(name: str) -> tuple[str, ...]:
    """The words that come with the lab; see :func:`vocabulary_of`."""
    with gzip.open(vocabulary_file(name), "rt", encoding="utf-8") as file:
        return tuple(line.rstrip("\n") for line in file)


def vocabulary_file(name: str) -> Path:
    """Where the words that come with the lab are: one a line, empty where a number has no word."""
    return Path(__file__).parents[1] / "data" / f"{name}-words.txt.gz"


@contextmanager
def without_waiting() -> Iterator[None]:
    """Inside, data that has to be fetched first is a :class:`DataPendingError`."""
    token = _waits.set(False)
    try:
        yield
    finally:
        _waits.reset(token)


def promptly(function: Callable[..., Answer], *arguments: Any) -> Answer:
    """Call a function that waits for no data: what the worker for questions is sent."""
    with without_waiting():
        return function(*arguments)


def seconds_fetching(name: str) -> float | None:
    """For how long this process has been fetching a data set; None if it does not."""
    fetch = _fetches.get(compact_file(name))
    return None if fetch is None or fetch.is_over else time.monotonic() - fetch.began


def is_kept(name: str) -> bool:
    """Whether the data of a task is here in the form that the lab reads: that takes no time."""
    return name not in SOURCES or compact_file(name).exists()


def could_not_be_had(name: str) -> bool:
    """Whether this process has just tried in vain to get a data set."""
    fetch = _fetches.get(compact_file(name))
    return fetch is not None and fetch.is_over and bool(fetch.reason) and not fetch.is_stale


def look_again(name: str) -> None:
    """Forget that a data set could not be had: somebody has put it there, or is online now."""
    with _fetching:
        fetch = _fetches.get(compact_file(name))
        if fetch is not None and fetch.is_over:
            del _fetches[compact_file(name)]


def _fetch(name: str, file: Path) -> None:
    """Have a data set fetched, once for all threads of this process."""
    waits = _waits.get()
    with _fetching:
        if file.exists():  # just now
            return
        fetch = _fetches.get(file)
        # Who waits can wait for another try; who does not is told what came of the last one.
        if fetch is None or (fetch.is_over and (waits or not fetch.reason)) or fetch.is_stale:
            fetch = _fetches[file] = _Fetch(name, file)
    if waits:
        fetch.wait()
    if not fetch.is_over:
        raise DataPendingError(
            mark("The data set {name} was asked for."),
            mark(
                "It is being fetched: Keras reads it from its cache on this computer, or "
                "downloads it."
            ),
            mark("Wait a moment; it may take some minutes, but only once."),
            name=name,
        )
    if fetch.reason:
        raise DataError(
            mark("The data set {name} was asked for ({reason})."),
            mark(
                "Keras's cache on this computer does not have it, or only a damaged copy, and it "
                "could not be downloaded."
            ),
            mark("Go online and try again, or put {files} into the folder {folder}."),
            name=name,
            reason=fetch.reason,
            files=", ".join(SOURCES[name].files),
            folder=keras_cache(),
        )


@cache
def _read(file: Path) -> Arrays:
    # Opened here: NumPy leaves a damaged file open.
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as content:
        found = {key: content[key] for key in content.files}
    for array in found.values():
        array.setflags(write=False)
    return found


def compact_file(name: str) -> Path:
    """Where the compact form of a data set is kept."""
    home = os.environ.get("MNIST_LAB_HOME", "")
    # A lab whose files lie elsewhere (s3://…) keeps these on the machine that reads them.
    local = Path(home) if home and "://" not in home else Path(__file__).parents[2] / ".mnist_lab"
    return local / "datasets" / f"{name}-{VERSION}.npz"


def keras_cache() -> Path:
    """The folder in which Keras keeps data sets."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def _load_with_keras(name: str, file: Path) -> str:
    """Let a process of its own write the compact file; why it could not, or nothing."""
    # The one that is surely here: this machine's user may work with another one, and Keras's NumPy
    # backend wants JAX.
    variables = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "mnist_core.tasks.keras_download", name, str(file)]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _open_end() as end:
            result = subprocess.run(
                command,
                env=variables,
                cwd=Path(__file__).parents[2],
                stdin=end,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
            )
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE} s"
    except OSError as error:
        return error.strerror or type(error).__name__
    if file.exists():
        return ""
    # By an exception its process ends with 1, and the last line names it.
    said = result.stderr.strip().splitlines() if result.returncode == 1 else []
    if said:
        return said[-1].removeprefix("Exception: ")
    return f"its process ended with {result.returncode}"


@contextmanager
def _open_end() -> Iterator[int]:
    """An input that has its end when this process has, however that comes."""
    end, held = os.pipe()
    try:
        yield end
    finally:
        os.close(held)
        os.close(end)


SOURCES: dict[str, Source] = {
    "imdb": Source(("imdb.npz", "imdb_word_index.json")),
    "reuters": Source(("reuters.npz", "reuters_word_index.json")),
    "fashion": Source(
        tuple(
            f"fashion-mnist/{part}-{kind}-ubyte.gz"
            for part in ("train", "t10k")
            for kind in ("images-idx3", "labels-idx1")
        ),
    ),
    "california": Source(("california_housing.npz",)),
}
