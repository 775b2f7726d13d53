"""Figures that say how sure they are: a share or a mean of some images, with its interval.

Other images of the same kind would give another accuracy. The interval says how far off it may
be: of a hundred such intervals about ninety-five hold the figure of all images that there could
be.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

#: Half the width of a 95 % interval in standard errors: the normal distribution's 97.5 % point.
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A figure and the interval that holds the true one 95 times of 100.

    Attributes:
        value: The figure.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of_share(cls, hits: int, count: int) -> Estimate:
        """A share, with the interval of E. B. Wilson (JASA 22, 1927).

        Unlike value ± 2 standard errors it stays within 0 and 1, and has a width where every one
        of few images was right.

        Args:
            hits: How many have what is counted.
            count: Out of how many, at least 1.
        """
        from scipy.stats import binomtest

        test = binomtest(hits, count)
        interval = test.proportion_ci(method="wilson")
        return cls(test.statistic, float(interval.low), float(interval.high))

    @classmethod
    def of_mean(cls, values: NDArray[np.floating]) -> Estimate:
        """A mean, plus and minus 1.96 standard errors; no interval for a single value.

        Args:
            values: One for each sample, at least one.
        """
        exact = values.astype(np.float64)
        mean = float(exact.mean())
        if len(exact) < 2:
            return cls(mean, math.nan, math.nan)
        half = NORMAL_95 * float(exact.std(ddof=1)) / math.sqrt(len(exact))
        return cls(mean, mean - half, mean + half)

    def minus(self, other: Estimate) -> Estimate:
        """The difference of two independent estimates.

        Each end takes the uncertainty of that side from both intervals (R. G. Newcombe,
        Statistics in Medicine 17, 1998, method 10).
        """
        difference = self.value - other.value
        down = math.hypot(self.value - self.low, other.high - other.value)
        up = math.hypot(self.high - self.value, other.value - other.low)
        return Estimate(difference, difference - down, difference + up)

    def to_dict(self) -> dict[str, float | None]:
        """The figure and its interval by name, None for what JSON has no number for."""
        return {
            name: value if math.isfinite(value) else None for name, value in asdict(self).items()
        }
