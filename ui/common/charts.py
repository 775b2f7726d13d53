"""How learning curves look, as data.

The live chart draws in the browser and the figures of other pages are made here; both read the
names, axes and line widths below and the colours of ``.streamlit/config.toml``, so that a curve
looks the same wherever it is met. Loss and the task's own
figure, such as the accuracy, have an axis each; validation, the curve to
watch, is the thick one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mnist_core.i18n import mark

Theme = Literal["light", "dark"]
Axis = Literal["loss", "metric"]

#: The line at the best epoch and the shading after it.
RED: dict[Theme, str] = {"light": "#c01e3c", "dark": "#ff7a8a"}
_SETTINGS = Path(__file__).parents[2] / ".streamlit" / "config.toml"


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


@cache
def theme_colours(theme: Theme) -> dict[str, Any]:
    """The colours of ``.streamlit/config.toml`` for a light or a dark page."""
    colours: dict[str, Any] = tomllib.loads(_SETTINGS.read_text("utf-8"))["theme"][theme]
    return colours
