"""What a worker needs to take up a training that another one began.

Plain arrays in one .npz file: the model's variables (with the state of its dropout), the
optimizer's, and the best epoch's weights and per-sample losses. The order of samples needs no
state, since it follows from the seed and the epoch.
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
        epoch: The epoch that had ended.
        seconds: Time spent training until then.
        best_epoch: Epoch with the lowest validation loss until then.
        best_val_loss: Its validation loss.
        best_losses: Validation loss of each sample at that epoch.
        best_weights: The model's weights at that epoch.
        model: All variables of the model, weights and random state.
        optimizer: All variables of the optimizer, the learning rate among them.
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
        """The checkpoint as the content of an .npz file."""
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
        """Read a checkpoint, or None where the content is no whole one."""
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
        except Exception as error:  # an earlier version's, whose arrays are not what they should be
            log.warning("a checkpoint cannot be read: %s", error)
            return None


def _group(arrays: dict[str, np.ndarray[Any, Any]], group: str) -> Arrays:
    count = sum(name.startswith(f"{group}_") for name in arrays)
    return [arrays[f"{group}_{place}"] for place in range(count)]
