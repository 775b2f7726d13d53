"""How much worse a network does on samples that it did not learn from, as a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.intervals import Estimate
from mnist_core.evaluation.regression import RegressionEvaluation


@dataclass(frozen=True)
class Gap:
    """How much worse a network is on samples that it did not learn from.

    Attributes:
        accuracy: Accuracy in training minus accuracy there.
        loss: Loss there minus loss in training.
    """

    accuracy: Estimate
    loss: Estimate

    @classmethod
    def between(cls, train: Evaluation, other: Evaluation) -> Gap:
        """The generalisation gap from the training samples to others."""
        return cls(train.accuracy.minus(other.accuracy), other.loss.minus(train.loss))

    def to_dict(self) -> dict[str, Any]:
        """Both differences with their intervals."""
        return {"accuracy": self.accuracy.to_dict(), "loss": self.loss.to_dict()}


@dataclass(frozen=True)
class ErrorGap:
    """The same for a network that finds a number: how much farther off it is there.

    Attributes:
        mae: Mean absolute error there minus that in training.
        loss: Loss there minus loss in training.
    """

    mae: Estimate
    loss: Estimate

    @classmethod
    def between(cls, train: RegressionEvaluation, other: RegressionEvaluation) -> ErrorGap:
        """The generalisation gap from the training samples to others."""
        return cls(other.mae.minus(train.mae), other.loss.minus(train.loss))

    def to_dict(self) -> dict[str, Any]:
        """Both differences with their intervals."""
        return {"mae": self.mae.to_dict(), "loss": self.loss.to_dict()}


def compared(parts: Mapping[str, Evaluation | RegressionEvaluation]) -> dict[str, Any]:
    """Training, validation and test side by side, as values that JSON can hold.

    Args:
        parts: The evaluation of each part, all of one kind; without "train" there is no gap.
    """
    table = {name: _figures(one) for name, one in parts.items()}
    train = parts.get("train")
    for name, one in parts.items():
        if name == "train":
            continue
        if isinstance(train, Evaluation) and isinstance(one, Evaluation):
            table[name]["gap"] = Gap.between(train, one).to_dict()
        if isinstance(train, RegressionEvaluation) and isinstance(one, RegressionEvaluation):
            table[name]["gap"] = ErrorGap.between(train, one).to_dict()
    return table


def _figures(one: Evaluation | RegressionEvaluation) -> dict[str, Any]:
    if isinstance(one, Evaluation):
        own: dict[str, Any] = {"accuracy": one.accuracy.to_dict()}
    else:
        own = {"mae": one.mae.to_dict(), "rmse": one.rmse.to_dict(), "r2": one.r2}
    return {"samples": len(one)} | own | {"loss": one.loss.to_dict()}
