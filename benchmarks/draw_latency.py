"""Latency of the Draw page: from the end of a stroke to the visible prediction.

    python benchmarks/draw_latency.py [--strokes 30] [--json]

Trains a small convolutional network, and draws with the mouse in headless Chromium: on the Draw
page, and as a baseline on a bare page with only the canvas and a line of text, since the canvas
itself waits 200 milliseconds before it sends a stroke. The two alternate, stroke by stroke, so that
a busy moment of the machine affects both. Then the Draw page is measured while a run trains, and
while another tab imports, exports and evaluates a slow model. Nothing else should run on the
machine.

The time is measured in the browser, from the end of the stroke to the first frame with the digit.
The targets, at the 95th percentile: 150 milliseconds above the bare page, 700 in total while a run
trains, and twice the time without load while another tab keeps the workers busy.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from lab_server import ROOT, free_port, serve, wait_for_engine
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(ROOT))

PATIENCE = 120
#: Seconds after which the busy tab has imported, exported, and evaluated for a while.
BUSY_STEPS = 4
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
#: Small, but with all that takes time in a prediction; its accuracy does not matter.
READER = ("lenet", "--epochs", "1", "--train-size", "4000", "--validation-size", "500")
#: A training that takes longer than the strokes.
OTHER = "mlp-500-500"
CLEAR = ".st-key-draw-clear button"
DRAW_RESULT = ".st-key-draw-result [data-testid=stMetricValue]"
BARE_RESULT = ".st-key-draw-result"

BARE_PAGE = """
import streamlit as st
from streamlit_drawable_canvas import st_canvas

st.session_state.setdefault("cleared", 0)

def clear():
    st.session_state.cleared += 1

drawn = st_canvas(
    stroke_width=18, stroke_color="#FFFFFF", background_color="#000000", width=280, height=280,
    drawing_mode="freedraw", return_image_data=True, key=f"canvas-{st.session_state.cleared}",
)
st.button("Clear", key="draw-clear", on_click=clear)
if drawn.json_data and drawn.json_data.get("objects"):
    with st.container(key="draw-result"):
        st.write("a line of text")
