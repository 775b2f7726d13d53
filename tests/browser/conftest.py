"""One Chromium, and the servers that the browser tests look at."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect, sync_playwright

from mnist_core.runs import Store
from tests.browser.lab_server import PATIENCE, LabServer
from tests.browser.live_chart_page import CHART_APP

# Chromium's own business stays out of the tests: what the page asks for is all that is asked.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=PATIENCE * 1000)


# Not for the whole session: Playwright keeps an event loop in the thread, and other tests
# bring their own.
@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ["MNIST_LAB_CHROMIUM"] or None, args=ARGUMENTS
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory):
    """The whole lab."""
    server = LabServer(tmp_path_factory.mktemp("lab") / "home")
    server.wait_until_up()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """A page with the live chart alone."""
    running = LabServer(tmp_path_factory.mktemp("chart") / "home", CHART_APP)
    running.wait_until_up()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def store(server: LabServer) -> Store:
    """The runs of that server."""
    return Store(server.home)
