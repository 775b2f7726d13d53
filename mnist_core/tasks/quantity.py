"""The number that a task's network predicts: what it is called, its unit, and how it is written.

Files, JSON and the command line keep the unit of the data; pages and charts show the number as
people write it. Both follow from one object, so that a task with another unit is one more object.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: From here on a number, of a network that has diverged, is written in powers of ten.
MOST_WRITTEN_OUT = 1e10
NONE = "–"
"""Stands where there is no figure."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number with its unit.

    Attributes:
        name: What is predicted, such as "price".
        unit: Unit of the data, such as "thousand dollars".
        shown_unit: Unit on pages and in charts, such as "dollars".
        step: A single prediction is rounded to a multiple of this, in the unit of the data.
        largest_error: Upper end of a chart's axis of errors before there are values, as shown.
        scale: What a value is multiplied by before it is shown.
        prefix: What stands before the number: "$", the one sign that D3's formats know, or nothing.
        suffix: What stands after it, such as " mpg".
        digits: Digits after the decimal point, as shown.
    """

    name: str
    unit: str
    shown_unit: str
    step: float
    largest_error: float
    scale: float = 1.0
    prefix: str = ""
    suffix: str = ""
    digits: int = 0

    def text(self, value: float) -> str:
        """A value, or the error of one, as people write it: 2.851 thousand dollars are "$2,851".

        Args:
            value: In the unit of the data.
        """
        if not math.isfinite(value):
            return NONE
        size = abs(value) * self.scale
        number = f"{size:,.{self.digits}f}" if size < MOST_WRITTEN_OUT else f"{size:.2g}"
        return f"{'-' if self._shown(value) < 0 else ''}{self.prefix}{number}{self.suffix}"

    def change(self, value: float) -> str:
        """By how much a value is higher (+) or lower (-)."""
        return f"{'+' if self._shown(value) > 0 else ''}{self.text(value)}"

    def rounded(self, value: float) -> float:
        """A prediction without the places that are not known, in the unit of the data."""
        return round(value / self.step, 0) * self.step

    def in_unit(self, value: float, digits: int = 3) -> str:
        """A value in the unit of the data, as the command line writes it."""
        return f"{value:.{digits}f} {self.unit}"

    def _shown(self, value: float) -> float:
        return round(value * self.scale, self.digits)
