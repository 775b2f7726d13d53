"""Leases of runs that a test writes by hand: they last while a slow machine draws a page.

A worker renews its lease each second; a test's hand writes when it comes to it. Here a thread
renews them, as a worker's does, so that no engine takes such a run for abandoned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from mnist_core.errors import StoreError
from mnist_core.training.reporter import RENEW_SECONDS
from tests.live_training import Training


# Of a module and not of the session: that would go on in the folders that come after this one.
@pytest.fixture(scope="module", autouse=True)
def leases_last() -> Iterator[None]:
    """For a conftest to import: from there on each run stays at work that a test has claimed."""
    over = threading.Event()
    Training.renewed = held = []

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            for training in tuple(held):
                with suppress(StoreError):  # it has ended, or its folder is gone
                    training.writer.renew()

    thread = threading.Thread(target=renew, name="leases")
    thread.start()
    yield
    over.set()
    thread.join()
    Training.renewed = None
