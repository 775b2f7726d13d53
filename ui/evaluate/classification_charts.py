"""The confusion matrix and the reliability diagram as Plotly figures.

Their colours are half transparent and their texts have the page's colour, so that they suit a
light and a dark page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mnist_core.evaluation.calibration import Calibration
from mnist_core.evaluation.classification import Evaluation
from mnist_core.i18n import mark

#: With more classes than this, the cells are too small for numbers.
MOST_WITH_NUMBERS = 12
#: Correct predictions are grey, so that only errors have a colour.
CORRECT = "rgba(128, 128, 128, 0.18)"
ERRORS = [[0, "rgba(226, 59, 84, 0)"], [1, "rgba(226, 59, 84, 0.85)"]]
#: From this part of the largest share of errors on, a cell's numbers are white.
STRONG = 0.85
MUTED = "rgba(128, 128, 128, 0.8)"
ACCENT = "#1c83e1"


def confusion_matrix(
    evaluation: Evaluation,
    *,
    marked: tuple[int, int] | None = None,
    version: int = 0,
    translate: Callable[[str], str] = str,
) -> go.Figure:
    """The confusion matrix, with cells that can be selected by a click.

    A heatmap does not report which cell was clicked. So a scatter trace lies over it: a square for
    each cell, invisible until selected, whose ``customdata`` begins with the numbers of the true
    and the predicted class.

    Args:
        evaluation: The evaluation to show.
        marked: Numbers of the true and the predicted class of the cell that is selected at first.
        version: Another number makes another figure, without a click.
        translate: Translates a text into the user's language.
    """
    counts, classes = evaluation.confusion, evaluation.classes
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    places = list(range(len(classes)))
    diagonal = np.eye(len(classes), dtype=bool)
    worst = float(shares[~diagonal].max(initial=0)) or 1.0
    common = {"x": places, "y": places, "hoverinfo": "skip", "showscale": False, "xgap": 1}
    common["ygap"] = 1
    figure = go.Figure(layout=_matrix_layout(classes, translate) | {"meta": version})
    figure.add_heatmap(z=_where(diagonal, 1.0), colorscale=[[0, CORRECT], [1, CORRECT]], **common)
    figure.add_heatmap(z=_where(~diagonal, shares), colorscale=ERRORS, zmin=0, zmax=worst, **common)
    figure.add_scatter(**_cells(evaluation, shares, marked, translate))
    if len(classes) <= MOST_WITH_NUMBERS:
        for true in places:
            for read in places:
                share = float(shares[true, read])
                strong = true != read and share > STRONG * worst
                _write(figure, true, read, int(counts[true, read]), share, strong=strong)
    return figure


def _where(mask: np.ndarray[Any, Any], values: Any) -> list[list[float | None]]:
    """A table of the values where the mask is True, None elsewhere."""
    table = np.broadcast_to(values, mask.shape)
    return [
        [float(value) if there else None for value, there in zip(row, shown, strict=True)]
        for row, shown in zip(table, mask, strict=True)
    ]


def _cells(
    evaluation: Evaluation,
    shares: np.ndarray[Any, Any],
    marked: tuple[int, int] | None,
    translate: Callable[[str], str],
) -> dict[str, Any]:
    names = evaluation.classes
    count, counts = len(names), evaluation.confusion
    data = [
        [true, read, names[true], names[read], int(counts[true, read]), f"{shares[true, read]:.1%}"]
        for true in range(count)
        for read in range(count)
    ]
    words = translate(mark("{true} predicted as {read}: {count}<br>{share} of class {true}"))
    places = {"true": "%{customdata[2]}", "read": "%{customdata[3]}"}
    places |= {"count": "%{customdata[4]}", "share": "%{customdata[5]}"}
    hidden, shown = {"marker": {"opacity": 0}}, {"marker": {"opacity": 1}}
    return {
        "x": [row[1] for row in data],
        "y": [row[0] for row in data],
        "customdata": data,
        "mode": "markers",
        "marker": {
            "symbol": "square-open",
            "size": max(11, min(300 // count, 100)),
            "line": {"width": 2.5},
            "opacity": 0,
        },
        "selectedpoints": [marked[0] * count + marked[1]] if marked else None,
        "selected": shown,
        "unselected": hidden,
        "showlegend": False,
        "hovertemplate": words.format(**places) + "<extra></extra>",
    }


def _matrix_layout(classes: tuple[str, ...], translate: Callable[[str], str]) -> dict[str, Any]:
    few = len(classes) <= MOST_WITH_NUMBERS
    axis = {
        "tickmode": "array",
        "tickvals": list(range(len(classes))),
        "ticktext": list(classes),
        "range": [-0.5, len(classes) - 0.5],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {} if few else {"size": 9.5},
        "automargin": True,
    }
    return {
        "xaxis": axis
        | {"title": {"text": translate(mark("predicted class"))}, "side": "top"}
        | ({} if few else {"tickangle": -90}),
        "yaxis": axis
        | {"title": {"text": translate(mark("true class"))}}
        | {"range": [len(classes) - 0.5, -0.5]},
        "height": 520 if few else 760,
        "margin": {"l": 10, "r": 4, "t": 10, "b": 4},
        "hovermode": "closest",
        # The whole area of a cell reacts to the pointer.
        "hoverdistance": -1,
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "dragmode": False,
    }


def _write(
    figure: go.Figure, true: int, read: int, count: int, share: float, *, strong: bool
) -> None:
    """Write the numbers of a cell; ``ui/app/layout.css`` gives them the page's text colour."""
    if not count:
        return
    words = f"{share:.0%}" if share >= 0.005 else "&lt;1%"
    text = f"{count}<br><span style='font-size:9px'>{words}</span>"
    figure.add_annotation(
        x=read,
        y=true,
        text=f"<span style='color:#ffffff'>{text}</span>" if strong else text,
        showarrow=False,
        font={"size": 12},
    )


def reliability_diagram(
    calibration: Calibration, *, translate: Callable[[str], str] = str
) -> go.Figure:
    """The accuracy at each level of confidence; perfect calibration is the dashed line.

    Args:
        calibration: The calibration to show.
        translate: Translates a text into the user's language.
    """
    bins = calibration.bins
    axis = {"range": [0, 1.02], "tickformat": ".0%", "fixedrange": True, "automargin": True}
    figure = go.Figure(
        layout={
            "xaxis": axis | {"title": {"text": translate(mark("confidence"))}},
            "yaxis": axis | {"title": {"text": translate(mark("share of correct predictions"))}},
            "height": 360,
            "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
            "bargap": 0,
            "showlegend": False,
            "dragmode": False,
        }
    )
    words = translate(
        mark("{count} predictions, mean confidence {confidence}<br>{accuracy} are correct")
    )
    places = {"count": "%{customdata[0]:,}", "confidence": "%{customdata[1]:.1%}"}
    figure.add_bar(
        x=[(group.low + group.high) / 2 for group in bins],
        y=[group.accuracy.value for group in bins],
        width=[(group.high - group.low) * 0.9 for group in bins],
        customdata=[[group.count, group.confidence] for group in bins],
        hovertemplate=words.format(**places, accuracy="%{y:.1%}") + "<extra></extra>",
        opacity=0.8,
        error_y={
            "type": "data",
            "array": [group.accuracy.high - group.accuracy.value for group in bins],
            "arrayminus": [group.accuracy.value - group.accuracy.low for group in bins],
            "color": MUTED,
            "thickness": 1.5,
            "width": 4,
        },
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"dash": "dash", "color": MUTED, "width": 1.5},
        hoverinfo="skip",
    )
    return figure
