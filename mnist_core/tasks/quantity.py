"""Predicted quantity of a regression task: name, unit and number format.

Files, JSON and the command line use the unit of the data; pages and charts may use another unit,
such as dollars for thousands of dollars.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Larger numbers, predicted by a network that has diverged, are written in scientific notation.
LARGEST_DECIMAL = 1e10
NONE = "–"
"""Replaces a number that is missing or not finite."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """The name, the unit and the number format of a predicted quantity.

    Attributes:
        name: The name, such as "price".
        unit: Unit of the data, such as "thousand dollars".
        shown_unit: Unit on pages and in charts, such as "dollars".
        step: Predictions are rounded to a multiple of this, in the unit of the data.
        largest_error: Upper end of a chart's axis of errors without values, in the shown unit.
        scale: Factor from the unit of the data to the shown unit.
        prefix: Text before the number: "$" (D3's number formats support no other) or "".
        suffix: Text after the number, such as " mpg".
        digits: Digits after the decimal point, in the shown unit.
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
        """Return a value or an error in the shown unit: "$2,851" for 2.851 thousand dollars.

        Args:
            value: A number in the unit of the data.
        """
        if not math.isfinite(value):
            return NONE
        size = abs(value) * self.scale
        number = f"{size:,.{self.digits}f}" if size < LARGEST_DECIMAL else f"{size:.2g}"
        return f"{'-' if self._shown(value) < 0 else ''}{self.prefix}{number}{self.suffix}"

    def change(self, value: float) -> str:
        """Return a difference in the shown unit, with a plus sign if it is positive."""
        return f"{'+' if self._shown(value) > 0 else ''}{self.text(value)}"

    def rounded(self, value: float) -> float:
        """Return a prediction rounded to a multiple of `step`, in the unit of the data."""
        return round(value / self.step, 0) * self.step

    def in_unit(self, value: float, digits: int = 3) -> str:
        """Return a value with its unit, in the unit of the data, for the command line."""
        return f"{value:.{digits}f} {self.unit}"

    def _shown(self, value: float) -> float:
        return round(value * self.scale, self.digits)
