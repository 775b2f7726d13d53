"""How learning curves look, as data.

The live chart draws in the browser and the figures of other pages are made here; both read the
names, axes and line widths below and the colours of ``.streamlit/config.toml``, so that a curve
looks the same wherever it is met. Loss and the task's own
figure, such as the accuracy, have an axis each; validation, the curve to
watch, is the thick one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mnist_core.i18n import mark
from mnist_core.tasks import Quantity

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


#: What the names are where the task's figure is an error.
_ERRORS: dict[str, str] = {
    "metric": mark("Training error"),
    "val_metric": mark("Validation error"),
}
#: From here on an axis writes thousands as "k".
_THOUSANDS = 1_000


@dataclass(frozen=True)
class NumberFormat:
    """How a number is written in a chart.

    Attributes:
        format: For Plotly (D3).
        ticks: How a number on the axis is written, for Plotly too.
        range: Ends of the axis before there are values.
        clip: What the axis never passes.
        scale: What a recorded value is multiplied by before it is shown.
        prefix: What stands before it, where no D3 format writes it.
        suffix: What stands after it, likewise in Plotly.
        digits: Digits after the decimal point, where no D3 format writes it.
    """

    format: str
    ticks: str
    range: tuple[float, float]
    clip: tuple[float, float] | None = None
    scale: float = 1.0
    prefix: str = ""
    suffix: str = ""
    digits: int = 1

    def place(self, name: str, *, sign: str = "") -> str:
        """The place of a value in a hover text of Plotly."""
        return f"%{{{name}:{sign}{self.format}}}{self.suffix}"

    @property
    def axis(self) -> dict[str, str]:
        """The settings of an axis of Plotly with such numbers."""
        return {"tickformat": self.ticks, "ticksuffix": self.suffix}


_ACCURACY = NumberFormat(".1%", ".1~%", (0, 1), (-0.01, 1.01))


def number_format(quantity: Quantity | None) -> NumberFormat:
    """How a task's own figure is written: its number, and the error of one, or the accuracy."""
    if quantity is None:
        return _ACCURACY
    short = "~s" if quantity.largest_error >= _THOUSANDS else ",~f"
    return NumberFormat(
        f"{quantity.prefix},.{quantity.digits}f",
        f"{quantity.prefix}{short}",
        (0, quantity.largest_error),
        scale=quantity.scale,
        prefix=quantity.prefix,
        suffix=quantity.suffix,
        digits=quantity.digits,
    )


def series_label(key: str, quantity: Quantity | None) -> str:
    """Name of a curve for people, in English, for a task with that number, or with classes."""
    label = SERIES[key].label
    return label if quantity is None else _ERRORS.get(key, label)


def axis_title(axis: str, quantity: Quantity | None) -> str:
    """Title of an axis, in English, likewise."""
    if axis == "metric" and quantity is not None:
        return mark("Mean absolute error")
    return AXES[axis]


def chart_style(
    translate: Callable[[str], str], quantity: Quantity | None = None
) -> dict[str, Any]:
    """Names and lines for the live chart, ready to be sent to the browser.

    Args:
        translate: Turns the names into the reader's language.
        quantity: The number that the task's network predicts; None where that is a class.
    """
    return {
        "series": [
            asdict(one) | {"label": translate(series_label(one.key, quantity))}
            for one in SERIES.values()
        ],
        "axes": {axis: translate(axis_title(axis, quantity)) for axis in AXES},
        "red": RED,
        "metric": asdict(number_format(quantity)),
    }


@cache
def theme_colours(theme: Theme) -> dict[str, Any]:
    """The colours of ``.streamlit/config.toml`` for a light or a dark page."""
    colours: dict[str, Any] = tomllib.loads(_SETTINGS.read_text("utf-8"))["theme"][theme]
    return colours
