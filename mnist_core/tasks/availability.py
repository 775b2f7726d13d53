"""Whether the data of a task can be had, before anything depends on it.

Data that Keras brings (:mod:`mnist_core.tasks.keras_data`) is on this machine or is downloaded.
Whether a download is possible is tried with one request for the headers of its first file.
"""

from __future__ import annotations

import threading
import time
from enum import StrEnum
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mnist_core.errors import DataError
from mnist_core.i18n import mark
from mnist_core.tasks import keras_data

#: Where Keras downloads its data sets from.
HOST = "storage.googleapis.com"
ADDRESS = f"https://{HOST}/tensorflow/tf-keras-datasets/imdb_word_index.json"
#: The host has so many seconds to answer.
ANSWER_SECONDS = 3.0
#: An answer holds for so many seconds.
HOLDS_SECONDS = 30.0


class DataState(StrEnum):
    """Where the data of a task is."""

    PRESENT = "present"
    DOWNLOADABLE = "downloadable"
    MISSING = "missing"


class _Probe:
    """One look whether the host can be reached, in a thread: name servers may keep it waiting."""

    def __init__(self, before: bool | None) -> None:
        self.began = time.monotonic()
        self.reached = before  # holds until the answer comes
        self._thread = threading.Thread(target=self._run, name="probe", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.reached = reaches_host()

    def wait(self) -> bool:
        self._thread.join(ANSWER_SECONDS)
        return bool(self.reached)

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self.began > HOLDS_SECONDS


_probe: _Probe | None = None
_probing = threading.Lock()


def data_state(name: str) -> DataState:
    """Where the data of a task is; an answer takes less than a millisecond.

    The network is tried in the background, so that the first answers may be "downloadable" where
    a later one is "missing".

    Args:
        name: Key of a task.
    """
    if is_present(name):
        return DataState.PRESENT
    if keras_data.could_not_be_had(name) or _look().reached is False:
        return DataState.MISSING
    return DataState.DOWNLOADABLE


def is_present(name: str) -> bool:
    """Whether the data of a task is on this machine: nothing would have to be downloaded."""
    if keras_data.is_kept(name):
        return True
    files = keras_data.SOURCES[name].files
    return all((keras_data.keras_cache() / file).exists() for file in files)


def require(name: str) -> None:
    """See that the data of a task is here or can be downloaded, with a new look at the network.

    Args:
        name: Key of a task.

    Raises:
        DataError: It is not on this machine, and the network cannot be reached.
    """
    keras_data.look_again(name)  # whoever asks wants another try
    if is_present(name) or _look(anew=True).wait():
        return
    raise DataError(
        mark("The data set {name} is not on this computer."),
        mark("It has to be downloaded, and {host} cannot be reached."),
        mark("Go online and try again, or put {files} into the folder {folder}."),
        name=name,
        host=HOST,
        files=", ".join(keras_data.SOURCES[name].files),
        folder=keras_data.keras_cache(),
    )


def reaches_host() -> bool:
    """Whether the host answers, through a proxy where the environment names one."""
    try:
        with urlopen(Request(ADDRESS, method="HEAD"), timeout=ANSWER_SECONDS):
            return True
    except HTTPError:  # an answer
        return True
    except (OSError, ValueError):  # no network, or no address of a proxy
        return False


def _look(*, anew: bool = False) -> _Probe:
    global _probe
    with _probing:
        if _probe is None or (_probe.reached is not None and (anew or _probe.is_old)):
            _probe = _Probe(None if anew or _probe is None else _probe.reached)
        return _probe
