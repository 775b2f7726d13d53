"""Child process that loads or downloads one of Keras's data sets and writes a compact file.

    python -m mnist_core.tasks.keras_download NAME FILE

No other module imports this module, because it imports Keras.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mnist_core.tasks.keras_data import Arrays
from mnist_core.tasks.text_data import FIRST_WORD, WORDS, Texts

#: Time limit of the network for sending any data, in seconds.
SOCKET_TIMEOUT = 15


def _end_with_parent() -> None:
    """End this process when the parent process ends, which closes this process's input."""
    while os.read(0, 1):  # the lock of sys.stdin would keep the process from ending
        pass
    os._exit(1)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Lock a data set for one process at a time.

    Keras downloads to a fixed path, so a second download would overwrite a file that the first
    process is reading.
    """
    with file.with_suffix(".lock").open("ab") as locked:
        # Windows and some network file systems have no such lock.
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(locked, fcntl.LOCK_EX)  # until the file is closed
        yield


def _vocabulary(ranks: dict[str, int]) -> NDArray[np.str_]:
    """Return the words by token index, which is Keras's rank, from 1, plus the special tokens."""
    words = [""] * WORDS
    for word, rank in ranks.items():
        if rank + FIRST_WORD < WORDS:
            words[rank + FIRST_WORD] = word
    return np.array(words)


def _texts(keras_module: Any) -> Arrays:
    (x_train, y_train), (x_test, y_test) = keras_module.load_data(num_words=WORDS)
    train, test = Texts.of(x_train), Texts.of(x_test)
    return {
        "train_words": train.words,
        "train_ends": train.ends,
        "y_train": np.asarray(y_train, np.uint8),
        "test_words": test.words,
        "test_ends": test.ends,
        "y_test": np.asarray(y_test, np.uint8),
        "vocabulary": _vocabulary(keras_module.get_word_index()),
    }


def _plain(loaded: Any) -> Arrays:
    (x_train, y_train), (x_test, y_test) = loaded
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _imdb() -> Arrays:
    from keras.datasets import imdb

    return _texts(imdb)


def _reuters() -> Arrays:
    from keras.datasets import reuters

    return _texts(reuters) | {"topics": np.array(reuters.get_label_names())}


def _fashion() -> Arrays:
    from keras.datasets import fashion_mnist

    return _plain(fashion_mnist.load_data())


def _california() -> Arrays:
    from keras.datasets import california_housing

    return _plain(california_housing.load_data())


READERS: dict[str, Callable[[], Arrays]] = {
    "imdb": _imdb,
    "reuters": _reuters,
    "fashion": _fashion,
    "california": _california,
}
"""The function that loads each data set."""


def main(name: str, file: Path) -> None:
    """Load a data set with Keras and write its compact file, first under a temporary name.

    Args:
        name: Key of :data:`READERS`.
        file: The compact file.
    """
    with _locked(file):
        if file.exists():  # another process has created it
            return
        arrays = READERS[name]()
        part = file.with_suffix(".part")
        try:
            with part.open("wb") as target:
                np.savez(target, **cast("Any", arrays))
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)  # an incomplete file, such as on a full disk


if __name__ == "__main__":
    socket.setdefaulttimeout(SOCKET_TIMEOUT)  # Keras sets no timeout
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(sys.argv[1], Path(sys.argv[2]))
