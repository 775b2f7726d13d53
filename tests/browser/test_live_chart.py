"""The live chart in Chromium: it grows in place and keeps what the reader has set."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from mnist_core.runs import RunStatus
from tests.browser.lab_server import LabServer
from tests.browser.live_chart_page import CHART, ChartPage
from tests.live_training import BEST_EPOCH, Training, record


@pytest.fixture
def open_chart(browser: Browser, server: LabServer):
    """Opens a chart in a tab of its own; the tab may ask no other host and raise no error."""
    contexts, pages = [], []

    def open_(run: str | None = None, width: int = 1280, **options) -> ChartPage:
        viewport = {"width": width, "height": 844}
        contexts.append(browser.new_context(viewport=viewport, **options))
        pages.append(ChartPage(contexts[-1].new_page(), server, run))
        return pages[-1]

    yield open_
    for context in contexts:
        context.close()
    for page in pages:
        assert page.strangers == []
        assert page.errors == []


def train_beside(training: Training, epochs: int, per_second: float) -> threading.Thread:
    thread = threading.Thread(target=training.live, args=(epochs, per_second))
    thread.start()
    return thread


def test_it_fills_the_screen_with_larger_words(open_chart, store) -> None:
    training = Training(store)
    training.train(20)
    page = open_chart(training.id)
    page.until_epochs(20)
    size = "parseFloat(getComputedStyle(plot.querySelector('.xtitle')).fontSize)"
    before = page.plot(size)
    page.tab.locator(".lc-full").click()
    page.until_plot(f"document.fullscreenElement && {size} > {before}")
    inside = "document.fullscreenElement.scrollHeight <= innerHeight"
    page.until_plot(inside)
    page.tab.locator(".lc-full").click()
    page.until_plot(f"!document.fullscreenElement && {size} === {before}")


def test_it_grows_in_place_without_a_rerun_and_keeps_hover_and_zoom(open_chart, store) -> None:
    training = Training(store, epochs=400)
    training.train(50)
    page = open_chart(training.id)
    page.until_epochs(50)
    page.tab.evaluate("chart => { window.node = document.querySelector(chart) }", CHART)
    page.plot("window.drawing = plot.querySelector('.main-svg')")
    reruns = page.reruns
    beside = train_beside(training, 150, 50)

    box = page.tab.locator(f"{CHART} .js-plotly-plot").bounding_box()
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 3
    page.tab.mouse.move(x, y)
    page.until_plot("plot.querySelector('.hoverlayer .legend')")
    gone = page.plot(
        """new Promise((done) => {
            let frames = 0, gone = 0;
            const look = () => {
              gone += plot.querySelector('.hoverlayer .legend') ? 0 : 1;
              if (++frames === 60) done(gone); else requestAnimationFrame(look);
            };
            look();
        })"""
    )
    hover = page.plot("plot.querySelector('.hoverlayer .legend').textContent")
    assert gone == 0, "the hover label vanished while epochs came"
    for label in ("Epoch", "Training loss", "Validation loss", "Training acc", "Validation acc"):
        assert label in hover

    page.tab.mouse.down()
    page.tab.mouse.move(x + 100, y + 60, steps=5)
    page.tab.mouse.up()
    page.until_plot("plot.layout.xaxis.range[1] < 150")
    zoomed = page.plot("[plot.layout.xaxis.range, plot.layout.yaxis.range]")
    beside.join()
    page.until_epochs(200)
    assert page.plot("[plot.layout.xaxis.range, plot.layout.yaxis.range]") == zoomed
    assert page.plot("plot.querySelector('.main-svg') === window.drawing")
    assert page.tab.evaluate("document.querySelectorAll('[data-run]').length") == 1
    assert page.tab.evaluate("chart => document.querySelector(chart) === window.node", CHART)
    assert page.reruns == reruns

    page.tab.get_by_role("button", name="Show all epochs").click()
    page.until_plot("plot.layout.xaxis.range[1] > 200")
    expect(page.tab.get_by_role("button", name="Show all epochs")).to_be_hidden()


def test_a_refresh_in_mid_run_shows_all_points_again(open_chart, store) -> None:
    training = Training(store)
    training.train(20)
    page = open_chart(training.id)
    page.until_epochs(20)
    training.train(5)
    page.until_epochs(25)
    page.tab.reload()
    page.until_epochs(25)
    assert page.plot("plot.data[0].x") == list(range(1, 26))


def test_the_overfitting_is_marked_as_the_chosen_criterion_finds_it(open_chart, store) -> None:
    training = Training(store)
    training.train(BEST_EPOCH)
    page = open_chart(training.id)
    page.until_epochs(BEST_EPOCH)
    assert page.data["overfitEpoch"] == ""
    assert page.text(".lc-verdict"), "the chart says that nothing was detected"
    assert page.plot("(plot.layout.shapes ?? []).length") == 0

    training.train(60)
    page.until(f"data.overfitEpoch === '{BEST_EPOCH}'")
    shaded, line, noticed = page.plot("plot.layout.shapes.map(({x0, x1}) => [x0, x1])")
    assert shaded == [BEST_EPOCH, BEST_EPOCH + 60]
    assert line == [BEST_EPOCH, BEST_EPOCH]
    assert noticed == [BEST_EPOCH + 10, BEST_EPOCH + 10]
    assert page.plot("plot.layout.annotations[0].text") == f"Best epoch {BEST_EPOCH}"
    assert f"epoch is {BEST_EPOCH}," in page.text(".lc-verdict")

    page.set(criterion="gl")
    page.until_plot(f"plot.layout.shapes[2]?.x0 > {BEST_EPOCH + 10}")
    assert "Generalisation loss" in page.text(".lc-verdict")
    assert page.tab.evaluate("window.streams.length") == 1, "the criterion asked the server"


def test_a_change_of_the_learning_rate_is_marked(open_chart, store) -> None:
    training = Training(store)
    training.train(9)
    page = open_chart(training.id)
    page.until_epochs(9)
    training.write([replace(record(epoch), learning_rate=0.0004) for epoch in range(10, 15)])
    page.until_epochs(14)
    assert page.plot("plot.layout.shapes.map(({x0, x1}) => [x0, x1])") == [[9.5, 9.5]]
    assert page.plot("plot.layout.annotations[0].text") == "learning rate 0.0004"


def test_settings_restyle_what_is_drawn(open_chart, store) -> None:
    training = Training(store)
    training.train(80)
    page = open_chart(training.id)
    page.until_epochs(80)
    page.plot("window.drawing = plot.querySelector('.main-svg')")
    measured = page.plot("plot.data[1].y")

    page.set(smoothing=0.9, log_loss=True, series=["loss", "val_loss"])
    page.until_plot("plot.data.length === 8 && plot.layout.yaxis.type === 'log'")
    assert page.plot("plot.data.map((line) => line.visible)") == [True, True, False, False] * 2
    assert page.plot("plot.data[1].y") == measured
    assert page.plot("plot.data[5].customdata") == measured, "read off is what was measured"
    smoothed = page.plot("plot.data[5].y")
    assert smoothed[0] < measured[0]
    assert abs(smoothed.index(min(smoothed)) + 1 - BEST_EPOCH) < 12, "smoothing moved the minimum"

    page.set()
    page.until_plot("plot.data.length === 4 && plot.layout.yaxis.type === 'linear'")
    assert page.plot("plot.querySelector('.main-svg') === window.drawing")
    assert page.tab.evaluate("window.streams.length") == 1


def test_another_run_takes_the_place_of_the_first_in_the_same_chart(open_chart, store) -> None:
    one, other = Training(store), Training(store)
    one.train(30)
    other.train(12)
    page = open_chart(one.id)
    page.until_epochs(30)
    page.plot("window.drawing = plot.querySelector('.main-svg')")
    page.set(run=other.id)
    page.until(f"data.run === '{other.id}' && data.epochs === '12'")
    assert page.plot("plot.querySelector('.main-svg') === window.drawing")
    open_streams = "window.streams.filter((stream) => stream.readyState !== 2).length"
    assert page.tab.evaluate(open_streams) == 1


def test_it_follows_the_theme_at_once(open_chart, store) -> None:
    training = Training(store)
    training.train(80)
    page = open_chart(training.id, color_scheme="light")
    page.until_epochs(80)
    light = page.plot(
        "[plot.layout.paper_bgcolor, plot.layout.font.color, plot.data[0].line.color]"
    )
    page.plot("window.drawing = plot.querySelector('.main-svg')")
    page.tab.emulate_media(color_scheme="dark")
    page.until_plot(f"plot.layout.paper_bgcolor !== '{light[0]}'")
    dark = page.plot("[plot.layout.paper_bgcolor, plot.layout.font.color, plot.data[0].line.color]")
    assert not set(light) & set(dark)
    assert page.plot("plot.querySelector('.main-svg') === window.drawing")
    fonts = "document.fonts.check('13px ' + plot.layout.font.family)"
    assert page.plot("plot.layout.font.family").startswith('"Source Sans"')
    assert page.plot(fonts)


@pytest.mark.parametrize(
    ("width", "best"),
    [
        (390, 3),
        (390, 118),
        (1280, 60),
        pytest.param(390, 60, marks=pytest.mark.slow),
        pytest.param(1280, 3, marks=pytest.mark.slow),
        pytest.param(1280, 118, marks=pytest.mark.slow),
    ],
)
def test_no_label_is_cut(open_chart, store, width: int, best: int) -> None:
    training = Training(store, epochs=120)
    training.train(120)
    training.end()
    page = open_chart(training.id, width=width)
    page.until_epochs(120)
    first = BEST_EPOCH - best  # puts the label anywhere, the ends of the axis included
    page.plot(f"Plotly.relayout(plot, {{'xaxis.range': [{first}, {first + 120}]}})")
    side = "left" if best < 60 else "right"
    page.until_plot(f"plot.layout.annotations[0].xanchor === '{side}'")
    cut = page.plot(
        """[...plot.querySelectorAll('svg text')].filter((text) => {
            const [inner, outer] = [text, plot].map((one) => one.getBoundingClientRect());
            const inside = inner.left > outer.left - 1 && inner.right < outer.right + 1
              && inner.top > outer.top - 1 && inner.bottom < outer.bottom + 1;
            return inner.width > 0 && !inside;
        }).map((text) => text.textContent)"""
    )
    assert cut == []
    cells = f"{CHART} .lc-cell dd, {CHART} .lc-cell dt, {CHART} .lc-legend li"
    too_wide = "cells => cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length"
    assert page.tab.locator(cells).evaluate_all(too_wide) == 0
    assert page.tab.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_jumps_while_it_trains(open_chart, store) -> None:
    training = Training(store)
    page = open_chart(training.id)
    places = """parts => parts.map((part) => {
        const box = part.getBoundingClientRect();
        return [box.top, box.height].map(Math.round);
    })"""
    parts = page.tab.locator(
        f"{CHART} :is(.lc-status, .lc-note, .lc-figure, .lc-legend, .lc-verdict)"
    )
    page.until_status("running")
    before = parts.evaluate_all(places)
    training.batches(3, 70)
    training.train(100)
    training.batches(5, 70)
    page.until_epochs(100)
    page.until("document.querySelector('.lc-note').textContent !== ''")
    assert parts.evaluate_all(places) == before


def test_twenty_thousand_epochs_do_not_freeze_the_tab(open_chart, store) -> None:
    training = Training(store, epochs=20_000)
    training.train(19_900)
    page = open_chart(training.id)
    page.until_epochs(19_900)
    page.tab.evaluate("window.longTasks.length = 0")
    train_beside(training, 100, 50).join()
    page.until_epochs(20_000)
    longest = max(page.tab.evaluate("window.longTasks"), default=0)
    # A tenth of a second, usually; where other things keep the machine busy it takes its time.
    assert longest < 3000, f"the tab stood still for {longest} ms"


def test_the_chart_is_there_in_words(open_chart, store) -> None:
    training = Training(store, epochs=120)
    training.train(120)
    training.end()
    page = open_chart(training.id)
    page.until_status("finished")
    page.until_epochs(120)
    image = page.tab.get_by_role("img", name="Finished, epoch 120 of 120.")
    expect(image).to_be_visible()
    spoken = page.tab.locator(f"{CHART} [aria-live=polite]")
    expect(spoken).to_contain_text("Validation accuracy")
    expect(spoken).to_contain_text(f"The best epoch is {BEST_EPOCH}")


def test_the_status_line_says_how_far_and_how_fast(open_chart, store) -> None:
    training = Training(store, epochs=1200)
    training.live(30, 30)
    training.batches(35, 70)
    page = open_chart(training.id)
    page.until_epochs(30)
    assert page.text(".lc-state dd") == "Running"
    assert page.text(".lc-epoch dd") == "30 of 1,200"
    assert "epochs/s" in page.text(".lc-speed dd")
    assert ":" in page.text(".lc-left dd")
    assert page.text(".lc-note") == "Batch 35 of 70 in this epoch"
    training.writer.set_status(RunStatus.PAUSED)
    page.until_status("paused")
    assert page.text(".lc-left dd") == "–"
