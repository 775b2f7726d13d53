"""The learning curves of a cross-validation: each fold's, and their mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import plotly.graph_objects as go

from mnist_core.i18n import mark
from mnist_core.runs import EpochRecord
from mnist_core.studies.crossvalidation import MeanCurve
from mnist_core.tasks import Quantity
from ui.common.charts import NumberFormat, number_format

#: Colours that are legible on a light and on a dark page.
FOLDS = (
    *("#7a89d8", "#4fa3a5", "#c79a4b", "#c77fa6", "#6fae6f"),
    *("#9a7fc7", "#5f9fd0", "#b0885f", "#8fa34f", "#a08f8f"),
)
MEAN = "#e05263"
GRID = "rgba(128, 128, 128, 0.25)"
#: The number format of a loss.
LOSS = NumberFormat(".3f", "~g", (0, 1))
#: From this number of epochs on, the axis leaves out the steep first tenth.
LONG = 20


def fold_curves(
    curves: Mapping[int, Sequence[EpochRecord]],
    mean: MeanCurve,
    *,
    figure: str,
    quantity: Quantity | None,
    title: str,
    mean_name: str,
    mark_best: bool = True,
    translate: Callable[[str], str] = str,
) -> go.Figure:
    """Validation curves of all folds with their mean, and its best epoch.

    Args:
        curves: The epochs of each fold that has any, by the number of the fold.
        mean: The mean of all or of some of them; may be empty.
        figure: "val_loss" or "val_metric".
        quantity: The quantity that the network predicts; None for a class.
        title: Title of the vertical axis, translated.
        mean_name: Name of the mean, translated.
        mark_best: Whether the mean's best epoch is marked.
        translate: Translates a text into the user's language.
    """
    how = number_format(quantity) if figure == "val_metric" else LOSS
    axis = {"gridcolor": GRID, "zeroline": False, "automargin": True}
    shown = go.Figure(
        layout={
            "hovermode": "x unified",
            "margin": {"t": 28, "b": 40, "l": 50, "r": 10},
            "height": 400,
            "legend": {"orientation": "h", "y": -0.2, "x": 0.5, "xanchor": "center"},
            "xaxis": axis
            | {
                "title": {"text": translate(mark("Epoch"))},
                "unifiedhovertitle": {"text": translate(mark("Epoch")) + " %{x:,}"},
            },
            "yaxis": axis | {"title": {"text": title}} | how.axis,
        }
    )
    longest = max(map(len, curves.values()), default=0)
    mode = "lines" if longest > 1 else "markers"  # one point makes no line
    for number, curve in curves.items():
        shown.add_scatter(
            x=[record.epoch for record in curve],
            y=[how.scale * getattr(record, figure) for record in curve],
            name=translate(mark("Fold {number}")).format(number=number),
            mode=mode,
            line={"color": FOLDS[(number - 1) % len(FOLDS)], "width": 1.3},
            hovertemplate=how.place("y"),
        )
    if len(mean.epochs):
        shown.add_scatter(
            x=mean.epochs,
            y=how.scale * getattr(mean, figure),
            name=mean_name,
            mode=mode,
            line={"color": MEAN, "width": 3},
            hovertemplate=f"<b>{how.place('y')}</b>",
        )
    if longest >= LONG:
        low, high = _later_range(list(curves.values()), figure)
        shown.update_yaxes(range=[how.scale * low, how.scale * high])
    if mark_best and mean.best_epoch is not None:
        own = figure == "val_loss"
        best = mark("Best epoch {epoch}") if own else mark("Best epoch {epoch}: lowest loss")
        shown.add_vline(x=mean.best_epoch, line={"color": MEAN, "width": 1.5, "dash": "dot"})
        shown.add_annotation(
            x=mean.best_epoch,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor="left" if mean.best_epoch < len(mean.epochs) / 2 else "right",
            text=translate(best).format(epoch=mean.best_epoch),
            showarrow=False,
            font={"color": MEAN},
        )
    return shown


def _later_range(curves: Sequence[Sequence[EpochRecord]], figure: str) -> list[float]:
    """The range of an axis that shows all epochs but the first tenth."""
    later = [
        value
        for curve in curves
        for record in curve[len(curve) // 10 :]
        if math.isfinite(value := getattr(record, figure))
    ]
    return [0.9 * min(later), 1.05 * max(later)] if later else [0, 1]
