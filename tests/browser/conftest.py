"""One Chromium, and the servers that the browser tests look at."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect, sync_playwright

from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Run, Store
from tests.browser.lab_server import PATIENCE, LabServer
from tests.browser.live_chart_page import CHART_APP
from tests.lasting_leases import leases_last  # noqa: F401 - all tests here need it
from tests.waiting import until

# Chromium's own business stays out of the tests: what the page asks for is all that is asked.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have too little of that
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


@pytest.fixture(scope="session")
def one_lab(tmp_path_factory: pytest.TempPathFactory):
    """One server for all tests, for its workers take long to start. Do not ask for it: see lab."""
    server = LabServer(tmp_path_factory.mktemp("lab") / "home")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def lab(one_lab: LabServer) -> LabServer:
    """The whole lab, with whatever runs other tests have left there, all of them ended."""
    one_lab.start_again_if_it_ended()
    one_lab.wait_until_up()
    return one_lab


@pytest.fixture(scope="session")
def small_run(one_lab: LabServer) -> Run:
    """A run in the lab that its own workers have trained within a second, with its models."""
    config = TrainingConfig(architecture="softmax", epochs=5, train_size=1000, validation_size=200)
    store = Store(one_lab.home)
    run_id = store.create(config, name="a small one").id
    one_lab.start_again_if_it_ended()
    run = until(lambda: (found := store.get(run_id)).settled and found, patience=2 * PATIENCE)
    assert run.has_models, run.message
    return run


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):
    """A page with the live chart alone."""
    running = LabServer(tmp_path_factory.mktemp("chart") / "home", CHART_APP)
    running.wait_until_up()
    yield running
    running.kill()


@pytest.fixture(scope="session")
def store(server: LabServer) -> Store:
    """The runs of that server."""
    return Store(server.home)
