"""How good a classifier is: figures that say how sure they are, and where it goes wrong.

A share of 10,000 test samples is an estimate: other 10,000 would give another one. So accuracy and
loss come with an interval, in which the true value lies 95 times of 100. One number hides much,
though: which classes are taken for which, which single answers are far off, and whether a network
that says "99 % sure" is right 99 times of 100.

Everything here is computed from labels and probabilities alone, for any number of classes, two
included. scikit-learn is loaded at the first use: it takes a second. Tasks whose answer is a number
have figures of their own (:mod:`mnist_core.evaluation.regression`).
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

#: How many of the worst answers, and of the most confused pairs, a listing has.
TOP_LOSSES = 24
TOP_PAIRS = 10


@dataclass(frozen=True)
class ClassScores:
    """How well one class is recognised.

    Attributes:
        name: The class.
        precision: Of what was read as this class, the share that is; None where nothing was.
        recall: Of what is this class, the share that was read so; None where there is none.
        f1: The harmonic mean of both; None where neither is known.
        support: How many samples are of this class.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class ConfusedPair:
    """One class that is taken for another.

    Attributes:
        true: Number of the class that it is.
        read: Number of the class that was read.
        count: How often.
        share: Of all samples of the true class, 0 to 1.
    """

    true: int
    read: int
    count: int
    share: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a classifier makes of labelled samples, with all figures about it.

    Attributes:
        classes: The name of each class, by label.
        labels: int64 (n,), what each sample is said to be.
        probabilities: float32 (n, classes).
        losses: float32 (n,), the cross-entropy of each sample.
        indices: int64 (n,), where each sample stands in its dataset.
        wrong: bool (n,), true where the label was made wrong on purpose.
        penalty: What regularisation adds to the mean loss, as Keras reports it; 0 without.
        loss: Mean of the losses, without the penalty.
        accuracy: Share of right answers.
        confusion: int64 (classes, classes): samples of the row's class read as the column's.
        per_class: Scores of each class, by label.
        calibration: Whether its confidence can be taken at its word.
        curves: Of two classes, what becomes of the answers at another threshold than one half;
            None for more classes, or where one has no sample.
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
        """Compute everything.

        Args:
            labels: Integers (n,), 0 to classes - 1.
            probabilities: Floats (n, classes); for two classes (n,) or (n, 1) will do, the
                probability of the second one.
            classes: The name of each class, by label.
            losses: Loss of each sample (n,); None computes the cross-entropy from the
                probabilities, which cannot tell 1e-10 from 0 as the network itself can.
            indices: Where each sample stands in its dataset (n,); None for 0 to n - 1.
            wrong: Which labels were made wrong on purpose (n,); None for none.
            penalty: What regularisation adds to the mean loss.

        Raises:
            DataError: There are no samples, the arrays do not fit each other, or they hold
                something that is no probability.
        """
        table = _two_columns(np.asarray(probabilities))
        count = len(labels)
        _check(labels, table, classes)
        each = _cross_entropy(labels, table) if losses is None else losses
        table = table.astype(np.float32)  # as it is kept: a tie must be read the same way later
        read = table.argmax(axis=1)
        return cls(
            classes=classes,
            labels=labels.astype(np.int64),
            probabilities=table,
            losses=each.astype(np.float32),
            indices=np.arange(count) if indices is None else indices.astype(np.int64),
            wrong=np.zeros(count, dtype=bool) if wrong is None else wrong,
            penalty=penalty,
            loss=Estimate.of_mean(each),
            accuracy=Estimate.of_share(int((read == labels).sum()), count),
            confusion=_confusion(labels, read, len(classes)),
            per_class=_per_class(labels, read, classes),
            calibration=calibration_of(labels, table),
            curves=ThresholdCurves.of(labels, table[:, 1]) if len(classes) == 2 else None,
        )

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.labels)

    @cached_property
    def read(self) -> NDArray[np.int64]:
        """The class that is read in each sample, int64 (n,)."""
        found: NDArray[np.int64] = self.probabilities.argmax(axis=1).astype(np.int64)
        return found

    @cached_property
    def confused_pairs(self) -> tuple[ConfusedPair, ...]:
        """Every pair of classes of which the first was taken for the second, the worst first."""
        counts = self.confusion.copy()
        np.fill_diagonal(counts, 0)
        order = np.argsort(-counts, axis=None, kind="stable")[: np.count_nonzero(counts)]
        places = zip(*np.unravel_index(order, counts.shape), strict=True)
        return tuple(
            ConfusedPair(
                int(true),
                int(read),
                int(counts[true, read]),
                float(counts[true, read] / self.confusion[true].sum()),
            )
            for true, read in places
        )

    def top_losses(self, count: int = TOP_LOSSES) -> NDArray[np.int64]:
        """Positions of the samples with the highest loss, the worst first.

        These are the answers that were both wrong and sure, or a label that is wrong itself.
        """
        return np.argsort(-self.losses, kind="stable")[:count]

    def cell(self, true: int, read: int) -> NDArray[np.int64]:
        """Positions of the samples in one cell of the confusion matrix, the surest answer first."""
        found = np.flatnonzero((self.labels == true) & (self.read == read))
        return found[np.argsort(-self.probabilities[found, read], kind="stable")]

    def to_dict(self) -> dict[str, Any]:
        """The figures, without the arrays of all samples, as values that JSON can hold."""
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
                asdict(pair) | {"true": self.classes[pair.true], "read": self.classes[pair.read]}
                for pair in pairs
            ],
            "top_losses": [self._one(int(position)) for position in self.top_losses()],
            "calibration": {
                "expected_calibration_error": calibration["expected_error"],
                "mean_confidence": calibration["confidence"],
                "bins": list(calibration["bins"]),
            },
        } | (self.curves.to_dict() if self.curves else {})

    def _one(self, position: int) -> dict[str, Any]:
        return {
            "index": int(self.indices[position]),
            "true": self.classes[self.labels[position]],
            "read": self.classes[self.read[position]],
            "loss": float(self.losses[position]),
            "probabilities": [round(float(p), 6) for p in self.probabilities[position]],
        }


