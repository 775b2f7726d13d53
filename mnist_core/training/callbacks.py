"""Keras callbacks: record epochs, follow commands, save checkpoints, stop early.

The callbacks hand plain records to `RunLink` and do not wait until these are stored.
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

#: Shortest interval between two reports of progress within an epoch, in seconds.
PROGRESS_SECONDS = 0.25
#: Shortest interval between two checkpoints, in seconds.
SAVE_SECONDS = 2.0
#: Largest fraction of the training time that saving checkpoints may take.
SAVING_SHARE = 0.05

log = logging.getLogger(__name__)


class RecordEpochs(keras.callbacks.Callback):  # type: ignore[misc]
    """Records each epoch and keeps the weights of the best epoch.

    Attributes:
        last_epoch: The last recorded epoch, from 1; 0 before the first.
        best_epoch: The epoch with the lowest validation loss, from 1 (without validation the last
            epoch); None before the first.
        best_val_loss: The validation loss of that epoch.
        best_losses: The validation loss of each sample after that epoch, float32 (n,).
        best_weights: The model's weights after that epoch.
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
        """Store the time at which the epoch began."""
        self._began = self._link.clock.seconds()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Report the progress within the epoch.

        Raises:
            TrainingError: The loss is not finite.
        """
        if logs and not math.isfinite(logs["loss"]):
            raise _diverged(self._loop.progress[0], logs["loss"])
        now = time.monotonic()
        if now - self._reported >= PROGRESS_SECONDS:
            self._reported = now
            self._link.progress(Progress(*self._loop.progress))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Record the epoch.

        Raises:
            TrainingError: The validation loss, or without validation the loss, is not finite.
        """
        assert logs is not None
        evaluation = self._loop.evaluation
        val_loss = logs.get("val_loss", math.nan)
        losses = evaluation.losses if evaluation else np.empty(0, np.float32)
        # Without validation the last epoch counts as the best.
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
        decisive = val_loss if evaluation else logs["loss"]
        if not math.isfinite(decisive):
            raise _diverged(epoch + 1, decisive)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Restore the best epoch and the number of epochs from a checkpoint."""
        self.last_epoch = checkpoint.epoch
        self.best_epoch = checkpoint.best_epoch
        self.best_val_loss = checkpoint.best_val_loss
        self.best_losses = checkpoint.best_losses
        self.best_weights = checkpoint.best_weights


class FollowCommands(keras.callbacks.Callback):  # type: ignore[misc]
    """Applies a user's commands: pause, resume, one epoch, stop, new learning rate."""

    def __init__(self, loop: FitLoop, link: RunLink) -> None:
        super().__init__()
        self._loop = loop
        self._link = link

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Apply the commands given before the first epoch."""
        self._apply_commands()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Apply commands between the slices of a long epoch."""
        _, done, total = self._loop.progress
        if done < total:  # after the last slice wait for the end of the epoch
            self._apply_commands()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Apply commands between the pieces of a long validation."""
        if self._loop.is_validating:
            self._apply_commands()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Apply commands at the end of an epoch, except the last."""
        self._link.control.epoch_ended()
        if epoch + 1 < self.params["epochs"]:
            self._apply_commands()

    def _apply_commands(self) -> None:
        control = self._link.control
        control.hold(self._link.paused)
        if (rate := control.take_learning_rate()) is not None:
            self.model.optimizer.learning_rate.assign(rate)
        self.model.stop_training |= control.stop


class SaveCheckpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves checkpoints, in at most a twentieth of the training time."""

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
        """Save a checkpoint if the interval has passed and the time budget allows it."""
        now = self._link.clock.seconds()
        budget = SAVING_SHARE * (now - self._first)
        if now - self._saved_at >= SAVE_SECONDS and self._spent + self._cost <= budget:
            try:
                self.save_now(epoch + 1)
            except LeaseLostError:
                raise
            except StoreError as error:  # such as a full disk: continue without a checkpoint
                log.warning("%s", error)
                self._saved_at = now

    def save_now(self, epoch: int) -> None:
        """Write all records, then save the state at the end of an epoch.

        Args:
            epoch: The epoch that has ended, from 1.

        Raises:
            StoreError: The store cannot be written; the previous checkpoint remains.
        """
        recorder = self._recorder
        if recorder.best_epoch is None or recorder.best_losses is None:
            return  # no finite validation loss so far
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
    """Keras's early stopping, continued over the attempts of a resumed run.

    Args:
        patience: Epochs without improvement after which training stops.
        min_delta: Decrease of the validation loss that counts as an improvement.
        earlier: Validation losses of the epochs before this attempt, in order.
    """

    def __init__(self, *, patience: int, min_delta: float, earlier: Sequence[float]) -> None:
        super().__init__(monitor="val_loss", patience=patience, min_delta=min_delta, mode="min")
        self._earlier = earlier

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Process the validation losses of the earlier attempts."""
        super().on_train_begin(logs)
        for epoch, val_loss in enumerate(self._earlier):
            self.on_epoch_end(epoch, {"val_loss": val_loss})


def standard_error(values: np.ndarray[Any, Any]) -> float:
    """Return the standard error of the mean: sample standard deviation / √n.

    Args:
        values: Floats (n,).

    Returns:
        The standard error; NaN for fewer than two values.
    """
    if len(values) == 0:
        return math.nan
    return float(np.std(values, ddof=1, dtype=np.float64)) / math.sqrt(len(values))


def _diverged(epoch: int, loss: float) -> TrainingError:
    return TrainingError(
        mark("The loss became {loss} in epoch {epoch}: training diverged."),
        mark("Choose a smaller learning rate; for images, also scale the pixels to 0–1."),
        loss=loss,
        epoch=epoch,
    )
