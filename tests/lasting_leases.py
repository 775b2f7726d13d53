"""Leases of runs that a test writes itself, renewed by a thread as a worker does.

A test writes at irregular times; without the thread, an engine would take its runs for abandoned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from mnist_core.errors import StoreError
from mnist_core.training.reporter import RENEW_SECONDS
from tests.live_training import Training


# Module scope: with session scope, the thread would continue in the folders that follow.
@pytest.fixture(scope="module", autouse=True)
def leases_last() -> Iterator[None]:
    """Keep runs that a test has claimed active; to be imported by a conftest."""
    over = threading.Event()
    Training.renewed = held = []

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            for training in tuple(held):
                with suppress(StoreError):  # the run has ended, or its folder was deleted
                    training.writer.renew()

    thread = threading.Thread(target=renew, name="leases")
    thread.start()
    yield
    over.set()
    thread.join()
    Training.renewed = None
