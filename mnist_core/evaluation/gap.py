"""Generalisation gap: the difference of the metrics between training and other samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.intervals import Estimate
from mnist_core.evaluation.regression import RegressionEvaluation


@dataclass(frozen=True)
class Gap:
    """Generalisation gap of a classifier.

    Attributes:
        accuracy: Accuracy on the training set minus accuracy on the other set.
        loss: Loss on the other set minus loss on the training set.
    """

    accuracy: Estimate
    loss: Estimate

    @classmethod
    def between(cls, train: Evaluation, other: Evaluation) -> Gap:
        """Return the gap between the training set and another set."""
        return cls(train.accuracy.minus(other.accuracy), other.loss.minus(train.loss))

    def to_dict(self) -> dict[str, Any]:
        """Return both differences and their intervals as values for JSON."""
        return {"accuracy": self.accuracy.to_dict(), "loss": self.loss.to_dict()}


@dataclass(frozen=True)
class ErrorGap:
    """Generalisation gap of a regression network.

    Attributes:
        mae: Mean absolute error on the other set minus that on the training set.
        loss: Loss on the other set minus loss on the training set.
    """

    mae: Estimate
    loss: Estimate

    @classmethod
    def between(cls, train: RegressionEvaluation, other: RegressionEvaluation) -> ErrorGap:
        """Return the gap between the training set and another set."""
        return cls(other.mae.minus(train.mae), other.loss.minus(train.loss))

    def to_dict(self) -> dict[str, Any]:
        """Return both differences and their intervals as values for JSON."""
        return {"mae": self.mae.to_dict(), "loss": self.loss.to_dict()}


def compared(parts: Mapping[str, Evaluation | RegressionEvaluation]) -> dict[str, Any]:
    """Return the metrics and the generalisation gaps of several sets as values for JSON.

    Args:
        parts: The evaluation of each set, all of one type; without "train" there is no gap.
    """
    table = {name: _metrics(evaluation) for name, evaluation in parts.items()}
    train = parts.get("train")
    for name, other in parts.items():
        if name == "train":
            continue
        if isinstance(train, Evaluation) and isinstance(other, Evaluation):
            table[name]["gap"] = Gap.between(train, other).to_dict()
        if isinstance(train, RegressionEvaluation) and isinstance(other, RegressionEvaluation):
            table[name]["gap"] = ErrorGap.between(train, other).to_dict()
    return table


def _metrics(evaluation: Evaluation | RegressionEvaluation) -> dict[str, Any]:
    if isinstance(evaluation, Evaluation):
        metrics: dict[str, Any] = {"accuracy": evaluation.accuracy.to_dict()}
    else:
        metrics = {
            "mae": evaluation.mae.to_dict(),
            "rmse": evaluation.rmse.to_dict(),
            "r2": evaluation.r2,
        }
    return {"samples": len(evaluation)} | metrics | {"loss": evaluation.loss.to_dict()}
