"""How learning curves look, as data, and as a Plotly figure that stands still.

The live chart draws in the browser and the figures of other pages are made here; both read the
names, axes and line widths below and the colours of ``.streamlit/config.toml``, so that a curve
looks the same wherever it is met. Loss and the task's own
figure, such as the accuracy, have an axis each; validation, the curve to
watch, is the thick one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import plotly.graph_objects as go

from mnist_core.overfitting import OverfittingPoint
from mnist_core.runs import EpochRecord
from mnist_core.words import mark

Theme = Literal["light", "dark"]
Axis = Literal["loss", "metric"]

#: The line at the best epoch and the shading after it.
RED: dict[Theme, str] = {"light": "#c01e3c", "dark": "#ff7a8a"}
_SETTINGS = Path(__file__).parents[1] / ".streamlit" / "config.toml"


@dataclass(frozen=True)
class Series:
    """One of the four curves.

    Attributes:
        key: Its name in an epoch record.
        label: Its name for people, where the task's figure is the accuracy.
        axis: The axis it is read on: loss on the left, the task's own figure on the right.
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
        Series("metric", mark("Training accuracy"), "metric", 2, 1.5),
        Series("val_metric", mark("Validation accuracy"), "metric", 3, 2.5),
    )
}

#: Axis → its title.
AXES: dict[str, str] = {
    "epoch": mark("Epoch"),
    "loss": mark("Loss"),
    "metric": mark("Accuracy"),
}


@dataclass(frozen=True)
class Metric:
    """How a task's own figure is written, where it is not the accuracy too.

    Attributes:
        labels: Key of a series or "metric", the axis, → its name for people.
        format: How a value is written, for Plotly (D3).
        ticks: How a number on the axis is written.
        range: Ends of the axis before there are values; ``clip``: what it never passes.
        scale: What a recorded value is multiplied by before it is shown.
        prefix: What stands before it.
    """

    labels: Mapping[str, str]
    format: str
    ticks: str
    range: tuple[float, float]
    clip: tuple[float, float] | None
    scale: float = 1.0
    prefix: str = ""


METRICS: dict[str, Metric] = {
    "accuracy": Metric({}, ".1%", ".1~%", (0, 1), (-0.01, 1.01)),
    "mae": Metric(
        {
            "metric": mark("Mean absolute error"),
            "training": mark("Training error"),
            "validation": mark("Validation error"),
        },
        "$,.0f",
        "$~s",
        (0, 5_000),
        None,
        scale=1_000,  # the tables' prices are in thousands of dollars
        prefix="$",
    ),
}


def series_label(key: str, metric: str) -> str:
    """Name of a curve for people, in English, for a task with a figure of that name."""
    part = {"metric": "training", "val_metric": "validation"}.get(key, "")
    return METRICS[metric].labels.get(part, SERIES[key].label)


def axis_title(axis: str, metric: str) -> str:
    """Title of an axis, in English, likewise."""
    return METRICS[metric].labels.get(axis, AXES[axis])


def chart_style(translate: Callable[[str], str], metric: str = "accuracy") -> dict[str, Any]:
    """Names and lines for the live chart, ready to be sent to the browser.

    Args:
        translate: Turns the names into the reader's language.
        metric: The task's own figure, a key of :data:`METRICS`.
    """
    series = [
        asdict(one) | {"label": translate(series_label(one.key, metric))} for one in SERIES.values()
    ]
    how = METRICS[metric]
    return {
        "series": series,
        "axes": {axis: translate(axis_title(axis, metric)) for axis in AXES},
        "red": RED,
        "metric": {key: value for key, value in asdict(how).items() if key != "labels"},
    }


def learning_curves(
    records: Sequence[EpochRecord],
    *,
    point: OverfittingPoint | None = None,
    theme: Theme = "light",
    log_loss: bool = False,
    translate: Callable[[str], str] = str,
    metric: str = "accuracy",
) -> go.Figure:
    """The learning curves of a run as a figure that stands still.

    Args:
        records: Its epochs, in order.
        point: Where overfitting begins, to be marked; None marks nothing.
        theme: Colours for a light or a dark page.
        log_loss: Whether the loss axis is logarithmic.
        translate: Turns the names into the reader's language.
        metric: The task's own figure, a key of :data:`METRICS`.
    """
    figure = go.Figure(layout=_layout(theme, log_loss, translate, metric))
    epochs, how = [record.epoch for record in records], METRICS[metric]
    for series in SERIES.values():
        figure.add_scatter(
            x=epochs,
            y=[
                getattr(record, series.key) * (how.scale if series.axis == "metric" else 1)
                for record in records
            ],
            name=translate(series_label(series.key, metric)),
            mode="lines+markers" if len(epochs) == 1 else "lines",
            line={"color": theme_colours(theme)["chartCategoricalColors"][series.colour]},
            line_width=series.width,
            yaxis="y2" if series.axis == "metric" else "y",
            hovertemplate=f"%{{y:{how.format if series.axis == 'metric' else '.4f'}}}",
        )
    if point is not None and point.best_epoch is not None:
        label = translate(mark("Best epoch {epoch}")).format(epoch=point.best_epoch)
        _mark_overfitting(figure, point.best_epoch, epochs[-1], RED[theme], label)
    return figure


def _layout(
    theme: Theme, log_loss: bool, translate: Callable[[str], str], metric: str
) -> dict[str, Any]:
    colours = theme_colours(theme)
    titles = {axis: translate(axis_title(axis, metric)) for axis in AXES}
    axis = {"gridcolor": colours["borderColor"], "zeroline": False, "automargin": True}
    ticks = METRICS[metric].ticks
    right = {"overlaying": "y", "side": "right", "tickformat": ticks, "showgrid": False}
    return {
        "font": {"color": colours["textColor"]},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "hovermode": "x unified",
        "legend": {"orientation": "h", "x": 0.5, "xanchor": "center", "y": -0.18, "yanchor": "top"},
        "xaxis": axis | {"title": {"text": titles["epoch"]}},
        "yaxis": axis
        | {"title": {"text": titles["loss"]}, "type": "log" if log_loss else "linear"},
        "yaxis2": axis | right | {"title": {"text": titles["metric"]}},
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
