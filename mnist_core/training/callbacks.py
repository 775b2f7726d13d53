"""Keras callbacks that follow a training: they record it, and let a person steer it.

A callback writes plain records and knows no page. Whatever happens to a record after that, the
training does not wait for it.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mnist_core.errors import StoreError, TrainingError
from mnist_core.i18n import mark
from mnist_core.runs.queue import LeaseLostError
from mnist_core.runs.records import EpochRecord, Progress
from mnist_core.tensorflow_setup import keras
from mnist_core.training.checkpoint import Arrays, Checkpoint
from mnist_core.training.fit import FitLoop
from mnist_core.training.reporter import RunLink

#: How often progress within an epoch is reported, in seconds.
PROGRESS_SECONDS = 0.25
#: Least time between two checkpoints, in seconds.
SAVE_SECONDS = 2.0
#: Share of the training time that checkpoints may take.
SAVING_SHARE = 0.05

log = logging.getLogger(__name__)


class RecordEpochs(keras.callbacks.Callback):  # type: ignore[misc]
    """Turns each epoch into a record and keeps the weights of the best one.

    Attributes:
        last_epoch: Epochs recorded.
        best_epoch: Epoch with the lowest validation loss so far, from 1; None before the first.
        best_val_loss: Its validation loss.
        best_losses: Validation loss of each sample at that epoch.
        best_weights: The model's weights at the end of it.
    """

    def __init__(self, loop: FitLoop, link: RunLink) -> None:
        super().__init__()
        self.last_epoch = 0
        self.best_epoch: int | None = None
        self.best_val_loss = math.inf
        self.best_losses: np.ndarray[Any, Any] | None = None
        self.best_weights: Arrays | None = None
        self._loop = loop
        self._link = link
        self._began = self._reported = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Start the epoch's clock."""
        self._began = self._link.clock.seconds()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Report progress within the epoch; end a training whose loss is no number."""
        if logs and not math.isfinite(logs["loss"]):
            raise _diverged(self._loop.progress[0], logs["loss"])
        now = time.monotonic()
        if now - self._reported >= PROGRESS_SECONDS:
            self._reported = now
            self._link.progress(Progress(*self._loop.progress))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Record the epoch."""
        assert logs is not None
        evaluation = self._loop.evaluation
        val_loss = logs.get("val_loss", math.nan)
        losses = evaluation.losses if evaluation else np.empty(0, np.float32)
        # Without a judge the newest epoch is the one that is kept.
        if evaluation is None or val_loss < self.best_val_loss:
            self.best_epoch, self.best_val_loss = epoch + 1, val_loss
            self.best_losses, self.best_weights = losses, self.model.get_weights()
        rise = losses - self.best_losses if self.best_losses is not None else losses
        name = self._loop.program.objective.metric_name
        record = EpochRecord(
            epoch=epoch + 1,
            loss=logs["loss"],
            metric=logs[name],
            val_loss=val_loss,
            val_metric=logs.get(f"val_{name}", math.nan),
            val_loss_se=standard_error(losses),
            val_rise_se=standard_error(rise),
            learning_rate=float(self.model.optimizer.learning_rate.numpy()),
            seconds=self._link.clock.seconds() - self._began,
        )
        self.last_epoch = epoch + 1
        self._link.record(record, self.best_epoch)
        judged = val_loss if evaluation else logs["loss"]
        if not math.isfinite(judged):
            raise _diverged(epoch + 1, judged)

    def take_up(self, checkpoint: Checkpoint) -> None:
        """Go on where an earlier attempt was saved."""
        self.last_epoch = checkpoint.epoch
        self.best_epoch = checkpoint.best_epoch
        self.best_val_loss = checkpoint.best_val_loss
        self.best_losses = checkpoint.best_losses
        self.best_weights = checkpoint.best_weights


