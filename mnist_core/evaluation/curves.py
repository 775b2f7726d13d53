"""Yes or no: what becomes of the answers when another probability is enough for a "yes".

A network with two classes says "yes" from a probability of one half on. Any other threshold would
do: a lower one finds more of what is to be found, and is wrong more often. Two curves show all
thresholds at once, so that two networks can be compared without choosing one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Points of a curve, at most: more than a screen can show.
MOST_POINTS = 400


@dataclass(frozen=True)
class Curve:
    """One point for each threshold, and the area below them.

    Attributes:
        x: From 0 to 1.
        y: From 0 to 1.
        thresholds: The probability from which on each point says "yes", 0 to 1.
        area: Below the whole curve, before it was thinned out.
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
        """A curve with few enough points; its ends stay."""
        kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
        first, second, third = (
            tuple(np.clip(values[kept], 0, 1).tolist()) for values in (x, y, thresholds)
        )
        return cls(first, second, third, float(area))


@dataclass(frozen=True)
class ThresholdCurves:
    """How a classifier of two classes does at every threshold.

    Attributes:
        roc: Receiver operating characteristic: the share of the second class that is found (y)
            against the share of the first that is taken for it (x). The area is the chance that
            of one sample of each class the right one gets the higher probability; 0.5 is
            guessing (J. Hanley and B. McNeil, Radiology 143, 1982).
        precision_recall: The share of the "yes" answers that is right (y) against the share of
            the second class that is found (x). The area is scikit-learn's average precision.
        positives: Share of the second class: the precision of guessing.
    """

    roc: Curve
    precision_recall: Curve
    positives: float

    @classmethod
    def of(
        cls, labels: NDArray[np.integer], probabilities: NDArray[np.floating]
    ) -> ThresholdCurves | None:
        """Compute both.

        Args:
            labels: 0 or 1, (n,).
            probabilities: Floats (n,), of class 1.

        Returns:
            The curves; None where a class has no sample, since nothing can be told apart then.
        """
        from sklearn import metrics

        if len(np.unique(labels)) < 2:
            return None
        false, found, from_roc = metrics.roc_curve(labels, probabilities)
        precision, recall, from_pr = metrics.precision_recall_curve(
            labels, probabilities, drop_intermediate=True
        )
        return cls(
            Curve.of(false, found, from_roc, metrics.roc_auc_score(labels, probabilities)),
            # From nothing found to everything found; where nothing is, no probability is enough.
            Curve.of(
                recall[::-1],
                precision[::-1],
                np.append(from_pr, 1.0)[::-1],
                metrics.average_precision_score(labels, probabilities),
            ),
            float(labels.mean()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Areas and points by the names that they have in the field."""
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
