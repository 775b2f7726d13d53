"""Availability of data sets: present, downloadable or missing.

Keras's data sets (:mod:`mnist_core.tasks.keras_data`) are in a cache on this machine or have to be
downloaded. One request for the headers of a file finds out whether the host can be reached.
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

#: The host from which Keras downloads its data sets.
HOST = "storage.googleapis.com"
ADDRESS = f"https://{HOST}/tensorflow/tf-keras-datasets/imdb_word_index.json"
#: Time limit of the request, in seconds.
ANSWER_SECONDS = 3.0
#: Time for which a result is valid, in seconds.
VALID_SECONDS = 30.0


class DataState(StrEnum):
    """Availability of a task's data."""

    PRESENT = "present"
    DOWNLOADABLE = "downloadable"
    MISSING = "missing"


class _Probe:
    """One request to the host, in a thread, because a name server may not answer for long."""

    def __init__(self, previous: bool | None) -> None:
        self.began = time.monotonic()
        self.reached = previous  # valid until the request ends
        self._thread = threading.Thread(target=self._run, name="probe", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self.reached = reaches_host()

    def wait(self) -> bool:
        self._thread.join(ANSWER_SECONDS)
        return bool(self.reached)

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self.began > VALID_SECONDS


_probe: _Probe | None = None
_probing = threading.Lock()


def data_state(name: str) -> DataState:
    """Return the availability of a task's data, without waiting for the network.

    A background thread tests the network, so the state may change from downloadable to missing.

    Args:
        name: Key of a task.
    """
    if is_present(name):
        return DataState.PRESENT
    if keras_data.download_failed(name) or _current_probe().reached is False:
        return DataState.MISSING
    return DataState.DOWNLOADABLE


def is_present(name: str) -> bool:
    """Return whether a task's data is on this machine.

    Args:
        name: Key of a task.
    """
    if keras_data.is_kept(name):
        return True
    files = keras_data.SOURCES[name].files
    return all((keras_data.keras_cache() / file).exists() for file in files)


def require(name: str) -> None:
    """Check that a task's data is on this machine or can be downloaded.

    Args:
        name: Key of a task.

    Raises:
        DataError: The data is not on this machine, and the host cannot be reached.
    """
    keras_data.look_again(name)  # forget an earlier failure
    if is_present(name) or _current_probe(renew=True).wait():
        return
    raise DataError(
        mark(
            "The data set {name} is not on this computer, and {host}, from which it is "
            "downloaded, cannot be reached."
        ),
        mark("Connect to the Internet and try again, or put {files} into the folder {folder}."),
        name=name,
        host=HOST,
        files=", ".join(keras_data.SOURCES[name].files),
        folder=keras_data.keras_cache(),
    )


def reaches_host() -> bool:
    """Return whether the host answers, through the proxy of the environment variables if any."""
    try:
        with urlopen(Request(ADDRESS, method="HEAD"), timeout=ANSWER_SECONDS):
            return True
    except HTTPError:  # the host has answered
        return True
    except (OSError, ValueError):  # no network, or an invalid proxy address
        return False


def _current_probe(*, renew: bool = False) -> _Probe:
    """Return the last probe, or start a new one if it is old or has to be renewed."""
    global _probe
    with _probing:
        if _probe is None or (_probe.reached is not None and (renew or _probe.is_old)):
            _probe = _Probe(None if renew or _probe is None else _probe.reached)
        return _probe
