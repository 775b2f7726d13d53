"""Keras's data sets, loaded from its cache or downloaded by a child process.

Keras's loaders need more than a gigabyte of memory for a moment, so they run in a child process,
which writes the data to a compact file; all other processes read this file. Keras's cache is the
folder ``datasets`` in ``KERAS_HOME`` (by default ``~/.keras``).

A download may take minutes. Training waits for it. Pages and the worker for short requests do not
wait (:func:`without_waiting`): they get a `DataPendingError` and try again later.
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

#: Time limit for loading or downloading a data set, in seconds: 17 MB over a slow network.
LOAD_TIMEOUT = 1_200
#: Time before a failed download is tried again for a caller that does not wait, in seconds, so
#: that the pages of a class do not start a download each.
RETRY_SECONDS = 60.0
#: Version of the format of the compact files.
VERSION = 1

Answer = TypeVar("Answer")
_waits: ContextVar[bool] = ContextVar("waits", default=True)


@dataclass(frozen=True)
class Source:
    """One of Keras's data sets.

    Attributes:
        files: Its files in Keras's cache.
    """

    files: tuple[str, ...]


class _Fetch:
    """Loads or downloads a data set, in a thread."""

    def __init__(self, name: str, file: Path) -> None:
        self.began = time.monotonic()
        self.ended: float | None = None
        self.reason = ""  # of the failure
        self._name, self._file = name, file
        self._thread = threading.Thread(target=self._run, name=f"fetch-{name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.reason = _load_with_keras(self._name, self._file)
        except Exception as error:  # otherwise all waiting threads would wait for ever
            log.exception("could not load the data set %s", self._name)
            self.reason = str(error) or type(error).__name__
        self.ended = time.monotonic()

    def wait(self) -> None:
        self._thread.join()

    @property
    def is_over(self) -> bool:
        return self.ended is not None

    @property
    def is_stale(self) -> bool:
        """Whether it ended long enough ago to try again."""
        return self.ended is not None and time.monotonic() - self.ended > RETRY_SECONDS


_fetches: dict[Path, _Fetch] = {}
_fetching = threading.Lock()
_reading = threading.Lock()


def arrays_of(name: str) -> Arrays:
    """Return the arrays of one of Keras's data sets, cached in each process and read-only.

    Args:
        name: Key of :data:`SOURCES`.

    Raises:
        DataPendingError: The data is being downloaded, and the caller does not wait.
        DataError: The data is not in Keras's cache and cannot be downloaded.
    """
    file = compact_file(name)
    if not file.exists():
        _fetch(name, file)
    with _reading:
        try:
            return _read(file)
        except (BadZipFile, EOFError, ValueError):  # an incomplete file, such as after a power cut
            file.unlink(missing_ok=True)
    _fetch(name, file)
    with _reading:
        return _read(file)


def keep(name: str) -> None:
    """Create the compact file of a data set if it does not exist.

    Args:
        name: Key of :data:`SOURCES`.

    Raises:
        DataPendingError: The data is being downloaded, and the caller does not wait.
        DataError: The data is not in Keras's cache and cannot be downloaded.
    """
    if not is_kept(name):
        _fetch(name, compact_file(name))


def vocabulary_of(name: str) -> tuple[str, ...]:
    """Return the vocabulary of a data set of texts, by token index.

    It is read from the data set if that is on this machine, else from a file in this package, so
    that the bundled models work without the data set.

    Args:
        name: "imdb" or "reuters".

    Returns:
        10,000 words; empty for an index without a word.
    """
    return _kept_vocabulary(name) if is_kept(name) else shipped_vocabulary(name)


@cache
def _kept_vocabulary(name: str) -> tuple[str, ...]:
    return tuple(map(str, arrays_of(name)["vocabulary"]))


@cache
def shipped_vocabulary(name: str) -> tuple[str, ...]:
    """Return the vocabulary in this package; see :func:`vocabulary_of`."""
    with gzip.open(vocabulary_file(name), "rt", encoding="utf-8") as file:
        return tuple(line.rstrip("\n") for line in file)


def vocabulary_file(name: str) -> Path:
    """Return the path of the vocabulary in this package: a word a line, empty without a word."""
    return Path(__file__).parents[1] / "data" / f"{name}-words.txt.gz"


@contextmanager
def without_waiting() -> Iterator[None]:
    """Raise :class:`DataPendingError` inside the context instead of waiting for a download."""
    token = _waits.set(False)
    try:
        yield
    finally:
        _waits.reset(token)


def promptly(function: Callable[..., Answer], *arguments: Any) -> Answer:
    """Call a function with arguments inside :func:`without_waiting`; return its result."""
    with without_waiting():
        return function(*arguments)


def seconds_fetching(name: str) -> float | None:
    """Return for how many seconds this process has been loading a data set; None if it is not."""
    fetch = _fetches.get(compact_file(name))
    return None if fetch is None or fetch.is_over else time.monotonic() - fetch.began


def is_kept(name: str) -> bool:
    """Return whether a task's data is in this package or has a compact file.

    Args:
        name: Key of a task.
    """
    return name not in SOURCES or compact_file(name).exists()


def download_failed(name: str) -> bool:
    """Return whether this process could not load a data set in the last `RETRY_SECONDS`."""
    fetch = _fetches.get(compact_file(name))
    return fetch is not None and fetch.is_over and bool(fetch.reason) and not fetch.is_stale


def look_again(name: str) -> None:
    """Forget an earlier failure to load a data set, so that the next call tries again."""
    with _fetching:
        fetch = _fetches.get(compact_file(name))
        if fetch is not None and fetch.is_over:
            del _fetches[compact_file(name)]


def _fetch(name: str, file: Path) -> None:
    """Create a compact file, once for all threads of this process."""
    waits = _waits.get()
    with _fetching:
        if file.exists():  # another thread has created it
            return
        fetch = _fetches.get(file)
        # A caller that waits tries again; for other callers the last failure remains valid.
        if fetch is None or (fetch.is_over and (waits or not fetch.reason)) or fetch.is_stale:
            fetch = _fetches[file] = _Fetch(name, file)
    if waits:
        fetch.wait()
    if not fetch.is_over:
        raise DataPendingError(
            mark("Keras is loading the data set {name} from its cache or downloading it."),
            mark("Wait for a few minutes; this is necessary only once."),
            name=name,
        )
    if fetch.reason:
        raise DataError(
            mark(
                "The data set {name} is missing or damaged on this computer and could not be "
                "downloaded ({reason})."
            ),
            mark("Connect to the Internet and try again, or put {files} into the folder {folder}."),
            name=name,
            reason=fetch.reason,
            files=", ".join(SOURCES[name].files),
            folder=keras_cache(),
        )


@cache
def _read(file: Path) -> Arrays:
    # Opened here, because NumPy does not close a damaged file.
    with file.open("rb") as opened, np.load(opened, allow_pickle=False) as content:
        arrays = {key: content[key] for key in content.files}
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def compact_file(name: str) -> Path:
    """Return the path of a data set's compact file."""
    home = os.environ.get("MNIST_LAB_HOME", "")
    # With a remote home (s3://…) the compact files are on this machine.
    local = Path(home) if home and "://" not in home else Path(__file__).parents[2] / ".mnist_lab"
    return local / "datasets" / f"{name}-{VERSION}.npz"


def keras_cache() -> Path:
    """Return Keras's folder of data sets."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets"


def _load_with_keras(name: str, file: Path) -> str:
    """Write the compact file in a child process; return the reason of a failure, or ""."""
    # The user's Keras configuration may name a backend that is not installed.
    variables = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "mnist_core.tasks.keras_download", name, str(file)]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _pipe_end() as end:
            result = subprocess.run(
                command,
                env=variables,
                cwd=Path(__file__).parents[2],
                stdin=end,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LOAD_TIMEOUT,
            )
    except subprocess.TimeoutExpired:
        return f"no answer within {LOAD_TIMEOUT} s"
    except OSError as error:
        return error.strerror or type(error).__name__
    if file.exists():
        return ""
    # After an exception the exit code is 1, and the last line is the exception.
    lines = result.stderr.strip().splitlines() if result.returncode == 1 else []
    if lines:
        return lines[-1].removeprefix("Exception: ")
    return f"the child process ended with exit code {result.returncode}"


@contextmanager
def _pipe_end() -> Iterator[int]:
    """Open a pipe for the child's input, which the system closes when this process ends."""
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
