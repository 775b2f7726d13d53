"""Chromium and the servers for the browser tests."""

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

# Only the page itself may send requests, so Chromium's own services are turned off.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # containers have little shared memory
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=PATIENCE * 1000)


# Not session scope: Playwright keeps an event loop in the thread, and other tests have their own.
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
    """One server for all tests, since its workers start slowly; tests use the fixture `lab`."""
    server = LabServer(tmp_path_factory.mktemp("lab") / "home")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def lab(one_lab: LabServer) -> LabServer:
    """The whole lab, with the runs of earlier tests, all of which have ended."""
    one_lab.start_again_if_it_ended()
    one_lab.wait_until_up()
    return one_lab


@pytest.fixture(scope="session")
def small_run(one_lab: LabServer) -> Run:
    """A run with models that the lab's own workers have trained within a second."""
    config = TrainingConfig(architecture="softmax", epochs=5, train_size=1000, validation_size=200)
    store = Store(one_lab.home)
    run_id = store.create(config, name="a small one").id
    one_lab.start_again_if_it_ended()
    run = until(lambda: (found := store.get(run_id)).settled and found, patience=2 * PATIENCE)
    assert run.has_models, run.message
    return run


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):
    """A page with only the live chart."""
    running = LabServer(tmp_path_factory.mktemp("chart") / "home", CHART_APP)
    running.wait_until_up()
    yield running
    running.kill()


@pytest.fixture(scope="session")
def store(server: LabServer) -> Store:
    """The store of that server."""
    return Store(server.home)
