"""Data sets that Keras brings: found in its cache or downloaded by it, once, by a short process.

Keras's loaders take up to a gigabyte for a moment and load Keras, so they run in a process of
their own, which leaves the data in a compact file; everybody else reads that. Keras's cache is
the folder ``datasets`` in ``KERAS_HOME`` (``~/.keras`` where that is not set).

    python -m mnist_core.tasks.keras_data NAME FILE
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import DataError
from mnist_core.tasks.texts import FIRST_WORD, WORDS, Texts
from mnist_core.words import mark

Arrays = dict[str, NDArray[Any]]

#: Longest that Keras may take to load or download one, in seconds.
PATIENCE = 300
#: Changed when the form of the compact files changes.
VERSION = 1
_loading = Lock()


@dataclass(frozen=True)
class Source:
    """One of Keras's data sets.

    Attributes:
        files: What has to be in Keras's cache, or is downloaded there.
        read: Loads it with Keras, as arrays by name.
    """

    files: tuple[str, ...]
    read: Callable[[], Arrays]


def arrays_of(name: str) -> Arrays:
    """The arrays of one of Keras's data sets; a process reads them once.

    Args:
        name: Key of :data:`SOURCES`.

    Raises:
        DataError: It is not in Keras's cache and cannot be downloaded.
    """
    with _loading:
        return _read(name, compact_file(name))


@cache
def _read(name: str, file: Path) -> Arrays:
    if not file.exists():
        _load_with_keras(name, file)
    with np.load(file, allow_pickle=False) as content:
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


def _load_with_keras(name: str, file: Path) -> None:
    # Keras's own NumPy backend is enough to load data, and quicker there than TensorFlow.
    variables = os.environ | {"KERAS_BACKEND": "numpy"}
    command = [sys.executable, "-m", __name__, name, str(file)]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        result = subprocess.run(
            command,
            env=variables,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        reason = (result.stderr.strip().splitlines() or [""])[-1] if result.returncode else ""
    except subprocess.TimeoutExpired:
        reason = f"no answer within {PATIENCE} s"
    except OSError as error:
        reason = error.strerror or type(error).__name__
    if reason or not file.exists():
        raise DataError(
            mark("The data set {name} was asked for ({reason})."),
            mark("It is not in Keras's cache on this computer, and could not be downloaded."),
            mark("Go online and try again, or put {files} into the folder {folder}."),
            name=name,
            reason=reason,
            files=", ".join(SOURCES[name].files),
            folder=keras_cache(),
        )


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


SOURCES: dict[str, Source] = {
    "imdb": Source(("imdb.npz", "imdb_word_index.json"), _imdb),
    "reuters": Source(("reuters.npz", "reuters_word_index.json"), _reuters),
    "fashion": Source(
        tuple(
            f"fashion-mnist/{part}-{kind}-ubyte.gz"
            for part in ("train", "t10k")
            for kind in ("images-idx3", "labels-idx1")
        ),
        _fashion,
    ),
    "california": Source(("california_housing.npz",), _california),
}


def main(name: str, file: Path) -> None:
    """Load a data set with Keras and write it compactly, under a temporary name first."""
    arrays = SOURCES[name].read()
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".npz", delete=False) as target:
        np.savez(target, **cast("Any", arrays))
    Path(target.name).replace(file)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
