"""Calibration: does the confidence of a network equal its accuracy?

Of the predictions with a confidence of 80 %, a calibrated network has 80 % correct. An overfitted
network is usually overconfident.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.evaluation.intervals import Estimate

#: Number of bins of a reliability diagram, of equal width.
BINS = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """The predictions of which the confidence is in an interval.

    Attributes:
        low: Lower end of the interval, exclusive.
        high: Upper end of the interval, inclusive.
        count: Number of predictions, at least one.
        confidence: Mean confidence.
        accuracy: Accuracy, with its confidence interval.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: Estimate


@dataclass(frozen=True)
class Calibration:
    """Reliability diagram and expected calibration error.

    Attributes:
        bins: The bins with predictions, from the lowest to the highest confidence.
        expected_error: Expected calibration error: the mean absolute difference of confidence and
            accuracy over the bins, weighted by their numbers of predictions (C. Guo et al., On
            calibration of modern neural networks, 2017). 0 is perfect calibration.
        confidence: Mean confidence of all predictions; above the accuracy the network is
            overconfident.
    """

    bins: tuple[ReliabilityBin, ...]
    expected_error: float
    confidence: float


def calibration_of(labels: NDArray[np.integer], probabilities: NDArray[np.floating]) -> Calibration:
    """Compare the confidence, which is the probability of the predicted class, with the accuracy.

    Args:
        labels: Integers (n,), at least one.
        probabilities: Floats (n, classes), 0 to 1.
    """
    from sklearn.calibration import calibration_curve

    confidence = probabilities.max(axis=1).astype(np.float64).clip(0, 1)
    correct = probabilities.argmax(axis=1) == labels
    place = np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence)
    accuracies, means = calibration_curve(correct, confidence, n_bins=BINS, pos_label=True)
    counts, hits = np.bincount(place, minlength=BINS), np.bincount(place[correct], minlength=BINS)
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
    differences = np.abs(accuracies - means)
    error = float((differences * counts[counts > 0]).sum() / len(labels))
    return Calibration(bins, error, float(confidence.mean()))
