"""95 % confidence intervals of a proportion, of a mean and of a difference.

The accuracy on a test set is an estimate: another test set would give another value. About 95 of
100 confidence intervals contain the true value.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

#: The 97.5 % quantile of the normal distribution.
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """An estimate with its 95 % confidence interval.

    Attributes:
        value: The estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of_share(cls, hits: int, count: int) -> Estimate:
        """Return a proportion with Wilson's score interval (E. B. Wilson, JASA 22, 1927).

        Unlike value ± 2 standard errors, the interval lies within 0 and 1, and its width is not 0
        for a proportion of 0 or 1.

        Args:
            hits: Number of successes.
            count: Number of trials, at least 1.
        """
        from scipy.stats import binomtest

        test = binomtest(hits, count)
        interval = test.proportion_ci(method="wilson")
        return cls(test.statistic, float(interval.low), float(interval.high))

    @classmethod
    def of_mean(cls, values: NDArray[np.floating]) -> Estimate:
        """Return a mean with the interval of ±1.96 standard errors; NaN for a single value.

        Args:
            values: Floats (n,), at least one.
        """
        exact = values.astype(np.float64)
        mean = float(exact.mean())
        if len(exact) < 2:
            return cls(mean, math.nan, math.nan)
        half = NORMAL_95 * float(exact.std(ddof=1)) / math.sqrt(len(exact))
        return cls(mean, mean - half, mean + half)

    def minus(self, other: Estimate) -> Estimate:
        """Return the difference of two independent estimates, with its interval.

        The interval combines the two intervals by Newcombe's method 10 (R. G. Newcombe, Statistics
        in Medicine 17, 1998).
        """
        difference = self.value - other.value
        down = math.hypot(self.value - self.low, other.high - other.value)
        up = math.hypot(self.high - self.value, other.value - other.low)
        return Estimate(difference, difference - down, difference + up)

    def to_dict(self) -> dict[str, float | None]:
        """Return the estimate and its interval as values for JSON; None for NaN."""
        return {
            name: value if math.isfinite(value) else None for name, value in asdict(self).items()
        }
