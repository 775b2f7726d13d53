"""Training checkpoint: the state from which another worker can resume a run.

The .npz file holds the model's variables (including the random state of dropout), the
optimizer's variables, and the weights and per-sample losses of the best epoch. The order of the
samples needs no state, since it follows from the seed and the epoch.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.runs.checksum import is_whole, sealed

log = logging.getLogger(__name__)
Arrays = list[np.ndarray[Any, np.dtype[Any]]]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of a training at the end of an epoch.

    Attributes:
        epoch: The last completed epoch, from 1.
        seconds: Training time up to this epoch.
        best_epoch: The epoch with the lowest validation loss so far, from 1.
        best_val_loss: The validation loss of the best epoch.
        best_losses: The validation loss of each sample after the best epoch, float32 (n,).
        best_weights: The model's weights after the best epoch.
        model: All variables of the model: weights and random state.
        optimizer: All variables of the optimizer, including the learning rate.
    """

    epoch: int
    seconds: float
    best_epoch: int
    best_val_loss: float
    best_losses: np.ndarray[Any, Any]
    best_weights: Arrays
    model: Arrays
    optimizer: Arrays

    def to_bytes(self) -> bytes:
        """Return the checkpoint as the content of an .npz file, with a checksum."""
        arrays = {"best_losses": self.best_losses}
        arrays["epochs"] = np.array([self.epoch, self.best_epoch])
        arrays["numbers"] = np.array([self.seconds, self.best_val_loss])
        for group in ("best_weights", "model", "optimizer"):
            for place, array in enumerate(getattr(self, group)):
                arrays[f"{group}_{place}"] = array
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        return sealed(file.getvalue())

    @classmethod
    def from_bytes(cls, content: bytes) -> Checkpoint | None:
        """Return the checkpoint in a file's content; None if damaged or of another version."""
        if not is_whole(content):
            return None
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = dict(file)
            epoch, best_epoch = (int(value) for value in arrays["epochs"])
            seconds, best_val_loss = (float(value) for value in arrays["numbers"])
            return cls(
                epoch=epoch,
                seconds=seconds,
                best_epoch=best_epoch,
                best_val_loss=best_val_loss,
                best_losses=arrays["best_losses"],
                best_weights=_group(arrays, "best_weights"),
                model=_group(arrays, "model"),
                optimizer=_group(arrays, "optimizer"),
            )
        except Exception as error:  # another version may have written other arrays
            log.warning("could not read a checkpoint: %s", error)
            return None


def _group(arrays: dict[str, np.ndarray[Any, Any]], group: str) -> Arrays:
    count = sum(name.startswith(f"{group}_") for name in arrays)
    return [arrays[f"{group}_{place}"] for place in range(count)]
