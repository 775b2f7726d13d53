"""Predicted against true values, and residuals, as Plotly figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.i18n import mark
from ui.common.charts import NumberFormat
from ui.evaluate.classification_charts import ACCENT, MUTED

#: Points that are drawn, at most: with more, a browser becomes slow and the chart no clearer.
MOST_POINTS = 2_000
#: Bars of the histogram, at most.
MOST_BARS = 40
HEIGHT = 380


def drawn(evaluation: RegressionEvaluation) -> NDArray[np.int64]:
    """Positions of the samples that are drawn: all, or every n-th."""
    step = -(-len(evaluation) // MOST_POINTS)
    return np.arange(0, len(evaluation), step)


def predicted_against_true(
    evaluation: RegressionEvaluation,
    number_format: NumberFormat,
    *,
    translate: Callable[[str], str] = str,
) -> go.Figure:
    """The predicted against the true value of each sample; on the dashed line they are equal.

    Args:
        evaluation: The evaluation to show.
        number_format: How its numbers are written.
        translate: Translates a text into the user's language.
    """
    both = np.concatenate([evaluation.truths, evaluation.predictions]) * number_format.scale
    low, high = float(both.min()), float(both.max())
    room = 0.04 * (high - low or 1.0)
    ends = [low - room, high + room]
    figure = _layout(translate(mark("true")), translate(mark("predicted")))
    figure.update_layout(xaxis_range=ends, yaxis_range=ends)
    figure.update_layout(xaxis=number_format.axis, yaxis=number_format.axis)
    _line(figure, ends, ends)
    _points(figure, evaluation, number_format, evaluation.truths, evaluation.predictions, translate)
    return figure


def residuals_against_predicted(
    evaluation: RegressionEvaluation,
    number_format: NumberFormat,
    *,
    translate: Callable[[str], str] = str,
) -> go.Figure:
    """The residual of each sample against its prediction; above 0 the prediction is too high."""
    figure = _layout(translate(mark("predicted")), translate(mark("predicted − true")))
    figure.update_layout(xaxis=number_format.axis, yaxis=number_format.axis)
    predicted = evaluation.predictions
    ends = [number_format.scale * float(end) for end in (predicted.min(), predicted.max())]
    _line(figure, ends, [0, 0])
    _points(figure, evaluation, number_format, predicted, evaluation.residuals, translate)
    return figure


def residual_histogram(
    evaluation: RegressionEvaluation,
    number_format: NumberFormat,
    *,
    translate: Callable[[str], str] = str,
) -> go.Figure:
    """The histogram of the residuals."""
    edges = np.histogram_bin_edges(evaluation.residuals, "auto")
    if len(edges) - 1 > MOST_BARS:
        edges = np.histogram_bin_edges(evaluation.residuals, MOST_BARS)
    counts, edges = np.histogram(evaluation.residuals, edges)
    edges = number_format.scale * edges
    figure = _layout(translate(mark("predicted − true")), translate(mark("count")))
    figure.update_layout(xaxis=number_format.axis)
    words = translate(mark("{count} with an error from {low} to {high}"))
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges) * 0.94,
        customdata=np.stack([edges[:-1], edges[1:]], axis=1),
        marker={"color": ACCENT},
        opacity=0.8,
        hovertemplate=words.format(
            count="%{y:,}",
            low=number_format.place("customdata[0]"),
            high=number_format.place("customdata[1]"),
        )
        + "<extra></extra>",
    )
    figure.add_vline(x=0, line={"dash": "dash", "color": MUTED, "width": 1.5})
    return figure


def _layout(across: str, up: str) -> go.Figure:
    axis: dict[str, Any] = {"fixedrange": True, "automargin": True, "zeroline": False}
    return go.Figure(
        layout={
            "xaxis": axis | {"title": {"text": across}},
            "yaxis": axis | {"title": {"text": up}},
            "height": HEIGHT,
            "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
            "bargap": 0,
            "showlegend": False,
            "dragmode": False,
            "hovermode": "closest",
        }
    )


def _line(figure: go.Figure, x: list[float], y: list[float]) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"dash": "dash", "color": MUTED, "width": 1.5},
        hoverinfo="skip",
    )


def _points(
    figure: go.Figure,
    evaluation: RegressionEvaluation,
    number_format: NumberFormat,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    translate: Callable[[str], str],
) -> None:
    shown = drawn(evaluation)
    figures = evaluation.truths, evaluation.predictions, evaluation.residuals
    columns = evaluation.indices, *(number_format.scale * values for values in figures)
    words = translate(mark("no. {index}<br>true {true}, predicted {predicted}: {error}"))
    places = {
        "index": "%{customdata[0]}",
        "true": number_format.place("customdata[1]"),
        "predicted": number_format.place("customdata[2]"),
        "error": number_format.place("customdata[3]", sign="+"),
    }
    figure.add_scatter(
        x=number_format.scale * x[shown],
        y=number_format.scale * y[shown],
        customdata=np.stack([column[shown] for column in columns], axis=1),
        mode="markers",
        marker={"color": ACCENT, "size": 7, "opacity": 0.6},
        hovertemplate=words.format(**places) + "<extra></extra>",
    )
