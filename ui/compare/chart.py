"""The chart of the Compare page: one curve of up to eight runs, live while they train."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from mnist_core.runs import Run
from ui.common.charts import chart_style
from ui.common.i18n import _, language
from ui.common.run_styles import run_style
from ui.compare import keys
from ui.compare.choice import X_AXES, curve_labels
from ui.live import chart
from ui.live.chart.texts import chart_words
from ui.live.feed import ROW_FIELDS

_FOLDER = Path(__file__).parent


def compare_chart(runs: Sequence[Run]) -> None:
    """Show the chosen curve of some runs; the page reruns when the status of one changes."""
    quantity = runs[0].config.quantity
    words = chart_words() | {
        "x_axis": _(X_AXES[keys.X_AXIS.get()]),
        "curve": _(curve_labels(runs)[keys.CURVE.get()]),
        "run_summary": _(
            "{name}: {curve} {best} at its best epoch, {epoch}, and {last} at its last epoch."
        ),
    }
    _component()(
        key=keys.CHART_ELEMENT,
        data={
            "runs": [
                run_style(run).to_dict()
                | {
                    "id": run.id,
                    "name": run.name,
                    "samples": run.config.train_size,
                    "known_status": chart.status_token(run),
                }
                for run in runs
            ],
            "curve": keys.CURVE.get(),
            "x": keys.X_AXIS.get(),
            "log": keys.LOG.get(),
            "row_fields": ROW_FIELDS,
            "style": chart_style(_, quantity),
            "words": words,
            "locale": language().replace("_", "-"),
            "plotly_version": chart.plotly_version(),
        },
        on_status_change=lambda: None,
    )


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "mnist_lab_compare_chart",
        html=(_FOLDER / "compare_chart.html").read_text("utf-8"),
        css=(chart.FOLDER / "live_chart.css").read_text("utf-8"),
        js=chart.chart_script(_FOLDER / "compare_chart.js"),
        isolate_styles=False,
    )
