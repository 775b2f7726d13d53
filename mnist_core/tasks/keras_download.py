"""The short process that loads one of Keras's data sets and writes it in the lab's compact form.

    python -m mnist_core.tasks.keras_download NAME FILE

No other module imports this one: it loads Keras, where the file is not there yet.
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

#: A network that sends nothing for so long is given up, in seconds.
SILENCE = 15


def _end_with_server() -> None:
    """End this process when whoever started it is gone, and with it the other end of its input."""
    while os.read(0, 1):  # not by Python's own stdin, whose lock would keep the process from ending
        pass
    os._exit(1)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let one process at a time fetch a data set.

    A page and a training may want it at once, and Keras downloads to one place: the second
    download would write over what the first one is reading.
    """
    with file.with_suffix(".lock").open("ab") as held:
        # On Windows, and on a network's disk without locks, nothing but luck keeps them apart.
        with suppress(ImportError, OSError):
            import fcntl

            fcntl.flock(held, fcntl.LOCK_EX)  # until the file is closed
        yield


def _vocabulary(numbers: dict[str, int]) -> NDArray[np.str_]:
    """The words by number; Keras counts from 1 and leaves room for its marks."""
    found = [""] * WORDS
    for word, number in numbers.items():
        if number + FIRST_WORD < WORDS:
            found[number + FIRST_WORD] = word
    return np.array(found)


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
"""What loads each of the data sets, as arrays by name."""


def main(name: str, file: Path) -> None:
    """Load a data set with Keras and write it compactly, under a temporary name first."""
    with _alone(file):
        if file.exists():  # another process was quicker
            return
        arrays = READERS[name]()
        part = file.with_suffix(".part")
        try:
            with part.open("wb") as target:
                np.savez(target, **cast("Any", arrays))
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)  # of a full disk, say


if __name__ == "__main__":
    socket.setdefaulttimeout(SILENCE)  # Keras itself would wait for ever
    threading.Thread(target=_end_with_server, daemon=True).start()
    main(sys.argv[1], Path(sys.argv[2]))
