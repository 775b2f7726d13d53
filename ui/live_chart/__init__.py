"""The live chart: four curves that grow in the browser while a network trains.

Streamlit draws its own Plotly charts anew at each change, which loses zoom and hover and costs a
rerun for each epoch and viewer. This element is a component of Streamlit's second kind instead:
it stays where it is, reads the run's stream (``ui/live_routes.py``) and draws in place. The page
gives it settings; a change of settings restyles what is drawn.

The browser's part is written as one module in three files, joined here because a component that
is no installed package hands its script over as text: ``figure.js`` (what to draw), ``status.js``
(what to say) and ``live_chart.js`` (when, and from where).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from importlib.metadata import version
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from mnist_core.overfitting import CRITERIA, DEFAULT_CRITERION
from mnist_core.runs import Run
from ui.charts import SERIES, chart_style
from ui.live_chart.words import chart_words
from ui.text import _

#: Strongest smoothing: the average then reaches back over some hundred epochs.
MAX_SMOOTHING = 0.99

_FOLDER = Path(__file__).parent
_SCRIPTS = ("figure.js", "status.js", "live_chart.js")


def live_chart(
    run: Run | None,
    *,
    criterion: str = DEFAULT_CRITERION,
    smoothing: float = 0.0,
    log_loss: bool = False,
    series: Collection[str] = tuple(SERIES),
    key: str = "live-chart-element",
    on_status_change: Callable[[], None] = lambda: None,
) -> None:
    """Show a run's curves, growing while it trains.

    The page reruns by itself when the run's status changes (it starts, pauses, ends, its test
    figures arrive), never for an epoch. Put it into ``st.container(key="live-chart")``.

    Args:
        run: The run as the page has just read it; None before there is one.
        criterion: Key of the overfitting criterion whose epochs are marked.
        smoothing: Strength of the moving average over the curves, 0 (off) to MAX_SMOOTHING.
        log_loss: Whether the loss axis is logarithmic.
        series: Keys of the curves to show, of ``ui.charts.SERIES``.
        key: Streamlit's key of the element; keep it, and the element survives a change of run.
        on_status_change: Called before the rerun after a change of status.
    """
    _component()(
        key=key,
        data={
            "run": run.id if run else None,
            "known_status": status_token(run) if run else None,
            "criterion": criterion,
            "criterion_label": _(CRITERIA[criterion].label),
            "smoothing": min(max(smoothing, 0.0), MAX_SMOOTHING),
            "log_loss": log_loss,
            "series": sorted(series),
            "style": chart_style(_),
            "words": chart_words(),
            # Translators: the code of your language for writing numbers, such as zh-CN.
            "locale": _("en-GB"),
            "plotly_version": version("plotly"),
        },
        on_status_change=on_status_change,
    )


def status_token(run: Run) -> str:
    """What the page knows of a run's state; the browser asks for a rerun when it differs."""
    return f"{run.status.value}:{run.version}" if run.settled else run.status.value


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "mnist_lab_live_chart",
        html=(_FOLDER / "live_chart.html").read_text("utf-8"),
        css=(_FOLDER / "live_chart.css").read_text("utf-8"),
        js="\n".join((_FOLDER / name).read_text("utf-8") for name in _SCRIPTS),
        # In the page's own tree, where its tests and a reader's browser search find it.
        isolate_styles=False,
    )
