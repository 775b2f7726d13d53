"""Waiting times of a visitor in the first minute, relative to reference times of the machine.

    python benchmarks/first_minute.py [--rounds 3] [--presets KEY …] [--json]

Times differ by a factor of two between machines, so each pair is measured in the same round, with
the same Chromium, and the ratio is reported:

1. server started → first page usable, relative to a Streamlit app of one line;
2. server started → engine ready, relative to that app's first page plus ``import tensorflow`` in a
   new process;
3. Start → first point in the chart, for each preset the first time in its worker and the second;
4. Start → 1,000 epochs of overfit-700 drawn, relative to the training time of
   ``python -m mnist_core train``;
5. page opened → prediction of a network that comes with the lab, relative to five seconds: Draw as
   soon as the engine is ready, then the other pages one after another.

Nothing else should run on the machine. Chromium is the one on the PATH, or MNIST_LAB_CHROMIUM.
Presets whose data is not on this machine are skipped.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from lab_server import ROOT, free_port, serve, wait_for_engine
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(ROOT))

from mnist_core.examples import known_examples
from mnist_core.experiment.presets import PRESETS

PATIENCE = 240
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
CHART = ".st-key-live-chart [data-run]"
DRAWN = """([chart, before, epochs]) => {
    const data = document.querySelector(chart)?.dataset;
    return data && data.run !== before && +data.epochs >= epochs;
}"""
BARE = 'import streamlit as st\n\nst.button("Start")\n'
#: Target: the largest ratio of each pair.
BARS = {
    "first page": 1.5,
    "engine ready": 1.2,
    "answer": 1.0,
    "first point": 1.5,
    "1,000 epochs": 1.3,
}
ANSWER_SECONDS = 5.0
#: Selector of each page that appears with a network's prediction.
ANSWERS = {
    "draw": ".st-key-draw-result [data-testid=stMetricValue]",
    "ask?run={imdb}": ".st-key-ask-answer [data-testid=stMetricValue]",
    "ask?run={reuters}": ".st-key-ask-answer [data-testid=stMetricValue]",
    "ask?run={boston}": ".st-key-ask-answer [data-testid=stMetricValue]",
    "evaluate": ".st-key-evaluate-matrix .js-plotly-plot",
    "models?run={mlp-512}": ".lab-network svg",
    "train": f"{CHART}[data-status=finished]",
}
#: Seconds for which a preset with long epochs is watched at least, until its first point.
SETTLE_SECONDS = 1.5
#: Workers are idle when they use less than this fraction of a processor for so many seconds.
REST, REST_SECONDS = 0.1, 3.0

Pair = tuple[float, float]


@contextlib.contextmanager
def serve_bare(port: int) -> Iterator[None]:
    """Start a Streamlit app of one line."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "app.py"
        script.write_text(BARE)
        command = [sys.executable, "-m", "streamlit", "run", str(script)]
        options = ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
        server = subprocess.Popen(
            [*command, *options, "--server.port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            server.terminate()
            server.wait(20)


def new_page(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE * 1000)
    return context.new_page()


def open_first_page(page: Page, port: int) -> None:
    """Load the page as soon as the server answers, and wait for its first button."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    page.goto(f"http://localhost:{port}")
    page.locator("[data-testid=stMain] button:visible").first.wait_for()


def bare_start(browser: Browser) -> float:
    port, page = free_port(), new_page(browser)
    began = time.perf_counter()
    with serve_bare(port):
        open_first_page(page, port)
        taken = time.perf_counter() - began
        page.context.close()
    return taken


def import_tensorflow() -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "import tensorflow"], check=True, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - began


def training_seconds() -> float:
    """Return the training time of overfit-700 on the command line, without start-up."""
    with tempfile.TemporaryDirectory() as home:
        command = ["-m", "mnist_core", "train", "--preset", "overfit-700", "--json"]
        result = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=os.environ | {"MNIST_LAB_HOME": home},
            check=True,
            capture_output=True,
            text=True,
        )
    seconds: float = json.loads(result.stdout)["seconds"]
    return seconds


def start(page: Page, epochs: int) -> float:
    """Press Start; return the seconds until a number of epochs is drawn."""
    chart = page.locator(CHART)
    before = (chart.get_attribute("data-run") if chart.count() else "") or ""
    button = page.locator(".st-key-train-start button:enabled")
    button.wait_for()
    began = time.perf_counter()
    button.click()
    page.wait_for_function(DRAWN, arg=[CHART, before, epochs])
    return time.perf_counter() - began


def stop(page: Page) -> None:
    """Stop the run on the page unless it has ended."""
    button = page.locator(".st-key-train-stop button:enabled")
    with contextlib.suppress(Exception):
        button.click(timeout=1000)
    ended = ",".join(f"{CHART}[data-status={status}]" for status in ("finished", "stopped"))
    page.wait_for_selector(ended, state="attached")
    page.wait_for_timeout(1000 * SETTLE_SECONDS)


def answer(page: Page, address: str, path: str) -> float:
    """Open a page; return the seconds until it shows a network's prediction."""
    ids = {key: example.id for key, example in known_examples().items()}
    began = time.perf_counter()
    page.goto(f"{address}/{path.format(**ids)}")
    if path == "draw":
        canvas = page.locator(".st-key-draw-canvas canvas.upper-canvas")
        canvas.wait_for()
        box = canvas.bounding_box()
        assert box
        for part, (x, y) in enumerate([(0.3, 0.25), (0.7, 0.25), (0.45, 0.8)]):  # a 7
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
            if part == 0:
                page.mouse.down()
        page.mouse.up()
    if path.startswith("models"):
        page.locator(".st-key-models-section").get_by_role("radio").nth(2).click()
    page.locator(ANSWERS[path]).first.wait_for()
    return time.perf_counter() - began


def wait_until_compiled(server: int) -> None:
    """Wait until the workers are idle, after they have compiled the presets.

    Args:
        server: Process id of the server.
    """
    end = time.monotonic() + PATIENCE
    before: dict[int, float] = {}
    while time.monotonic() < end:
        now = {}
        for worker in psutil.Process(server).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # the process has just ended
                times = worker.cpu_times()
                now[worker.pid] = times.user + times.system
        used = sum(seconds - before.get(number, 0) for number, seconds in now.items())
        if now.keys() == before.keys() and used < REST * REST_SECONDS:
            return
        before = now
        time.sleep(REST_SECONDS)
    raise TimeoutError("the workers did not come to rest")


def measure(browser: Browser, presets: list[str]) -> dict[str, Pair]:
    bare = bare_start(browser)
    tensorflow = import_tensorflow()
    shell = training_seconds()
    pairs: dict[str, Pair] = {}
    port, page = free_port(), new_page(browser)
    address = f"http://localhost:{port}"
    began = time.perf_counter()
    with serve(port) as (server, _home):
        open_first_page(page, port)
        pairs["first page"] = (time.perf_counter() - began, bare)
        wait_for_engine(address)
        pairs["engine ready"] = (time.perf_counter() - began, bare + tensorflow)
        for path in ANSWERS:
            pairs[f"answer, {path}"] = (answer(page, address, path), ANSWER_SECONDS)
        wait_until_compiled(server.pid)
        for key in presets:
            page.goto(f"{address}/train?preset={key}")
            page.wait_for_timeout(1000 * SETTLE_SECONDS)
            first = start(page, 1)
            stop(page)
            page.goto(f"{address}/train?preset={key}")
            page.wait_for_timeout(1000 * SETTLE_SECONDS)
            pairs[f"first point, {key}"] = (first, start(page, 1))
            stop(page)
        page.goto(f"{address}/train?preset=overfit-700")
        page.wait_for_timeout(1000 * SETTLE_SECONDS)
        pairs["1,000 epochs"] = (start(page, 1000), shell)
        page.context.close()
    return pairs


def available(key: str) -> bool:
    """Return whether a preset's data is in the package or in Keras's cache."""
    from mnist_core.tasks import keras_data

    source = keras_data.SOURCES.get(PRESETS[key].config.task)
    return source is None or all((keras_data.keras_cache() / one).exists() for one in source.files)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--presets", nargs="*", choices=list(PRESETS), default=list(PRESETS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    presets = [key for key in options.presets if available(key)]
    chromium = os.environ.get("MNIST_LAB_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        rounds = [measure(browser, presets) for _ in range(options.rounds)]
        browser.close()
    figures = {}
    for name in rounds[0]:
        ours, theirs = (statistics.median(one[name][side] for one in rounds) for side in (0, 1))
        bar = next(bar for row, bar in BARS.items() if name.startswith(row))
        ratio = statistics.median(one[name][0] / one[name][1] for one in rounds)
        figures[name] = {"seconds": ours, "beside": theirs, "ratio": ratio, "at_most": bar}
    if options.json:
        print(json.dumps(figures))
    else:
        print(f"{'':34} seconds  beside   ratio  at most")
        for name, one in figures.items():
            numbers = f"{one['seconds']:7.2f} {one['beside']:7.2f} {one['ratio']:7.2f}"
            print(f"{name:34} {numbers} {one['at_most']:8.1f}")
    return int(any(one["ratio"] > one["at_most"] for one in figures.values()))


if __name__ == "__main__":
    sys.exit(main())
