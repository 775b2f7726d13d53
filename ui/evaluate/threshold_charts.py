"""Yes or no at every threshold: the ROC and the precision-recall curve as Plotly figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.curves import Curve, ThresholdCurves
from mnist_core.i18n import mark
from ui.evaluate.classification_charts import ACCENT, QUIET


def roc_curve(evaluation: Evaluation, *, translate: Callable[[str], str] = str) -> go.Figure:
    """What is found against what is taken for it wrongly; the dashed line is guessing.

    Args:
        evaluation: Of two classes, with its curves.
        translate: Turns the words into the reader's language.
    """
    curves, counts = _curves(evaluation), evaluation.confusion
    no, yes = evaluation.classes
    return _figure(
        curves.roc,
        chance=(0, 1),
        here=(counts[0, 1] / counts[0].sum(), counts[1, 1] / counts[1].sum()),
        across=translate(mark("share of “{name}” taken for “{other}”")).format(name=no, other=yes),
        up=translate(mark("share of “{name}” that is found")).format(name=yes),
        translate=translate,
    )


def precision_recall_curve(
    evaluation: Evaluation, *, translate: Callable[[str], str] = str
) -> go.Figure:
    """How many of its "yes" answers are right against how much it finds."""
    curves, counts = _curves(evaluation), evaluation.confusion
    yes, said = evaluation.classes[1], counts[:, 1].sum()
    recall = counts[1, 1] / counts[1].sum()
    return _figure(
        curves.precision_recall,
        chance=(curves.positives, curves.positives),
        here=(recall, counts[1, 1] / said) if said else None,
        across=translate(mark("recall: share of “{name}” that is found")).format(name=yes),
        up=translate(mark("precision: share of the “{name}” answers that is right")).format(
            name=yes
        ),
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
        line={"dash": "dash", "color": QUIET, "width": 1.5},
        hoverinfo="skip",
    )
    words = translate(mark("“yes” from a probability of {threshold} on<br>across {x}, up {y}"))
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
