"""The curves of a cross-validation: each fold's, thin, and their mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from mnist_core.crossvalidation import MeanCurve
from mnist_core.runs import EpochRecord
from mnist_core.words import mark

#: Colours that are read on a light and on a dark page alike.
FOLDS = (
    *("#7a89d8", "#4fa3a5", "#c79a4b", "#9a7fc7", "#6fae6f"),
    *("#c77fa6", "#5f9fd0", "#b0885f", "#8fa34f", "#a08f8f"),
)
MEAN = "#e05263"
GRID = "rgba(128, 128, 128, 0.25)"
#: In curves so long the first steep epochs are left above the picture: what matters comes after.
LONG = 20


def fold_curves(
    curves: Sequence[Sequence[EpochRecord]],
    mean: MeanCurve,
    *,
    figure: str,
    title: str,
    translate: Callable[[str], str] = str,
) -> go.Figure:
    """Validation curves of all folds with their mean, and its best epoch.

    Args:
        curves: The epochs of each fold.
        mean: Their mean.
        figure: "val_loss" or "val_metric".
        title: Title of the vertical axis, translated.
        translate: Turns the words into the reader's language.
    """
    axis = {"gridcolor": GRID, "zeroline": False, "automargin": True}
    shown = go.Figure(
        layout={
            "hovermode": "x unified",
            "margin": {"t": 28, "b": 40, "l": 50, "r": 10},
            "height": 400,
            "legend": {"orientation": "h", "y": -0.2, "x": 0.5, "xanchor": "center"},
            "xaxis": axis | {"title": {"text": translate(mark("Epoch"))}},
            "yaxis": axis | {"title": {"text": title}},
        }
    )
    for number, curve in enumerate(curves, start=1):
        shown.add_scatter(
            x=[record.epoch for record in curve],
            y=[getattr(record, figure) for record in curve],
            name=translate(mark("Fold {number}")).format(number=number),
            mode="lines",
            line={"color": FOLDS[(number - 1) % len(FOLDS)], "width": 1.3},
            hovertemplate="%{y:.3f}",
        )
    shown.add_scatter(
        x=mean.epochs,
        y=getattr(mean, figure),
        name=translate(mark("Mean of the folds")),
        mode="lines",
        line={"color": MEAN, "width": 3},
        hovertemplate="<b>%{y:.3f}</b>",
    )
    if len(mean.epochs) >= LONG:
        shown.update_yaxes(range=_later_range(curves, figure))
    if mean.best_epoch is not None:
        shown.add_vline(x=mean.best_epoch, line={"color": MEAN, "width": 1.5, "dash": "dot"})
        shown.add_annotation(
            x=mean.best_epoch,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor="left" if mean.best_epoch < len(mean.epochs) / 2 else "right",
            text=translate(mark("Best epoch {epoch}")).format(epoch=mean.best_epoch),
            showarrow=False,
            font={"color": MEAN},
        )
    return shown


def _later_range(curves: Sequence[Sequence[EpochRecord]], figure: str) -> list[float]:
    """Ends of an axis that shows all epochs but the first tenth."""
    later = [
        value
        for curve in curves
        for record in curve[len(curve) // 10 :]
        if math.isfinite(value := getattr(record, figure))
    ]
    return [0.9 * min(later), 1.05 * max(later)] if later else [0, 1]