class FollowCommands(keras.callbacks.Callback):  # type: ignore[misc]
    """Pauses, steps, stops and changes the learning rate when the run's control says so."""

    def __init__(self, loop: FitLoop, link: RunLink) -> None:
        super().__init__()
        self._loop = loop
        self._link = link

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Obey what was said before the first epoch."""
        self._obey()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Obey between the slices of a long epoch."""
        _, done, total = self._loop.progress
        if done < total:  # else the end of the epoch is near, where it is tidier
            self._obey()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Obey between the pieces of a long validation."""
        if self._loop.is_validating:
            self._obey()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Obey at the end of an epoch."""
        self._link.control.epoch_ended()
        if epoch + 1 < self.params["epochs"]:
            self._obey()

    def _obey(self) -> None:
        control = self._link.control
        control.hold(self._link.paused)
        if (rate := control.take_learning_rate()) is not None:
            self.model.optimizer.learning_rate.assign(rate)
        self.model.stop_training |= control.stop


class SaveCheckpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves the state of the training now and then, at no more than a small share of its time."""

    def __init__(
        self, recorder: RecordEpochs, link: RunLink, save: Callable[[Checkpoint], None]
    ) -> None:
        super().__init__()
        self._recorder = recorder
        self._link = link
        self._save = save
        self._spent = self._cost = 0.0
        self._saved_at = self._first = link.clock.seconds()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Save, if it is time and the budget allows it."""
        now = self._link.clock.seconds()
        budget = SAVING_SHARE * (now - self._first)
        if now - self._saved_at >= SAVE_SECONDS and self._spent + self._cost <= budget:
            try:
                self.save_now(epoch + 1)
            except LeaseLostError:
                raise
            except StoreError as error:  # a full disk, say: training goes on without
                log.warning("%s", error)
                self._saved_at = now

    def save_now(self, epoch: int) -> None:
        """Save the state at the end of an epoch, all of whose records are written first.

        Raises:
            StoreError: It cannot be saved; the checkpoint before it is still whole.
        """
        recorder = self._recorder
        if recorder.best_epoch is None or recorder.best_losses is None:
            return  # no validation loss was a number so far
        began = time.monotonic()
        self._link.write()
        self._save(
            Checkpoint(
                epoch=epoch,
                seconds=self._link.clock.seconds(),
                best_epoch=recorder.best_epoch,
                best_val_loss=recorder.best_val_loss,
                best_losses=recorder.best_losses,
                best_weights=recorder.best_weights or [],
                model=[np.asarray(variable) for variable in self.model.variables],
                optimizer=[np.asarray(value) for value in self.model.optimizer.variables],
            )
        )
        self._cost = time.monotonic() - began
        self._spent += self._cost
        self._saved_at = self._link.clock.seconds()


class EarlyStopping(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Keras's early stopping, which also counts the epochs of earlier attempts.

    Args:
        patience: Epochs without improvement after which it stops.
        min_delta: Fall of the validation loss that counts as an improvement.
        earlier: Validation losses of the epochs before this attempt, in order.
    """

    def __init__(self, *, patience: int, min_delta: float, earlier: Sequence[float]) -> None:
        super().__init__(monitor="val_loss", patience=patience, min_delta=min_delta, mode="min")
        self._earlier = earlier

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Begin to count, from the first epoch on."""
        super().on_train_begin(logs)
        for epoch, val_loss in enumerate(self._earlier):
            self.on_epoch_end(epoch, {"val_loss": val_loss})


def standard_error(values: np.ndarray[Any, Any]) -> float:
    """Standard error of a mean: sample deviation over the root of the number of values.

    Not a number where there are no values.
    """
    if len(values) == 0:
        return math.nan
    return float(np.std(values, ddof=1, dtype=np.float64)) / math.sqrt(len(values))


def _diverged(epoch: int, loss: float) -> TrainingError:
    return TrainingError(
        mark("The loss became {loss} in epoch {epoch}."),
        mark("The steps were too large and the weights grew past every number."),
        mark("Try a smaller learning rate. Images also want their pixels scaled to 0–1."),
        loss=loss,
        epoch=epoch,
    )