def _two_columns(probabilities: NDArray[np.floating]) -> NDArray[np.floating]:
    """One column of a sigmoid as two: of the first class, and of the second."""
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
            mark("{labels} labels and probabilities of shape {shape}."),
            mark("An evaluation needs a sample at least, and {classes} probabilities for each."),
            mark("Give the predictions of a network with these classes."),
            labels=len(labels),
            shape=table.shape,
            classes=len(classes),
        )
    if not np.isin(labels, np.arange(len(classes))).all():
        raise DataError(
            mark("The labels run from {low} to {high}."),
            mark("There are {classes} classes, counted from 0."),
            mark("Give labels of these classes."),
            low=int(labels.min()),
            high=int(labels.max()),
            classes=len(classes),
        )
    if not (np.isfinite(table).all() and table.min() >= 0 and table.max() <= 1.001):
        raise DataError(
            mark("The network was asked for probabilities."),
            mark("Some of its answers are none: its weights grew beyond all numbers, perhaps."),
            mark("Train again with a smaller learning rate, or evaluate the best epoch's model."),
        )


def _cross_entropy(
    labels: NDArray[np.integer], table: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Minus the logarithm of the right class's probability, as `sklearn.metrics.log_loss`."""
    given = table[np.arange(len(labels)), labels]
    smallest = np.finfo(table.dtype).eps
    losses: NDArray[np.floating] = -np.log(np.clip(given, smallest, 1))
    return losses


def load_scikit_learn() -> None:
    """Load it now, so that the first evaluation does not wait for it."""
    import sklearn.calibration
    import sklearn.metrics  # noqa: F401


def _confusion(
    labels: NDArray[np.integer], read: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    from sklearn.metrics import confusion_matrix

    matrix: NDArray[np.int64] = confusion_matrix(labels, read, labels=np.arange(classes))
    return matrix.astype(np.int64)


def _per_class(
    labels: NDArray[np.integer], read: NDArray[np.integer], classes: tuple[str, ...]
) -> tuple[ClassScores, ...]:
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(
        labels, read, labels=np.arange(len(classes)), zero_division=np.nan
    )
    return tuple(
        ClassScores(name, _known(precision), _known(recall), _known(f1), int(support))
        for name, precision, recall, f1, support in zip(classes, *columns, strict=True)
    )


def _known(score: float) -> float | None:
    return None if math.isnan(score) else float(score)
