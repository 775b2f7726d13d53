"""The live chart: four curves that grow in the browser while a network trains.

Streamlit draws its own Plotly charts anew at each change, which loses zoom and hover and costs a
rerun for each epoch and viewer. This element is a component of Streamlit's second kind instead:
it stays where it is, reads the run's stream (``ui/live/routes.py``) and draws in place. The page
gives it settings; a change of settings restyles what is drawn.

The browser's part is one module in six files, joined here because a component that is no
installed package hands its script over as text: ``plotly.js`` (load the library), ``stream.js``
(where the epochs come from), ``chart.js`` (what every chart does), ``figure.js`` (what to draw),
``status.js`` (what to say) and ``live_chart.js``, the chart of one run. The chart of the Compare
page uses all but the last.
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

#: Strongest smoothing: the average then reaches back over some hundred epochs.
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
    """Show a run's curves, growing while it trains.

    The page reruns by itself when the run's status changes (it starts, pauses, ends, its test
    figures arrive), never for an epoch. Put it into the container ``state.LIVE_CHART``.

    Args:
        run: The run as the page has just read it; None before there is one.
        known: The run as the rest of the page shows it, where that was read at another moment;
            a change of status since then is what the page reruns for.
        reference: A run of the same task that is drawn faintly behind it.
        criterion: Key of the overfitting criterion whose epochs are marked.
        smoothing: Strength of the moving average over the curves, 0 (off) to MAX_SMOOTHING.
        log_loss: Whether the loss axis is logarithmic.
        series: Keys of the curves to show, of ``ui.common.charts.SERIES``.
        quantity: The number that the task's network predicts; None where that is a class.
        key: Streamlit's key of the element; keep it, and the element survives a change of run.
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
    """Let the browser load plotly.js on a page without a chart, before the next one needs it."""
    _warm_up()(key=key, data={"plotly_version": plotly_version()}, height=1)


def status_token(run: Run) -> str:
    """What the page knows of a run's state; the browser asks for a rerun when it differs."""
    return f"{run.status.value}:{run.version}" if run.settled else run.status.value


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "mnist_lab_live_chart",
        html=(FOLDER / "live_chart.html").read_text("utf-8"),
        css=(FOLDER / "live_chart.css").read_text("utf-8"),
        js=chart_script(FOLDER / "live_chart.js"),
        # In the page's own tree, where its tests and a reader's browser search find it.
        isolate_styles=False,
    )


@cache
def _warm_up() -> ComponentRenderer:
    script = _joined(FOLDER / "plotly.js", FOLDER / "warm_up.js")
    return st.components.v2.component("mnist_lab_warm_up", js=script, isolate_styles=False)


def chart_script(last: Path) -> str:
    """Join the files that all charts share and the file of one chart."""
    shared = ("plotly.js", "stream.js", "figure.js", "status.js", "chart.js")
    return _joined(*(FOLDER / name for name in shared), last)


def _joined(*files: Path) -> str:
    return "\n".join(file.read_text("utf-8") for file in files)


@cache
def plotly_version() -> str:
    """Version of plotly.js that this server hands out."""
    return version("plotly")
