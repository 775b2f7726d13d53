"""How much worse a network does on images that it did not learn from, as a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.estimates import Estimate
from mnist_core.evaluation import Evaluation


@dataclass(frozen=True)
class Gap:
    """How much worse a network is on images that it did not learn from.

    Attributes:
        accuracy: Accuracy in training minus accuracy there.
        loss: Loss there minus loss in training.
    """

    accuracy: Estimate
    loss: Estimate

    @classmethod
    def between(cls, train: Evaluation, other: Evaluation) -> Gap:
        """The generalisation gap from the training images to others."""
        return cls(train.accuracy.minus(other.accuracy), other.loss.minus(train.loss))

    def to_dict(self) -> dict[str, Any]:
        """Both differences with their intervals."""
        return {"accuracy": self.accuracy.to_dict(), "loss": self.loss.to_dict()}


def compared(parts: Mapping[str, Evaluation]) -> dict[str, Any]:
    """Training, validation and test side by side, as values that JSON can hold.

    Args:
        parts: The evaluation of each part; without "train" there is no gap.
    """
    table: dict[str, Any] = {
        name: {
            "images": len(one),
            "accuracy": one.accuracy.to_dict(),
            "loss": one.loss.to_dict(),
        }
        for name, one in parts.items()
    }
    train = parts.get("train")
    for name, one in parts.items():
        if train is not None and name != "train":
            table[name]["gap"] = Gap.between(train, one).to_dict()
    return table
