"""Classification metrics: accuracy, confusion matrix, precision and recall, top losses.

The accuracy on a test set is an estimate, so accuracy and loss have a 95 % confidence interval.
The confusion matrix shows which classes are confused, the top losses show single errors, and the
calibration compares confidence with accuracy.

All metrics follow from labels and probabilities, for two or more classes. scikit-learn is imported
at the first use, which takes a second. For regression see
:mod:`mnist_core.evaluation.regression`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import DataError
from mnist_core.evaluation.calibration import Calibration, calibration_of
from mnist_core.evaluation.curves import ThresholdCurves
from mnist_core.evaluation.intervals import Estimate
from mnist_core.i18n import mark

#: Number of samples with the highest losses in a list.
TOP_LOSSES = 24
#: Number of the most confused pairs of classes in a list.
TOP_PAIRS = 10


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall and F1 score of a class.

    Attributes:
        name: Name of the class.
        precision: Fraction of the predictions of this class that are correct; None without such
            predictions.
        recall: Fraction of the samples of this class that are predicted correctly; None without
            such samples.
        f1: Harmonic mean of precision and recall; None if both are None.
        support: Number of samples of this class.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class ConfusedPair:
    """Samples of one class that are predicted as another class.

    Attributes:
        true: Label of the true class.
        predicted: Label of the predicted class.
        count: Number of samples.
        share: Fraction of the samples of the true class, 0 to 1.
    """

    true: int
    predicted: int
    count: int
    share: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The predictions of a classifier on labelled samples, and all metrics.

    Attributes:
        classes: The name of each class, by label.
        labels: int64 (n,), the label of each sample.
        probabilities: float32 (n, classes), the predicted probabilities.
        losses: float32 (n,), the cross-entropy of each sample.
        indices: int64 (n,), the index of each sample in its dataset.
        wrong: bool (n,), true where label noise has replaced the label.
        penalty: Regularisation loss, which Keras adds to the mean loss.
        loss: Mean loss, without the penalty.
        accuracy: Fraction of correct predictions.
        confusion: Confusion matrix, int64 (classes, classes): rows are true classes, columns are
            predicted classes.
        per_class: Scores of each class, by label.
        calibration: Comparison of confidence and accuracy.
        curves: For two classes the ROC and precision-recall curves; None for more classes, or if a
            class has no sample.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    losses: NDArray[np.float32]
    indices: NDArray[np.int64]
    wrong: NDArray[np.bool_]
    penalty: float
    loss: Estimate
    accuracy: Estimate
    confusion: NDArray[np.int64]
    per_class: tuple[ClassScores, ...]
    calibration: Calibration
    curves: ThresholdCurves | None

    @classmethod
    def of(
        cls,
        labels: NDArray[np.integer],
        probabilities: NDArray[np.floating],
        *,
        classes: tuple[str, ...],
        losses: NDArray[np.floating] | None = None,
        indices: NDArray[np.integer] | None = None,
        wrong: NDArray[np.bool_] | None = None,
        penalty: float = 0.0,
    ) -> Evaluation:
        """Compute all metrics.

        Args:
            labels: Integers (n,), 0 to classes - 1.
            probabilities: Floats (n, classes); for two classes also (n,) or (n, 1), the
                probability of the second class.
            classes: The name of each class, by label.
            losses: Loss of each sample (n,); None computes the cross-entropy from the
                probabilities, less exactly than the network does from its logits.
            indices: Index of each sample in its dataset (n,); None for 0 to n - 1.
            wrong: True where label noise has replaced the label (n,); None for no label noise.
            penalty: Regularisation loss.

        Raises:
            DataError: There are no samples, the shapes or labels do not fit the classes, or the
                probabilities are not between 0 and 1.
        """
        table = _two_columns(np.asarray(probabilities))
        count = len(labels)
        _check(labels, table, classes)
        each = _cross_entropy(labels, table) if losses is None else losses
        table = table.astype(np.float32)  # before argmax, so that `predicted` breaks ties equally
        predicted = table.argmax(axis=1)
        return cls(
            classes=classes,
            labels=labels.astype(np.int64),
            probabilities=table,
            losses=each.astype(np.float32),
            indices=np.arange(count) if indices is None else indices.astype(np.int64),
            wrong=np.zeros(count, dtype=bool) if wrong is None else wrong,
            penalty=penalty,
            loss=Estimate.of_mean(each),
            accuracy=Estimate.of_share(int((predicted == labels).sum()), count),
            confusion=_confusion(labels, predicted, len(classes)),
            per_class=_per_class(labels, predicted, classes),
            calibration=calibration_of(labels, table),
            curves=ThresholdCurves.of(labels, table[:, 1]) if len(classes) == 2 else None,
        )

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.labels)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The predicted label of each sample, int64 (n,)."""
        labels: NDArray[np.int64] = self.probabilities.argmax(axis=1).astype(np.int64)
        return labels

    @cached_property
    def confused_pairs(self) -> tuple[ConfusedPair, ...]:
        """All pairs of a true and another predicted class, the most frequent first."""
        counts = self.confusion.copy()
        np.fill_diagonal(counts, 0)
        order = np.argsort(-counts, axis=None, kind="stable")[: np.count_nonzero(counts)]
        places = zip(*np.unravel_index(order, counts.shape), strict=True)
        return tuple(
            ConfusedPair(
                int(true),
                int(predicted),
                int(counts[true, predicted]),
                float(counts[true, predicted] / self.confusion[true].sum()),
            )
            for true, predicted in places
        )

    def top_losses(self, count: int = TOP_LOSSES) -> NDArray[np.int64]:
        """Return the positions of the samples with the highest losses, the highest first.

        These are confident but wrong predictions, or samples with a wrong label.

        Args:
            count: Largest number of samples.
        """
        return np.argsort(-self.losses, kind="stable")[:count]

    def cell(self, true: int, predicted: int) -> NDArray[np.int64]:
        """Return the positions of the samples in a cell of the confusion matrix.

        Args:
            true: Label of the true class.
            predicted: Label of the predicted class.

        Returns:
            int64 (n,), the most confident prediction first.
        """
        found = np.flatnonzero((self.labels == true) & (self.predicted == predicted))
        return found[np.argsort(-self.probabilities[found, predicted], kind="stable")]

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as values for JSON, without the arrays of all samples."""
        pairs = self.confused_pairs[:TOP_PAIRS]
        calibration = asdict(self.calibration)
        return {
            "samples": len(self),
            "accuracy": self.accuracy.to_dict(),
            "loss": self.loss.to_dict(),
            "regularisation": self.penalty,
            "classes": list(self.classes),
            "confusion_matrix": self.confusion.tolist(),
            "per_class": [asdict(scores) for scores in self.per_class],
            "confused_pairs": [
                {
                    "true": self.classes[pair.true],
                    "read": self.classes[pair.predicted],
                    "count": pair.count,
                    "share": pair.share,
                }
                for pair in pairs
            ],
            "top_losses": [self._sample(int(position)) for position in self.top_losses()],
            "calibration": {
                "expected_calibration_error": calibration["expected_error"],
                "mean_confidence": calibration["confidence"],
                "bins": list(calibration["bins"]),
            },
        } | (self.curves.to_dict() if self.curves else {})

    def _sample(self, position: int) -> dict[str, Any]:
        return {
            "index": int(self.indices[position]),
            "true": self.classes[self.labels[position]],
            "read": self.classes[self.predicted[position]],
            "loss": float(self.losses[position]),
            "probabilities": [round(float(p), 6) for p in self.probabilities[position]],
        }


def _two_columns(probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the probabilities of both classes, also if only that of the second is given."""
    if probabilities.ndim == 2 and probabilities.shape[1] == 1:
        probabilities = probabilities[:, 0]
    if probabilities.ndim == 1:
        return np.stack([1 - probabilities, probabilities], axis=1)
    return probabilities


