"""The TensorBoard page in a real browser: one process for all tabs, gone with the server."""

from __future__ import annotations

import urllib.error
import urllib.request
from contextlib import suppress

import psutil
import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from mnist_core.runs import Run, Store
from mnist_core.tensorboard.writer import EventWriter
from tests.browser.lab_server import PATIENCE, LabServer
from tests.live_training import Training, record
from tests.waiting import is_gone, until

START = ".st-key-tensorboard-start button"
FRAME = ".st-key-tensorboard-frame iframe"


#: More than TensorBoard ticks by itself: it ticks none where there are more than 40 of its runs.
OTHERS = 24


@pytest.fixture(scope="module")
def run(lab: LabServer) -> Run:
    """A run with event files, written as a worker does; the newest of many."""
    store = Store(lab.home)
    for _ in range(OTHERS):
        trained(store, "overfit-700", 3)
    return trained(store, "seen in the frame", 30)


def trained(store: Store, name: str, epochs: int) -> Run:
    training = Training(store, epochs=epochs)
    store.rename(training.id, name)
    writer = EventWriter(store.event_files, training.run)
    writer.begin([])
    training.train(epochs)
    writer.take([record(epoch) for epoch in range(1, epochs + 1)])
    training.end()
    writer.end(training.run, list)
    return training.run


@pytest.fixture
def page(browser: Browser, lab: LabServer):
    """A tab; fails at a request to another host, and at an error in a script."""
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    troubles: list[str] = []
    own = (lab.address, lab.address.replace("http", "ws"), "data:", "blob:")
    tab.on("request", lambda r: None if r.url.startswith(own) else troubles.append(r.url))
    tab.on("pageerror", lambda error: troubles.append(str(error)))
    tab.on(
        "response",
        lambda r: (
            troubles.append(f"{r.status} {r.url}")
            if r.status >= 400 and "/_stcore/" not in r.url
            else None
        ),
    )
    yield tab
    tab.close()
    assert troubles == []


def frame(page: Page) -> FrameLocator:
    return page.frame_locator(FRAME)


def boards(lab: LabServer) -> list[psutil.Process]:
    """The server's TensorBoard processes."""
    found = []
    for process in psutil.Process(lab.process.pid).children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if "mnist_core.tensorboard.process" in process.cmdline():
                found.append(process)
    return found


def refuses(lab: LabServer) -> bool:
    """Whether the server knows that no TensorBoard is there."""
    try:
        with urllib.request.urlopen(f"{lab.address}/live/tensorboard/", timeout=PATIENCE):
            return False
    except urllib.error.HTTPError as error:
        with error:
            return error.code == 503


def test_it_is_started_once_shown_to_all_and_gone_with_the_server(
    lab: LabServer, run: Run, page: Page, browser: Browser
) -> None:
    page.goto(f"{lab.address}/tensorboard")
    expect(page.locator(START)).to_be_visible()
    assert boards(lab) == []
    page.locator(START).click()
    # However many runs there are, the newest are ticked, and their curves are drawn.
    ticked = frame(page).locator("runs-data-table input[type=checkbox]:checked")
    curves = frame(page).locator("scalar-card line-chart svg path")
    expect(frame(page).get_by_text("overfit-700").first).to_be_visible()
    expect(curves.first).to_be_attached()
    assert ticked.count() > 3

    # Two that were chosen are the two that it has; another reader's choice stays as it was.
    two = [one for one in Store(lab.home).list_runs() if one.id != run.id][-2:]
    second = browser.new_page(viewport={"width": 1280, "height": 800})
    second.goto(f"{lab.address}/tensorboard?run={two[0].id}&run={two[1].id}")
    for one in two:
        expect(frame(second).get_by_text(f"{one.name} {one.id[:8]}").first).to_be_visible()
    expect(frame(second).get_by_text("seen in the frame")).to_have_count(0)
    expect(frame(page).get_by_text("seen in the frame").first).to_be_visible()
    second.close()

    page.goto(f"{lab.address}/tensorboard?run={run.id}")
    # The frame has the run under its name, and its curves.
    name = f"seen in the frame {run.id[:8]}"
    expect(frame(page).get_by_text(f"{name}/validation").first).to_be_visible()
    expect(frame(page).get_by_text("epoch_accuracy").first).to_be_visible()

    other = browser.new_page(viewport={"width": 390, "height": 844})
    other.goto(f"{lab.address}/tensorboard?run={run.id}")
    expect(frame(other).get_by_text(name).first).to_be_visible()
    assert other.locator(START).count() == 0
    source = other.locator(FRAME).get_attribute("src")
    assert source is not None and source.startswith("/live/tensorboard/")
    assert f"chosen/{run.id[:8]}/" in source
    (board,) = boards(lab)
    other.close()

    # One that crashed is said to have, and started anew.
    page.goto("about:blank")
    board.kill()
    until(lambda: refuses(lab))
    page.goto(f"{lab.address}/tensorboard?run={run.id}")
    expect(page.get_by_test_id("stAlert")).to_contain_text("ended unexpectedly")
    page.locator(START).click()
    expect(frame(page).get_by_text("epoch_accuracy").first).to_be_visible()
    (board,) = boards(lab)
    libraries = {one.path for one in psutil.Process(lab.process.pid).memory_maps()}
    assert not [path for path in libraries if "tensorflow" in path]
    page.goto("about:blank")
    lab.kill()
    until(lambda: is_gone(board))
