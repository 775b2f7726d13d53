"""A browser on a server with only the live chart, and queries of the chart."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, expect

from tests.browser.lab_server import PATIENCE, LabServer

#: The script of a server with only the chart.
CHART_APP = "tests/browser/live_chart_app/app.py"
CHART = ".st-key-live-chart .live-chart"
# Records every stream that is opened and every long task, from the start of the page.
NOTES = """
  window.streams = [];
  window.longTasks = [];
  const Source = window.EventSource;
  window.EventSource = class extends Source {
    constructor(url) { super(url); window.streams.push(this); }
  };
  new PerformanceObserver((list) => list.getEntries().forEach(
    (task) => window.longTasks.push(Math.round(task.duration)))).observe({ type: 'longtask' });
"""


class ChartPage:
    """A tab with the chart of one run, or of no run."""

    def __init__(self, tab: Page, server: LabServer, run: str | None = None) -> None:
        self.tab = tab
        self.server = server
        tab.set_default_timeout(1000 * PATIENCE)
        tab.add_init_script(NOTES)
        self.strangers: list[str] = []
        own = (server.address, server.address.replace("http", "ws"), "data:", "blob:")
        tab.on("request", lambda r: r.url.startswith(own) or self.strangers.append(r.url))
        self.errors: list[str] = []
        tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.open(run)

    def open(self, run: str | None) -> None:
        self.tab.goto(f"{self.server.address}/?run={run}" if run else self.server.address)
        self.tab.wait_for_selector(f"{CHART} .js-plotly-plot")

    @property
    def data(self) -> dict[str, str]:
        """Return the chart's data attributes."""
        return self.tab.locator(CHART).evaluate("element => ({...element.dataset})")

    @property
    def reruns(self) -> int:
        """Return how often the page's script has run."""
        text = self.tab.get_by_text(re.compile(r"^Run \d+ of the page")).inner_text()
        return int(text.split()[1])

    def text(self, part: str) -> str:
        return self.tab.locator(f"{CHART} {part}").inner_text()

    def plot(self, expression: str):
        """Evaluate an expression of Plotly's figure, which is called ``plot``."""
        script = f"plot => {expression}"
        return self.tab.locator(f"{CHART} .js-plotly-plot").evaluate(script)

    def until_plot(self, expression: str) -> None:
        self.tab.wait_for_function(
            f"chart => {{ const plot = document.querySelector(chart); "
            f"return plot && ({expression}) }}",
            arg=f"{CHART} .js-plotly-plot",
        )

    def until_epochs(self, epochs: int) -> None:
        self.until(f"Number(data.epochs) >= {epochs}")

    def until_status(self, status: str) -> None:
        self.until(f"data.status === '{status}'")

    def until(self, condition: str) -> None:
        """Wait until an expression of the chart's data attributes, called ``data``, is true."""
        self.tab.wait_for_function(
            f"chart => {{ const data = document.querySelector(chart)?.dataset; "
            f"return data && ({condition}) }}",
            arg=CHART,
        )

    def set(self, **settings) -> None:
        """Give the chart other settings, like a widget of a page."""
        field = self.tab.get_by_label("Settings")
        field.fill(json.dumps(settings))
        field.press("Enter")
        expect(self.tab.get_by_text(f"Settings now: {json.dumps(settings)}")).to_be_visible()

    def hide(self, hidden: bool = True) -> None:
        """Hide or show the tab, as when another tab comes to the front."""
        self.tab.evaluate(
            """(hidden) => {
                Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
                document.dispatchEvent(new Event('visibilitychange'));
            }""",
            hidden,
        )
