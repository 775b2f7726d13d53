"""Regression metrics: mean absolute error, root mean squared error, R², residuals.

The mean absolute error (MAE) is the average size of an error, in the unit of the target. The root
mean squared error (RMSE) weights large errors more. R² is the fraction of the variance of the
targets that the network explains. scikit-learn is imported at the first use.
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
    """The predictions of a regression network on samples with known targets, and all metrics.

    Attributes:
        unit: Unit of the targets, such as "thousand dollars".
        truths: float64 (n,), the target of each sample.
        predictions: float64 (n,), the prediction for each sample.
        losses: float32 (n,), the loss of each sample.
        indices: int64 (n,), the index of each sample in its dataset.
        penalty: Regularisation loss, which Keras adds to the mean loss.
        loss: Mean loss, without the penalty.
        mae: Mean absolute error, in the unit.
        rmse: Root mean squared error, in the unit; the interval is that of the mean square.
        bias: Mean of prediction minus target; positive if the predictions are too high on average.
        r2: Coefficient of determination: 1 is perfect, 0 is the same as predicting the mean of
            the targets, negative is worse; None if all targets are equal.
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
        """Compute all metrics.

        Args:
            truths: The targets, floats (n,).
            predictions: Floats (n,) or (n, 1).
            unit: Unit of targets and predictions.
            losses: Loss of each sample (n,); None for the squared error.
            indices: Index of each sample in its dataset (n,); None for 0 to n - 1.
            penalty: Regularisation loss.

        Raises:
            DataError: There are no samples, the shapes differ, or a number is not finite.
        """
        predicted = np.asarray(predictions, np.float64)
        if predicted.ndim == 2 and predicted.shape[1] == 1:
            predicted = predicted[:, 0]
        targets = np.asarray(truths, np.float64)
        _check(targets, predicted)
        residuals = predicted - targets
        squares = residuals**2
        each = squares if losses is None else losses
        return cls(
            unit=unit,
            truths=targets,
            predictions=predicted,
            losses=each.astype(np.float32),
            indices=np.arange(len(targets)) if indices is None else indices.astype(np.int64),
            penalty=penalty,
            loss=Estimate.of_mean(each),
            mae=Estimate.of_mean(np.abs(residuals)),
            rmse=_root(Estimate.of_mean(squares)),
            bias=Estimate.of_mean(residuals),
            r2=_r2(targets, predicted),
        )

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.truths)

    @cached_property
    def residuals(self) -> NDArray[np.float64]:
        """Prediction minus target, float64 (n,); positive where the prediction is too high."""
        return self.predictions - self.truths

    def top_errors(self, count: int = TOP_LOSSES) -> NDArray[np.int64]:
        """Return the positions of the samples with the largest errors, the largest first.

        Args:
            count: Largest number of samples.
        """
        return np.argsort(-np.abs(self.residuals), kind="stable")[:count]

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as values for JSON, without the arrays of all samples."""
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


def _check(targets: NDArray[np.float64], predictions: NDArray[np.float64]) -> None:
    if not len(targets) or targets.shape != predictions.shape:
        raise DataError(
            mark("The predictions for {targets} targets have the shape {shape}."),
            mark("Give at least one sample, and one predicted number for each."),
            targets=len(targets),
            shape=predictions.shape,
        )
    if not (np.isfinite(targets).all() and np.isfinite(predictions).all()):
        raise DataError(
            mark("Some predictions are not finite numbers; the training may have diverged."),
            mark("Train again with a smaller learning rate, or evaluate the best epoch's model."),
        )


def _root(square: Estimate) -> Estimate:
    low, value, high = np.sqrt(np.clip((square.low, square.value, square.high), 0, None))
    return Estimate(float(value), float(low), float(high))


def _r2(targets: NDArray[np.float64], predictions: NDArray[np.float64]) -> float | None:
    from sklearn.metrics import r2_score

    return float(r2_score(targets, predictions)) if np.ptp(targets) > 0 else None
