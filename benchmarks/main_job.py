"""Waiting times in a real browser, from the server's start to its end.

    python benchmarks/main_job.py [--rounds 3] [--json]

Each round starts a server with an empty home and runs the first experiment in headless Chromium.
Nothing else should run on the machine. Figures are seconds: the median and the maximum of the
rounds. Chromium is the one on the PATH, or MNIST_LAB_CHROMIUM.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import time
from collections.abc import Callable

from lab_server import free_port, serve, wait_for_engine
from playwright.sync_api import Browser, Page, sync_playwright

PATIENCE = 120
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
CHART = ".st-key-live-chart [data-run]"
DRAWN = """([chart, before, epochs]) => {
    const data = document.querySelector(chart)?.dataset;
    return data && data.run !== before && +data.epochs >= epochs;
}"""


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def open_start_page(page: Page, address: str) -> None:
    """Load the start page as soon as the server answers, and wait for its first button."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(address.rsplit(":", 1)[1]))) == 0:
                break
        time.sleep(0.02)
    page.goto(address)
    page.locator(".st-key-start-overfit-700 button:enabled").wait_for()


def start(page: Page, epochs: int) -> None:
    """Press Start and wait until a number of epochs is drawn."""
    before = page.locator(CHART).get_attribute("data-run") or ""
    page.locator(".st-key-train-start button").click()
    page.wait_for_function(DRAWN, arg=[CHART, before, epochs])


def stop(page: Page) -> None:
    page.locator(".st-key-train-stop button").click()
    page.wait_for_selector(f"{CHART}[data-status=stopped]", state="attached")


def measure(browser: Browser) -> dict[str, float]:
    figures = {}
    port = free_port()
    address = f"http://localhost:{port}"
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    began = time.perf_counter()
    with serve(port) as (server, _):
        try:
            open_start_page(page, address)
            figures["server's start to a usable first page"] = time.perf_counter() - began
            wait_for_engine(address)
            figures["server's start to a ready engine"] = time.perf_counter() - began
            page.goto(f"{address}/train?preset=overfit-700")
            page.locator(".st-key-train-start button").wait_for()
            page.wait_for_timeout(1500)
            name = "Start to the first point, shape new to the worker"
            figures[name] = seconds(lambda: start(page, 1))
            page.wait_for_selector(f"{CHART}[data-status=finished]", state="attached")
            page.wait_for_timeout(1500)
            name = "Start to the first point, shape known to the worker"
            figures[name] = seconds(lambda: start(page, 1))
            page.wait_for_selector(f"{CHART}[data-status=finished]", state="attached")
            page.wait_for_timeout(1500)
            figures["Start to 1,000 epochs drawn, warm"] = seconds(lambda: start(page, 1000))
            page.wait_for_timeout(1500)
            start(page, 100)
            figures["Stop pressed to stopped"] = seconds(lambda: stop(page))
            page.wait_for_timeout(1500)
            start(page, 100)
            server.send_signal(signal.SIGTERM)
            figures["SIGTERM with a chart open to the end"] = seconds(lambda: server.wait(60))
        finally:
            context.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    chromium = os.environ.get("MNIST_LAB_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        rounds = [measure(browser) for _ in range(options.rounds)]
        browser.close()
    figures = {
        name: {"median": statistics.median(values), "worst": max(values)}
        for name, values in ((name, [r[name] for r in rounds]) for name in rounds[0])
    }
    if options.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:52} {figure['median']:6.2f}  worst {figure['worst']:6.2f}")


if __name__ == "__main__":
    main()
