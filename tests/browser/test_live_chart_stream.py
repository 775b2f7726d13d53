"""The live chart and its stream: every state of a run, and every way to lose the connection."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import RunStatus, Store
from tests.browser.lab_server import LabServer
from tests.browser.live_chart_page import CHART, CHART_APP, ChartPage
from tests.live_training import Training

OPEN_STREAMS = "window.streams.filter((stream) => stream.readyState !== 2).length"


@pytest.fixture
def context(browser: Browser):
    opened = browser.new_context(viewport={"width": 1280, "height": 800})
    yield opened
    opened.close()


@pytest.fixture
def open_chart(context, server: LabServer):
    return lambda run=None: ChartPage(context.new_page(), server, run)


def notice(page: ChartPage):
    return page.tab.locator(f"{CHART} .lc-notice")


def test_before_there_is_a_run_the_chart_says_what_to_do(open_chart) -> None:
    page = open_chart()
    expect(notice(page)).to_contain_text("No run yet")
    assert page.data["run"] == ""
    assert page.data["epochs"] == "0"
    assert page.data["overfitEpoch"] == ""
    assert page.tab.evaluate("window.streams.length") == 0


def test_the_way_from_the_queue_to_the_first_point_is_explained(open_chart, store) -> None:
    first = store.create(TrainingConfig())
    second = store.create(TrainingConfig(epochs=10))
    page = open_chart(second.id)
    expect(notice(page)).to_contain_text("Number 2 in the queue")
    Training(store, run=first)
    expect(notice(page)).to_contain_text("Number 1 in the queue")
    training = Training(store, run=second)
    expect(notice(page)).to_contain_text("Preparing")
    training.batches(30, 391)
    expect(notice(page)).to_contain_text("First epoch in progress")
    expect(page.tab.locator(f"{CHART} .lc-note")).to_have_text("Batch 30 of 391 in this epoch")
    training.train(1)
    page.until_epochs(1)
    expect(notice(page)).to_be_hidden()


def test_a_failed_run_says_why_and_keeps_what_was_drawn(open_chart, store) -> None:
    training = Training(store)
    training.train(15)
    page = open_chart(training.id)
    page.until_epochs(15)
    training.end(RunStatus.FAILED, "The loss is no number any more. Try a smaller rate.")
    expect(notice(page)).to_contain_text("The loss is no number any more.")
    assert page.text(".lc-state dd") == "Failed"
    assert page.data["epochs"] == "15"


def test_a_run_that_is_resumed_forgets_and_draws_again(open_chart, store) -> None:
    training = Training(store)
    training.train(40)
    page = open_chart(training.id)
    page.until_epochs(40)
    again = training.resume(25)
    again.train(5, lag=10)
    page.until("data.epochs === '30'")
    expect(page.tab.locator(f"{CHART} .lc-note")).to_contain_text("Resumed")
    assert page.plot("plot.data[0].x") == list(range(1, 31))


def test_the_page_runs_once_for_each_change_of_status_and_never_for_an_epoch(
    open_chart, store
) -> None:
    run = store.create(TrainingConfig())
    page = open_chart(run.id)
    page.until_status("queued")
    assert page.reruns == 1, "what the page knows needs no rerun"
    training = Training(store, run=run)
    expect(page.tab.get_by_text("Run 2 of the page, status running.")).to_be_visible()
    training.live(40, 40)
    page.until_epochs(40)
    assert page.reruns == 2
    training.writer.set_status(RunStatus.PAUSED)
    expect(page.tab.get_by_text("Run 3 of the page, status paused.")).to_be_visible()
    training.writer.set_status(RunStatus.STOPPED)
    expect(page.tab.get_by_text("Run 4 of the page, status stopped.")).to_be_visible()
    training.writer.measured(test_loss=0.5, test_metric=0.8)
    training.writer.release()
    expect(page.tab.get_by_text("Run 5 of the page, status stopped.")).to_be_visible()
    page.tab.wait_for_function(f"{OPEN_STREAMS} === 0")
    page.tab.reload()
    page.until_status("stopped")
    expect(page.tab.get_by_text("Run 1 of the page, status stopped.")).to_be_visible()


def test_a_hidden_tab_holds_no_connection_and_goes_on_where_it_was(open_chart, store) -> None:
    training = Training(store)
    training.train(10)
    page = open_chart(training.id)
    page.until_epochs(10)
    page.hide()
    assert page.tab.evaluate(OPEN_STREAMS) == 0
    training.train(5)
    page.hide(False)
    page.until_epochs(15)
    assert page.plot("plot.data[0].x") == list(range(1, 16))
    assert "after=10" in page.tab.evaluate("window.streams.at(-1).url")


@pytest.mark.slow  # tests/browser/test_main_job.py has eight of the whole page
def test_nine_tabs_of_one_browser_all_load_and_all_follow(open_chart, store) -> None:
    training = Training(store)
    training.train(3)
    pages = [open_chart(training.id) for _ in range(9)]
    training.train(3)
    for page in pages:
        page.until_epochs(6)
    assert sum(page.tab.evaluate("window.streams.at(-1).readyState") == 1 for page in pages) <= 6


def test_leaving_the_page_closes_the_stream(open_chart, store) -> None:
    training = Training(store)
    training.train(3)
    page = open_chart(training.id)
    page.until_epochs(3)
    page.set(run=None)
    page.until("data.run === ''")
    assert page.tab.evaluate(OPEN_STREAMS) == 0
    expect(notice(page)).to_contain_text("No run yet")


def test_a_run_that_is_deleted_is_said_to_be(open_chart, store) -> None:
    training = Training(store)
    page = open_chart(training.id)
    page.until_status("running")
    training.end(RunStatus.STOPPED)
    page.until_status("stopped")
    other = Training(store)
    page.set(run=other.id)
    page.until(f"data.run === '{other.id}' && data.status === 'running'")
    other.writer.set_status(RunStatus.INTERRUPTED)
    store.delete(other.id)
    expect(notice(page)).to_contain_text("This run was deleted")


def test_a_server_that_goes_and_comes_again_loses_nothing(context, tmp_path) -> None:
    server = LabServer(tmp_path / "home", CHART_APP)
    try:
        server.wait_until_up()
        training = Training(Store(server.home))
        training.train(10)
        page = ChartPage(context.new_page(), server, training.id)
        page.until_epochs(10)
        page.plot("window.drawing = plot.querySelector('.main-svg')")
        server.kill()
        expect(page.tab.locator(f"{CHART} .lc-note")).to_contain_text("The connection is lost")
        training.train(7)
        server.start()
        page.until_epochs(17)
        expect(page.tab.locator(f"{CHART} .lc-note")).not_to_contain_text("lost")
        assert page.plot("plot.data[0].x") == list(range(1, 18))
        assert page.plot("plot.querySelector('.main-svg') === window.drawing")
    finally:
        server.kill()
