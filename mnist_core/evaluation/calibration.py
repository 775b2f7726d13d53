"""Whether a network's confidence can be taken at its word.

Of the answers that it gives with 80 % confidence, 80 of 100 should be right. Networks that
memorised their images are usually more confident than that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.evaluation.intervals import Estimate

#: Steps of confidence in a reliability diagram, each a tenth wide.
BINS = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """The answers given with about the same confidence.

    Attributes:
        low: Their confidence is above this,
        high: and at most this.
        count: How many there are, at least one.
        confidence: Their mean confidence.
        accuracy: The share of them that is right.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: Estimate


@dataclass(frozen=True)
class Calibration:
    """Whether confidence can be taken at its word.

    Attributes:
        bins: From the least confident answers to the surest; steps without any are left out.
        expected_error: Expected calibration error: how far confidence and accuracy lie apart,
            averaged over the bins by their number of answers (C. Guo et al., On calibration of
            modern neural networks, 2017). 0 is perfect.
        confidence: Mean confidence of all answers. Above the accuracy: too sure of itself.
    """

    bins: tuple[ReliabilityBin, ...]
    expected_error: float
    confidence: float


def calibration_of(labels: NDArray[np.integer], probabilities: NDArray[np.floating]) -> Calibration:
    """Compare confidence, the probability of the class that is read, with accuracy.

    Args:
        labels: Integers (n,), at least one.
        probabilities: Floats (n, classes), 0 to 1.
    """
    from sklearn.calibration import calibration_curve

    confidence = probabilities.max(axis=1).astype(np.float64).clip(0, 1)
    right = probabilities.argmax(axis=1) == labels
    place = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence)
    shares, means = calibration_curve(right, confidence, n_bins=BINS, pos_label=True)
    counts, hits = np.bincount(place, minlength=BINS), np.bincount(place[right], minlength=BINS)
    bins = tuple(
        ReliabilityBin(
            low=number / BINS,
            high=(number + 1) / BINS,
            count=int(counts[number]),
            confidence=float(mean),
            accuracy=Estimate.of_share(int(hits[number]), int(counts[number])),
        )
        for number, mean in zip(map(int, np.flatnonzero(counts)), means, strict=True)
    )
    apart = np.abs(shares - means)
    error = float((apart * counts[counts > 0]).sum() / len(labels))
    return Calibration(bins, error, float(confidence.mean()))
