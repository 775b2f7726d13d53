"""The ROC curve and the precision-recall curve as Plotly figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.curves import Curve, ThresholdCurves
from mnist_core.i18n import mark
from ui.evaluate.classification_charts import ACCENT, MUTED


def roc_curve(evaluation: Evaluation, *, translate: Callable[[str], str] = str) -> go.Figure:
    """The true positive rate against the false positive rate; the dashed line is guessing.

    Args:
        evaluation: An evaluation of two classes, with its curves.
        translate: Translates a text into the user's language.
    """
    curves, counts = _curves(evaluation), evaluation.confusion
    negative, positive = evaluation.classes
    return _figure(
        curves.roc,
        chance=(0, 1),
        here=(counts[0, 1] / counts[0].sum(), counts[1, 1] / counts[1].sum()),
        across=translate(mark("false positive rate (of “{name}”)")).format(name=negative),
        up=translate(mark("true positive rate (of “{name}”)")).format(name=positive),
        translate=translate,
    )


def precision_recall_curve(
    evaluation: Evaluation, *, translate: Callable[[str], str] = str
) -> go.Figure:
    """The precision against the recall; the dashed line is guessing."""
    curves, counts = _curves(evaluation), evaluation.confusion
    positive, predicted = evaluation.classes[1], counts[:, 1].sum()
    recall = counts[1, 1] / counts[1].sum()
    return _figure(
        curves.precision_recall,
        chance=(curves.positives, curves.positives),
        here=(recall, counts[1, 1] / predicted) if predicted else None,
        across=translate(mark("recall: share of “{name}” found")).format(name=positive),
        up=translate(mark("precision: correct share of “{name}”")).format(name=positive),
        translate=translate,
    )


def _curves(evaluation: Evaluation) -> ThresholdCurves:
    assert evaluation.curves is not None
    return evaluation.curves


def _figure(
    curve: Curve,
    *,
    chance: tuple[float, float],
    here: tuple[float, float] | None,
    across: str,
    up: str,
    translate: Callable[[str], str],
) -> go.Figure:
    axis: dict[str, Any] = {"tickformat": ".0%", "fixedrange": True, "automargin": True}
    axis["range"] = [-0.02, 1.02]
    figure = go.Figure(
        layout={
            "xaxis": axis | {"title": {"text": across}},
            "yaxis": axis | {"title": {"text": up}},
            "height": 360,
            "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
            "showlegend": False,
            "dragmode": False,
            "hovermode": "closest",
        }
    )
    figure.add_scatter(
        x=[0, 1],
        y=chance,
        mode="lines",
        line={"dash": "dash", "color": MUTED, "width": 1.5},
        hoverinfo="skip",
    )
    words = translate(mark("decision threshold {threshold}<br>x: {x}, y: {y}"))
    figure.add_scatter(
        x=curve.x,
        y=curve.y,
        customdata=curve.thresholds,
        mode="lines",
        line={"color": ACCENT, "width": 2.5},
        hovertemplate=words.format(threshold="%{customdata:.3f}", x="%{x:.1%}", y="%{y:.1%}")
        + "<extra></extra>",
    )
    if here:
        figure.add_scatter(
            x=[here[0]],
            y=[here[1]],
            mode="markers",
            marker={"color": ACCENT, "size": 11, "line": {"width": 2, "color": "#ffffff"}},
            hovertemplate=words.format(threshold="0.5", x="%{x:.1%}", y="%{y:.1%}")
            + "<extra></extra>",
        )
    return figure