def _check(
    labels: NDArray[np.integer], table: NDArray[np.floating], classes: tuple[str, ...]
) -> None:
    if not len(labels) or table.shape != (len(labels), len(classes)):
        raise DataError(
            mark(
                "The probabilities for {labels} labels have the shape {shape}, but the task has "
                "{classes} classes."
            ),
            mark("Give at least one sample, and a probability for each of its classes."),
            labels=len(labels),
            shape=table.shape,
            classes=len(classes),
        )
    if not np.isin(labels, np.arange(len(classes))).all():
        raise DataError(
            mark("The labels are from {low} to {high}, but there are {classes} classes."),
            mark("Give labels from 0 to the number of classes minus 1."),
            low=int(labels.min()),
            high=int(labels.max()),
            classes=len(classes),
        )
    if not (np.isfinite(table).all() and table.min() >= 0 and table.max() <= 1.001):
        raise DataError(
            mark(
                "Some outputs of the network are not probabilities from 0 to 1; its training may "
                "have diverged."
            ),
            mark("Train again with a smaller learning rate, or evaluate the best epoch's model."),
        )


def _cross_entropy(
    labels: NDArray[np.integer], table: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Return -log of the true class's probability, as `sklearn.metrics.log_loss`."""
    given = table[np.arange(len(labels)), labels]
    smallest = np.finfo(table.dtype).eps
    losses: NDArray[np.floating] = -np.log(np.clip(given, smallest, 1))
    return losses


def load_scikit_learn() -> None:
    """Import scikit-learn ahead of the first evaluation."""
    import sklearn.calibration
    import sklearn.metrics  # noqa: F401


def _confusion(
    labels: NDArray[np.integer], predicted: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    from sklearn.metrics import confusion_matrix

    matrix: NDArray[np.int64] = confusion_matrix(labels, predicted, labels=np.arange(classes))
    return matrix.astype(np.int64)


def _per_class(
    labels: NDArray[np.integer], predicted: NDArray[np.integer], classes: tuple[str, ...]
) -> tuple[ClassScores, ...]:
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        labels, predicted, labels=np.arange(len(classes)), zero_division=np.nan
    )
    return tuple(
        ClassScores(name, _defined(precision), _defined(recall), _defined(f1), int(support))
        for name, precision, recall, f1, support in zip(classes, *columns, strict=True)
    )


def _defined(score: float) -> float | None:
    return None if math.isnan(score) else float(score)
