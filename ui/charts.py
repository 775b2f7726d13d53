"""How learning curves look, as data, and as a Plotly figure that stands still.

The live chart draws in the browser and the figures of other pages are made here; both read the
names, axes and line widths below and the colours of ``.streamlit/config.toml``, so that a curve
looks the same wherever it is met. Loss and accuracy have an axis each; validation, the curve to
watch, is the thick one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import plotly.graph_objects as go

from mnist_core.overfitting import OverfittingPoint
from mnist_core.runs import EpochRecord
from mnist_core.words import mark

Theme = Literal["light", "dark"]
Axis = Literal["loss", "accuracy"]

#: The line at the best epoch and the shading after it.
RED: dict[Theme, str] = {"light": "#c01e3c", "dark": "#ff7a8a"}
_SETTINGS = Path(__file__).parents[1] / ".streamlit" / "config.toml"


@dataclass(frozen=True)
class Series:
    """One of the four curves.

    Attributes:
        key: Its name in an epoch record.
        label: Its name for people.
        axis: The axis it is read on: loss on the left, accuracy on the right.
        colour: Its place among the chart colours of the theme, from 0.
        width: Thickness of the line in pixels.
    """

    key: str
    label: str
    axis: Axis
    colour: int
    width: float


SERIES: dict[str, Series] = {
    series.key: series
    for series in (
        Series("loss", mark("Training loss"), "loss", 0, 1.5),
        Series("val_loss", mark("Validation loss"), "loss", 1, 2.5),
        Series("accuracy", mark("Training accuracy"), "accuracy", 2, 1.5),
        Series("val_accuracy", mark("Validation accuracy"), "accuracy", 3, 2.5),
    )
}

#: Axis → its title.
AXES: dict[str, str] = {
    "epoch": mark("Epoch"),
    "loss": mark("Loss"),
    "accuracy": mark("Accuracy"),
}


def chart_style(translate: Callable[[str], str]) -> dict[str, Any]:
    """Names and lines for the live chart, ready to be sent to the browser."""
    series = [asdict(one) | {"label": translate(one.label)} for one in SERIES.values()]
    axes = {axis: translate(title) for axis, title in AXES.items()}
    return {"series": series, "axes": axes, "red": RED}


def learning_curves(
    records: Sequence[EpochRecord],
    *,
    point: OverfittingPoint | None = None,
    theme: Theme = "light",
    log_loss: bool = False,
    translate: Callable[[str], str] = str,
) -> go.Figure:
    """The learning curves of a run as a figure that stands still.

    Args:
        records: Its epochs, in order.
        point: Where overfitting begins, to be marked; None marks nothing.
        theme: Colours for a light or a dark page.
        log_loss: Whether the loss axis is logarithmic.
        translate: Turns the names into the reader's language.
    """
    figure = go.Figure(layout=_layout(theme, log_loss, translate))
    epochs = [record.epoch for record in records]
    for series in SERIES.values():
        figure.add_scatter(
            x=epochs,
            y=[getattr(record, series.key) for record in records],
            name=translate(series.label),
            mode="lines+markers" if len(epochs) == 1 else "lines",
            line={"color": theme_colours(theme)["chartCategoricalColors"][series.colour]},
            line_width=series.width,
            yaxis="y2" if series.axis == "accuracy" else "y",
            hovertemplate="%{y:.1%}" if series.axis == "accuracy" else "%{y:.4f}",
        )
    if point is not None and point.best_epoch is not None:
        label = translate(mark("Best epoch {epoch}")).format(epoch=point.best_epoch)
        _mark_overfitting(figure, point.best_epoch, epochs[-1], RED[theme], label)
    return figure


def _layout(theme: Theme, log_loss: bool, translate: Callable[[str], str]) -> dict[str, Any]:
    colours = theme_colours(theme)
    titles = {axis: translate(title) for axis, title in AXES.items()}
    axis = {"gridcolor": colours["borderColor"], "zeroline": False, "automargin": True}
    right = {"overlaying": "y", "side": "right", "tickformat": ".0%", "showgrid": False}
    return {
        "font": {"color": colours["textColor"]},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "hovermode": "x unified",
        "legend": {"orientation": "h", "x": 0.5, "xanchor": "center", "y": -0.18, "yanchor": "top"},
        "xaxis": axis | {"title": {"text": titles["epoch"]}},
        "yaxis": axis
        | {"title": {"text": titles["loss"]}, "type": "log" if log_loss else "linear"},
        "yaxis2": axis | right | {"title": {"text": titles["accuracy"]}},
    }


def _mark_overfitting(
    figure: go.Figure, best_epoch: int, last_epoch: int, colour: str, label: str
) -> None:
    figure.add_vrect(
        x0=best_epoch, x1=last_epoch, fillcolor=colour, opacity=0.1, line_width=0, layer="below"
    )
    figure.add_vline(x=best_epoch, line={"color": colour, "width": 1.5})
    figure.add_annotation(
        x=best_epoch,
        y=1,
        yref="paper",
        yanchor="bottom",
        # The label lies on the side that has room for it.
        xanchor="left" if best_epoch < last_epoch / 2 else "right",
        text=label,
        showarrow=False,
        font={"color": colour},
    )


@cache
def theme_colours(theme: Theme) -> dict[str, Any]:
    """The colours of ``.streamlit/config.toml`` for a light or a dark page."""
    colours: dict[str, Any] = tomllib.loads(_SETTINGS.read_text("utf-8"))["theme"][theme]
    return colours