"""

# Measures from the end of the stroke to the first frame after the result appeared.
WATCH = """selector => {
  window.latency = null;
  let ended = null;
  document.addEventListener('mouseup', () => { ended = performance.now(); },
    { capture: true, once: true });
  const observer = new MutationObserver(() => {
    if (ended === null || !document.querySelector(selector)?.innerText.trim()) return;
    observer.disconnect();
    requestAnimationFrame(() => { window.latency = performance.now() - ended; });
  });
  observer.observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


@contextlib.contextmanager
def bare_server(port: int) -> Iterator[None]:
    """Serve the page with only the canvas and a line of text."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        script = Path(folder) / "bare.py"
        script.write_text(BARE_PAGE, "utf-8")
        command = [sys.executable, "-m", "streamlit", "run", str(script)]
        server = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=ROOT,  # the same settings
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            server.terminate()
            server.wait(20)


def train(home: str, preset: str, *options: str) -> None:
    """Train a run before the measurement."""
    command = [sys.executable, "-m", "mnist_core", "train", "--preset", preset, *options]
    environment = os.environ | {"MNIST_LAB_HOME": home}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def open_canvas(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE * 1000)
    for _attempt in range(100):
        with contextlib.suppress(Exception):
            page.goto(address)
            break
        page.wait_for_timeout(100)
    page.locator("canvas.upper-canvas").wait_for()
    return page


def stroke(page: Page, result: str, number: int) -> float:
    """Draw a 0 with small variations; return the milliseconds until the prediction appears."""
    page.locator(CLEAR).click()
    page.locator(result).wait_for(state="detached")
    page.wait_for_timeout(600)  # until the empty canvas has been mounted
    page.evaluate(WATCH, result)
    box = page.locator("canvas.upper-canvas").bounding_box()
    assert box is not None
    points = [
        (
            box["x"] + 140 + (45 + number % 7) * math.sin(turn / 3.2),
            box["y"] + 140 - (80 - number % 5) * math.cos(turn / 3.2),
        )
        for turn in range(21)
    ]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()
    page.wait_for_function("window.latency !== null")
    return float(page.evaluate("window.latency"))


def figures(found: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(found, n=20, method="inclusive")
    return {"strokes": len(found), "median_ms": round(cuts[9]), "p95_ms": round(cuts[18])}


def measure(browser: Browser, strokes: int) -> dict[str, dict[str, float]]:
    bare_port, port = free_port(), free_port()
    address = f"http://localhost:{port}"
    with serve(port) as (_server, home), bare_server(bare_port):
        train(home, *READER)
        wait_for_engine(address)
        bare = open_canvas(browser, f"http://localhost:{bare_port}")
        draw = open_canvas(browser, f"{address}/draw")
        for number in range(3):  # the first strokes load modules and the model
            for page, result in ((bare, BARE_RESULT), (draw, DRAW_RESULT)):
                page.bring_to_front()  # a background page draws no frames
                stroke(page, result, number)
        on_bare, on_draw = [], []
        for number in range(strokes):
            bare.bring_to_front()
            on_bare.append(stroke(bare, BARE_RESULT, number))
            draw.bring_to_front()
            on_draw.append(stroke(draw, DRAW_RESULT, number))
        other = start_training(home)
        try:
            stroke(draw, DRAW_RESULT, 0)
            training = [stroke(draw, DRAW_RESULT, number) for number in range(strokes)]
        finally:
            other()
        with busy_tab(address) as steps:
            busy = []
            while len(busy) < strokes or len(steps) < BUSY_STEPS:
                busy.append(stroke(draw, DRAW_RESULT, len(busy)))
    return {
        "bare page": figures(on_bare),
        "Draw page": figures(on_draw),
        "Draw page while a run trains": figures(training),
        "Draw page beside a busy tab": figures(busy),
    }


@contextlib.contextmanager
def busy_tab(address: str) -> Iterator[list[str]]:
    """Run the busy tab, and yield the list of steps that it has begun."""
    steps: list[str] = []
    command = [sys.executable, Path(__file__).with_name("busy_tab.py"), address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        lines = iter(other.stdout.readline, "")
        steps.append(next(lines).strip())  # the first step has begun
        reader = threading.Thread(target=lambda: steps.extend(lines), daemon=True)
        reader.start()
        try:
            yield steps
        finally:
            other.terminate()
            reader.join()


def start_training(home: str) -> Callable[[], object]:
    """Start a long training on the server; return a function that stops it."""
    from mnist_core.experiment.presets import PRESETS
    from mnist_core.runs import Command, RunStatus, Store

    store = Store(home)
    run = store.create(replace(PRESETS[OTHER].config, epochs=1000), preset=None)
    while store.get(run.id).status is not RunStatus.RUNNING:
        time.sleep(0.1)
    return lambda: store.command(run.id, Command.STOP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strokes", type=int, default=30)
    parser.add_argument("--json", action="store_true", help="print only the figures, as JSON")
    options = parser.parse_args()
    chromium = os.environ.get("MNIST_LAB_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        found = measure(browser, options.strokes)
        browser.close()
    if options.json:
        print(json.dumps(found))
        return
    print(f"{'stroke end → digit on screen':30} {'median':>8} {'p95':>8}")
    for name, row in found.items():
        print(f"{name:30} {row['median_ms']:5.0f} ms {row['p95_ms']:5.0f} ms")
    above = found["Draw page"]["p95_ms"] - found["bare page"]["p95_ms"]
    print(f"{'above the bare page':30} {'':8} {above:5.0f} ms")
    quiet, busy = found["Draw page"], found["Draw page beside a busy tab"]
    ratios = [busy[figure] / quiet[figure] for figure in ("median_ms", "p95_ms")]
    print(f"{'beside a busy tab / quiet':30} {ratios[0]:6.2f} × {ratios[1]:6.2f} ×")


if __name__ == "__main__":
    main()
