"""ROC and precision-recall curves of a binary classifier.

A network with two classes predicts the positive class if its probability exceeds a decision
threshold, usually 0.5. A lower threshold finds more positive samples and has more false positives.
The curves show all thresholds, so that networks can be compared without choosing a threshold.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Largest number of points of a curve: more than a screen resolves.
MOST_POINTS = 400


@dataclass(frozen=True)
class Curve:
    """A curve with a point for each decision threshold.

    Attributes:
        x: Horizontal coordinates, 0 to 1.
        y: Vertical coordinates, 0 to 1.
        thresholds: The decision threshold of each point, 0 to 1.
        area: Area under the curve with all points.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    thresholds: tuple[float, ...]
    area: float

    @classmethod
    def of(
        cls,
        x: NDArray[np.floating],
        y: NDArray[np.floating],
        thresholds: NDArray[np.floating],
        area: float,
    ) -> Curve:
        """Return a curve with at most `MOST_POINTS` of the given points, including both ends."""
        kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
        first, second, third = (
            tuple(np.clip(values[kept], 0, 1).tolist()) for values in (x, y, thresholds)
        )
        return cls(first, second, third, float(area))


@dataclass(frozen=True)
class ThresholdCurves:
    """The performance of a binary classifier at all decision thresholds.

    Attributes:
        roc: Receiver operating characteristic: true positive rate (y) against false positive rate
            (x). The area is the probability that a random positive sample gets a higher predicted
            probability than a random negative sample; 0.5 is random guessing (J. Hanley and B.
            McNeil, Radiology 143, 1982).
        precision_recall: Precision (y) against recall (x). The area is scikit-learn's average
            precision.
        positives: Fraction of positive samples, which is the precision of random guessing.
    """

    roc: Curve
    precision_recall: Curve
    positives: float

    @classmethod
    def of(
        cls, labels: NDArray[np.integer], probabilities: NDArray[np.floating]
    ) -> ThresholdCurves | None:
        """Compute both curves.

        Args:
            labels: 0 (negative) or 1 (positive), (n,).
            probabilities: Floats (n,), the probability of class 1.

        Returns:
            The curves; None if a class has no sample, because a rate is undefined then.
        """
        from sklearn import metrics

        if len(np.unique(labels)) < 2:
            return None
        false_positive, true_positive, roc_thresholds = metrics.roc_curve(labels, probabilities)
        precision, recall, thresholds = metrics.precision_recall_curve(
            labels, probabilities, drop_intermediate=True
        )
        area = metrics.roc_auc_score(labels, probabilities)
        return cls(
            Curve.of(false_positive, true_positive, roc_thresholds, area),
            # From recall 0, at the threshold 1, to recall 1.
            Curve.of(
                recall[::-1],
                precision[::-1],
                np.append(thresholds, 1.0)[::-1],
                metrics.average_precision_score(labels, probabilities),
            ),
            float(labels.mean()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the areas and the points of both curves as values for JSON."""
        roc, precision_recall = asdict(self.roc), asdict(self.precision_recall)
        return {
            "roc_auc": self.roc.area,
            "average_precision": self.precision_recall.area,
            "roc": {
                "false_positive_rate": list(roc["x"]),
                "true_positive_rate": list(roc["y"]),
                "thresholds": list(roc["thresholds"]),
            },
            "precision_recall": {
                "recall": list(precision_recall["x"]),
                "precision": list(precision_recall["y"]),
                "thresholds": list(precision_recall["thresholds"]),
            },
        }
