"""Style of the learning curves: names, axes, line widths, number formats.

The live chart in the browser and the Python charts of other pages share this style and the colours
of ``.streamlit/config.toml``. The loss and the task's metric (accuracy or error) have an axis each;
validation curves are thicker than training curves.
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
        key: Field of an epoch record.
        label: Displayed name, for a task whose metric is the accuracy.
        axis: "loss" (left) or "metric" (right).
        colour: Index into the theme's chart colours, from 0.
        width: Line width in pixels.
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

#: Axis → title.
AXES: dict[str, str] = {
    "epoch": mark("Epoch"),
    "loss": mark("Loss"),
    "metric": mark("Accuracy"),
}


#: Labels for a task whose metric is an error.
_ERRORS: dict[str, str] = {
    "metric": mark("Training error"),
    "val_metric": mark("Validation error"),
}
#: An axis that reaches this value abbreviates thousands as "k".
_THOUSANDS = 1_000


@dataclass(frozen=True)
class NumberFormat:
    """Number format of a chart.

    Attributes:
        format: D3 format of a value, for Plotly.
        ticks: D3 format of the axis labels.
        range: Ends of the axis of an empty chart.
        clip: Limits of the axis, if any.
        scale: Factor from recorded to displayed values.
        prefix: Text before the number, where D3 does not format it.
        suffix: Text after the number, also in Plotly.
        digits: Decimal places, where D3 does not format the number.
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
        """Return the placeholder of a value in a Plotly hover template."""
        return f"%{{{name}:{sign}{self.format}}}{self.suffix}"

    @property
    def axis(self) -> dict[str, str]:
        """Settings of a Plotly axis with this format."""
        return {"tickformat": self.ticks, "ticksuffix": self.suffix}


_ACCURACY = NumberFormat(".1%", ".1~%", (0, 1), (-0.01, 1.01))


def number_format(quantity: Quantity | None) -> NumberFormat:
    """Return the format of a task's metric: an error in the quantity's unit, or an accuracy."""
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
    """Return the English label of a curve; ``quantity`` is None for classification."""
    label = SERIES[key].label
    return label if quantity is None else _ERRORS.get(key, label)


def axis_title(axis: str, quantity: Quantity | None) -> str:
    """Return the English title of an axis; ``quantity`` is None for classification."""
    if axis == "metric" and quantity is not None:
        return mark("Mean absolute error")
    return AXES[axis]


def chart_style(
    translate: Callable[[str], str], quantity: Quantity | None = None
) -> dict[str, Any]:
    """Return the style of the live chart as JSON-serialisable data.

    Args:
        translate: Translates a label.
        quantity: What a regression task predicts; None for classification.
    """
    return {
        "series": [
            asdict(series) | {"label": translate(series_label(series.key, quantity))}
            for series in SERIES.values()
        ],
        "axes": {axis: translate(axis_title(axis, quantity)) for axis in AXES},
        "red": RED,
        "metric": asdict(number_format(quantity)),
    }


@cache
def theme_colours(theme: Theme) -> dict[str, Any]:
    """Return the colours of ``.streamlit/config.toml`` for the light or the dark theme."""
    colours: dict[str, Any] = tomllib.loads(_SETTINGS.read_text("utf-8"))["theme"][theme]
    return colours
