"""Latency of the live chart: from the store to the screen.

    python benchmarks/live_latency.py http://localhost:8501 RUN_ID

Watches a run that is being trained, in headless Chromium, on a running server. For each update of
the chart it compares the time at which the chart reports its number of epochs (the attribute
data-epochs, set after drawing) with the time at which each of these epochs was written to the
store (recorded_at). Both are times of this machine's clock, so run it where the server runs. Epochs
that were written while the page and plotly.js were loading are not counted. Ends when the run ends,
or after --seconds.

The target: 95 of 100 epochs are drawn within 150 milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# The first update shows all earlier epochs; after this time, there is no such backlog.
SETTLE_MILLISECONDS = 500

# Records when each number of epochs first appeared on the chart, in milliseconds since 1970.
WATCH = """() => {
  const chart = document.querySelector('.live-chart');
  window.drawn = [];
  const note = () => window.drawn.push(
    [Number(chart.dataset.epochs), performance.timeOrigin + performance.now()]);
  note();
  new MutationObserver(note).observe(chart, { attributeFilter: ['data-epochs'] });
  window.longTasks = [];
  new PerformanceObserver((list) => list.getEntries().forEach((task) =>
    window.longTasks.push(task.duration))).observe({ type: 'longtask' });
}"""


def recorded_at(base: str, run_id: str) -> list[float]:
    """Return when each epoch of a run was written, in seconds since 1970."""
    times: list[float] = []
    with urllib.request.urlopen(f"{base}/live/events?runs={run_id}", timeout=30) as stream:
        for line in stream:
            if not line.startswith(b"data: {") or len(line) < 10:
                continue
            message = json.loads(line[6:])
            times[message.get("reset_to", len(times)) :] = []
            times += [row[6] for row in message["rows"]]
            if not message["more"]:
                break
    return times


def latencies(drawn: list[list[float]], written: list[float]) -> list[float]:
    """Return the milliseconds from store to screen for each epoch drawn while watching."""
    found = []
    shown = int(drawn[0][0])
    for epochs, moment in drawn[1:]:
        found += [moment - 1000 * written[epoch] for epoch in range(shown, int(epochs))]
        shown = max(shown, int(epochs))
    return found


def watch(page: Page, seconds: float) -> tuple[list[list[float]], list[float]]:
    """Return the updates and long tasks of the page until the run ends."""
    page.wait_for_selector('.live-chart[data-status="running"]', timeout=60_000)
    page.wait_for_selector('.live-chart:not([data-epochs="0"])', timeout=60_000)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.evaluate(WATCH)
    ended = ".live-chart:not([data-status=running], [data-status=queued], [data-status=paused])"
    try:
        page.wait_for_selector(ended, timeout=1000 * seconds)
    except Exception as error:
        if "Timeout" not in type(error).__name__:
            raise
    return page.evaluate("window.drawn"), page.evaluate("window.longTasks")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base", help="address of the server, e.g. http://localhost:8501")
    parser.add_argument("run_id")
    parser.add_argument("--page", default="train", help="page that shows /PAGE?run=RUN_ID")
    parser.add_argument("--seconds", type=float, default=60, help="longest time to watch")
    options = parser.parse_args()
    chromium = os.environ.get("MNIST_LAB_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(f"{options.base}/{options.page}?run={options.run_id}")
        drawn, long_tasks = watch(page, options.seconds)
        browser.close()
    found = latencies(drawn, recorded_at(options.base, options.run_id))
    if len(found) < 20:
        sys.exit("Too few epochs were drawn while watching; choose a longer run.")
    cuts = statistics.quantiles(found, n=100)
    seconds = (drawn[-1][1] - drawn[0][1]) / 1000
    figures = {
        "epochs": len(found),
        "epochs_per_second": round(len(found) / seconds, 1),
        "drawings_per_second": round((len(drawn) - 1) / seconds, 1),
        "median_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
        "longest_task_ms": round(max(long_tasks, default=0)),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
