"""The live chart: learning curves that grow in the browser while a network trains.

``st.plotly_chart`` redraws the whole chart at each change, which loses zoom and hover and needs a
rerun per epoch and viewer. This Streamlit component (Components v2) is not replaced: it reads the
run's event stream (``ui/live/routes.py``) and draws in place. The page passes it the settings.

The JavaScript module consists of six files, joined here because a component outside an installed
package passes its script as text: ``plotly.js`` (load the library), ``stream.js`` (event stream),
``figure.js`` (traces and layout), ``status.js`` (texts), ``chart.js`` (base class) and
``live_chart.js`` (the element). The chart of the Compare page uses all but the last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from importlib.metadata import version
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from mnist_core.evaluation.overfitting import CRITERIA, DEFAULT_CRITERION
from mnist_core.runs import Run
from mnist_core.tasks import Quantity
from ui.common.charts import SERIES, chart_style
from ui.common.i18n import _, language
from ui.live import keys
from ui.live.chart.texts import chart_words
from ui.live.feed import ROW_FIELDS

#: Strongest smoothing: an average over about a hundred epochs on each side.
MAX_SMOOTHING = 0.99

FOLDER = Path(__file__).parent


def live_chart(
    run: Run | None,
    *,
    known: Run | None = None,
    reference: Run | None = None,
    criterion: str = DEFAULT_CRITERION,
    smoothing: float = 0.0,
    log_loss: bool = False,
    series: Collection[str] = tuple(SERIES),
    quantity: Quantity | None = None,
    key: str = keys.CHART_ELEMENT,
    on_status_change: Callable[[], None] = lambda: None,
) -> None:
    """Show the learning curves of a run, live while it trains.

    The page reruns when the run's status changes (it starts, pauses or ends, or its test result
    arrives), but not for an epoch.

    Args:
        run: The run as just read; None if there is no run yet.
        known: The run as the rest of the page shows it, if that was read earlier; the page reruns
            if the status has changed since.
        reference: The previous run of the same task, drawn faintly for comparison; None for none.
        criterion: Key of the overfitting criterion whose epochs are marked.
        smoothing: Strength of the moving average, from 0 (off) to MAX_SMOOTHING.
        log_loss: Whether the loss axis is logarithmic.
        series: Keys of ``ui.common.charts.SERIES`` to show.
        quantity: What a regression task predicts; None for classification.
        key: Streamlit key; with the same key, the element remains when the run changes.
        on_status_change: Called before the rerun after a change of status.
    """
    known = known or run
    _component()(
        key=key,
        data={
            "run": run.id if run else None,
            "reference": {"id": reference.id, "name": reference.name} if reference else None,
            "known_status": status_token(known) if known else None,
            "known_version": known.version if known else None,
            "criterion": criterion,
            "criterion_label": _(CRITERIA[criterion].label),
            "smoothing": min(max(smoothing, 0.0), MAX_SMOOTHING),
            "log_loss": log_loss,
            "series": sorted(series),
            "row_fields": ROW_FIELDS,
            "style": chart_style(_, quantity),
            "words": chart_words(),
            "locale": language().replace("_", "-"),
            "plotly_version": plotly_version(),
        },
        on_status_change=on_status_change,
    )


def warm_up(key: str = keys.CHART_WARM_UP) -> None:
    """Let the browser load plotly.js on a page without a chart, for the next page."""
    _warm_up()(key=key, data={"plotly_version": plotly_version()}, height=1)


def status_token(run: Run) -> str:
    """Return a token of a run's state; the browser requests a rerun when it changes."""
    return f"{run.status.value}:{run.version}" if run.settled else run.status.value


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "mnist_lab_live_chart",
        html=(FOLDER / "live_chart.html").read_text("utf-8"),
        css=(FOLDER / "live_chart.css").read_text("utf-8"),
        js=chart_script(FOLDER / "live_chart.js"),
        # No shadow DOM, so that tests and the browser's search find the element.
        isolate_styles=False,
    )


@cache
def _warm_up() -> ComponentRenderer:
    script = _joined(FOLDER / "plotly.js", FOLDER / "warm_up.js")
    return st.components.v2.component("mnist_lab_warm_up", js=script, isolate_styles=False)


def chart_script(element: Path) -> str:
    """Join the files that all charts share and the file of one chart."""
    shared = ("plotly.js", "stream.js", "figure.js", "status.js", "chart.js")
    return _joined(*(FOLDER / name for name in shared), element)


def _joined(*files: Path) -> str:
    return "\n".join(file.read_text("utf-8") for file in files)


@cache
def plotly_version() -> str:
    """Return the version of plotly.js on this server."""
    return version("plotly")
