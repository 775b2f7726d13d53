"""Predicted against true, and what is left between them, as Plotly figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.i18n import mark
from ui.common.charts import NumberFormat
from ui.evaluate.classification_charts import ACCENT, QUIET

#: Points that are drawn, at most: with more, a browser becomes slow and the picture no clearer.
MOST_POINTS = 2_000
#: Bars of the histogram, at most.
MOST_BARS = 40
HEIGHT = 380


def drawn(evaluation: RegressionEvaluation) -> NDArray[np.int64]:
    """Positions of the samples that are drawn: all, or every so-manieth."""
    step = -(-len(evaluation) // MOST_POINTS)
    return np.arange(0, len(evaluation), step)


def predicted_against_true(
    evaluation: RegressionEvaluation, how: NumberFormat, *, translate: Callable[[str], str] = str
) -> go.Figure:
    """A point for each sample; on the dashed line the answer is the truth.

    Args:
        evaluation: What is shown.
        how: How its numbers are written.
        translate: Turns the words into the reader's language.
    """
    both = np.concatenate([evaluation.truths, evaluation.predictions]) * how.scale
    low, high = float(both.min()), float(both.max())
    room = 0.04 * (high - low or 1.0)
    ends = [low - room, high + room]
    figure = _layout(translate(mark("true")), translate(mark("predicted")))
    figure.update_layout(xaxis_range=ends, yaxis_range=ends)
    figure.update_layout(xaxis=how.axis, yaxis=how.axis)
    _line(figure, ends, ends)
    _points(figure, evaluation, how, evaluation.truths, evaluation.predictions, translate)
    return figure


def residuals_against_predicted(
    evaluation: RegressionEvaluation, how: NumberFormat, *, translate: Callable[[str], str] = str
) -> go.Figure:
    """How far off each answer is, by the answer; above the dashed line it is too high."""
    figure = _layout(translate(mark("predicted")), translate(mark("predicted − true")))
    figure.update_layout(xaxis=how.axis, yaxis=how.axis)
    answers = evaluation.predictions
    _line(figure, [how.scale * float(answers.min()), how.scale * float(answers.max())], [0, 0])
    _points(figure, evaluation, how, answers, evaluation.residuals, translate)
    return figure


def residual_histogram(
    evaluation: RegressionEvaluation, how: NumberFormat, *, translate: Callable[[str], str] = str
) -> go.Figure:
    """How many answers are so far off."""
    edges = np.histogram_bin_edges(evaluation.residuals, "auto")
    if len(edges) - 1 > MOST_BARS:
        edges = np.histogram_bin_edges(evaluation.residuals, MOST_BARS)
    counts, edges = np.histogram(evaluation.residuals, edges)
    edges = how.scale * edges
    figure = _layout(translate(mark("predicted − true")), translate(mark("how many")))
    figure.update_layout(xaxis=how.axis)
    words = translate(mark("{count} with an error from {low} to {high}"))
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges) * 0.94,
        customdata=np.stack([edges[:-1], edges[1:]], axis=1),
        marker={"color": ACCENT},
        opacity=0.8,
        hovertemplate=words.format(
            count="%{y:,}", low=how.place("customdata[0]"), high=how.place("customdata[1]")
        )
        + "<extra></extra>",
    )
    figure.add_vline(x=0, line={"dash": "dash", "color": QUIET, "width": 1.5})
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
        line={"dash": "dash", "color": QUIET, "width": 1.5},
        hoverinfo="skip",
    )


def _points(
    figure: go.Figure,
    evaluation: RegressionEvaluation,
    how: NumberFormat,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    translate: Callable[[str], str],
) -> None:
    shown = drawn(evaluation)
    figures = evaluation.truths, evaluation.predictions, evaluation.residuals
    columns = evaluation.indices, *(how.scale * one for one in figures)
    words = translate(mark("no. {index}<br>true {true}, predicted {predicted}: {error}"))
    places = {
        "index": "%{customdata[0]}",
        "true": how.place("customdata[1]"),
        "predicted": how.place("customdata[2]"),
        "error": how.place("customdata[3]", sign="+"),
    }
    figure.add_scatter(
        x=how.scale * x[shown],
        y=how.scale * y[shown],
        customdata=np.stack([column[shown] for column in columns], axis=1),
        mode="markers",
        marker={"color": ACCENT, "size": 7, "opacity": 0.6},
        hovertemplate=words.format(**places) + "<extra></extra>",
    )
