"""How good a network is that finds a number, such as a price: how far off it is, and where.

There is no right or wrong here, only near and far. The mean absolute error says how far off an
answer is on average, in the unit of the answer; the root mean squared error counts large errors
more; R² says which share of the differences between the samples the network explains. scikit-learn
is loaded at the first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import DataError
from mnist_core.evaluation.classification import TOP_LOSSES
from mnist_core.evaluation.intervals import Estimate
from mnist_core.i18n import mark


@dataclass(frozen=True, eq=False)
class RegressionEvaluation:
    """What a network makes of samples whose number is known, with all figures about it.

    Attributes:
        unit: Of the numbers, such as "thousand dollars".
        truths: float64 (n,), the number of each sample.
        predictions: float64 (n,), what the network answers.
        losses: float32 (n,), the loss of each sample.
        indices: int64 (n,), where each sample stands in its dataset.
        penalty: What regularisation adds to the mean loss, as Keras reports it; 0 without.
        loss: Mean of the losses, without the penalty.
        mae: Mean absolute error, in the unit.
        rmse: Root mean squared error, in the unit; its interval is that of the mean square.
        bias: Mean of prediction minus truth: above 0, the network guesses too high on average.
        r2: 1 is perfect, 0 is no better than to answer the mean of these samples each time, and
            it can be less; None where all of them have the same number.
    """

    unit: str
    truths: NDArray[np.float64]
    predictions: NDArray[np.float64]
    losses: NDArray[np.float32]
    indices: NDArray[np.int64]
    penalty: float
    loss: Estimate
    mae: Estimate
    rmse: Estimate
    bias: Estimate
    r2: float | None

    @classmethod
    def of(
        cls,
        truths: NDArray[np.floating],
        predictions: NDArray[np.floating],
        *,
        unit: str = "",
        losses: NDArray[np.floating] | None = None,
        indices: NDArray[np.integer] | None = None,
        penalty: float = 0.0,
    ) -> RegressionEvaluation:
        """Compute everything.

        Args:
            truths: Floats (n,).
            predictions: Floats (n,) or (n, 1).
            unit: Of both.
            losses: Loss of each sample (n,); None for the squared error.
            indices: Where each sample stands in its dataset (n,); None for 0 to n - 1.
            penalty: What regularisation adds to the mean loss.

        Raises:
            DataError: There are no samples, the arrays do not fit each other, or they hold
                something that is no number.
        """
        answers = np.asarray(predictions, np.float64)
        answers = answers[:, 0] if answers.ndim == 2 and answers.shape[1] == 1 else answers
        known = np.asarray(truths, np.float64)
        _check(known, answers)
        residuals = answers - known
        squares = residuals**2
        each = squares if losses is None else losses
        return cls(
            unit=unit,
            truths=known,
            predictions=answers,
            losses=each.astype(np.float32),
            indices=np.arange(len(known)) if indices is None else indices.astype(np.int64),
            penalty=penalty,
            loss=Estimate.of_mean(each),
            mae=Estimate.of_mean(np.abs(residuals)),
            rmse=_root(Estimate.of_mean(squares)),
            bias=Estimate.of_mean(residuals),
            r2=_r2(known, answers),
        )

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.truths)

    @cached_property
    def residuals(self) -> NDArray[np.float64]:
        """Prediction minus truth, float64 (n,): above 0 where the network guesses too high."""
        return self.predictions - self.truths

    def top_errors(self, count: int = TOP_LOSSES) -> NDArray[np.int64]:
        """Positions of the samples with the largest error, the worst first."""
        return np.argsort(-np.abs(self.residuals), kind="stable")[:count]

    def to_dict(self) -> dict[str, Any]:
        """The figures, without the arrays of all samples, as values that JSON can hold."""
        return {
            "samples": len(self),
            "unit": self.unit,
            "mae": self.mae.to_dict(),
            "rmse": self.rmse.to_dict(),
            "r2": self.r2,
            "bias": self.bias.to_dict(),
            "loss": self.loss.to_dict(),
            "regularisation": self.penalty,
            "top_errors": [
                {
                    "index": int(self.indices[place]),
                    "true": float(self.truths[place]),
                    "predicted": float(self.predictions[place]),
                    "error": float(self.residuals[place]),
                }
                for place in self.top_errors()
            ],
        }


def _check(truths: NDArray[np.float64], answers: NDArray[np.float64]) -> None:
    if not len(truths) or truths.shape != answers.shape:
        raise DataError(
            mark("{truths} true numbers and answers of shape {shape}."),
            mark("An evaluation needs a sample at least, and one number for each."),
            mark("Give the answers of a network that finds one number."),
            truths=len(truths),
            shape=answers.shape,
        )
    if not (np.isfinite(truths).all() and np.isfinite(answers).all()):
        raise DataError(
            mark("The network was asked for numbers."),
            mark("Some of its answers are none: its weights grew beyond all numbers, perhaps."),
            mark("Train again with a smaller learning rate, or evaluate the best epoch's model."),
        )


def _root(square: Estimate) -> Estimate:
    low, value, high = np.sqrt(np.clip((square.low, square.value, square.high), 0, None))
    return Estimate(float(value), float(low), float(high))


def _r2(truths: NDArray[np.float64], answers: NDArray[np.float64]) -> float | None:
    from sklearn.metrics import r2_score

    return float(r2_score(truths, answers)) if np.ptp(truths) > 0 else None
