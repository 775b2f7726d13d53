"""Runs and epoch records as plain data.

A *run* is one training of one configuration. During training its list of epoch records grows; the
pages draw learning curves from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np

from mnist_core.errors import ConfigError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark

#: The architecture of an imported model's configuration: the model file contains the network,
#: and its training is unknown.
IMPORTED = "imported"


class RunStatus(StrEnum):
    """State of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """Whether training may continue."""
        return self in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED)


class Command(StrEnum):
    """Command to a run during training."""

    PAUSE = "pause"
    RESUME = "resume"
    STEP = "step"
    STOP = "stop"
    LEARNING_RATE = "learning_rate"


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """Measurements of one epoch.

    Attributes:
        epoch: Counted from 1.
        loss: Training loss, averaged over the epoch's batches while the weights were changing.
        metric: The task's metric on the training samples, averaged likewise: the accuracy, 0 to 1,
            or the mean absolute error.
        val_loss: Mean loss on the validation set; without one, this and the other validation
            fields are NaN.
        val_metric: The metric on the validation set, with the weights at the end of the epoch.
        val_loss_se: Standard error of ``val_loss`` over the validation samples.
        val_rise_se: Standard error of the mean *paired* difference between each sample's
            validation loss now and at the best epoch so far; 0 where this epoch is the best.
        learning_rate: The learning rate at the end of the epoch.
        seconds: Duration of the epoch, validation included.
        recorded_at: When the record was stored, in seconds since 1970 (UTC).
    """

    epoch: int
    loss: float
    metric: float
    val_loss: float
    val_metric: float
    val_loss_se: float
    val_rise_se: float
    learning_rate: float
    seconds: float
    recorded_at: float = 0.0


#: The fields of a record in order. The journal's columns, the table of epochs in an archive and
#: the rows of the live stream are these.
RECORD_FIELDS = tuple(field.name for field in fields(EpochRecord))


@dataclass(frozen=True)
class RateChange:
    """A change of the learning rate during training.

    Attributes:
        epoch: The first epoch that ended with the new rate, from 1.
        before: The previous rate.
        rate: The new rate.
    """

    epoch: int
    before: float
    rate: float


def rate_changes(rate: object, rates: Iterable[tuple[int, float]]) -> list[RateChange]:
    """Return the changes of a run's learning rate.

    Args:
        rate: The rate in the configuration; another version of the app may have stored something
            else, such as a schedule, which is ignored.
        rates: Epochs in order, from 1, with the rate at the end of each; epochs without a change
            may be missing.
    """
    changes: list[RateChange] = []
    before = _as_kept(rate) if isinstance(rate, int | float) else None
    for epoch, kept in rates:
        after = _as_kept(kept)
        if before is not None and after != before:
            changes.append(RateChange(epoch, before, after))
        before = after
    return changes


def _as_kept(rate: float) -> float:
    """Round a float32 rate to its seven significant digits, as the user entered it."""
    return float(f"{np.float32(rate):.7g}")


@dataclass(frozen=True)
class JournalRow:
    """One row of a run's journal: an epoch, or a reset.

    Attributes:
        seq: Position in the journal of this run, increasing, with gaps.
        record: The epoch record, or None.
        reset_to: After an interruption, training resumes from a checkpoint: epochs after this one
            are deleted and trained again. None for an epoch.
    """

    seq: int
    record: EpochRecord | None
    reset_to: int | None = None


@dataclass(frozen=True)
class Progress:
    """Progress of the current epoch.

    Attributes:
        epoch: The epoch in progress, from 1.
        done: Batches finished.
        total: Batches in the epoch.
    """

    epoch: int
    done: int
    total: int


#: The form of a run's id.
RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of one configuration, as stored.

    Attributes:
        id: 32 random hexadecimal digits; a user who knows the id may watch the run.
        number: Runs are numbered from 1 in the order of their creation.
        name: Name given by the user.
        preset: Key of the preset, or None.
        owner: The user who started the run, or None.
        config: The configuration.
        status: The state.
        message: Why the run failed or was interrupted; otherwise empty.
        created_at: Seconds since 1970 (UTC); likewise the other times.
        started_at: When the first attempt started.
        ended_at: When the run ended.
        active_seconds: Training time, without pauses and the time in the queue.
        attempt: 1, plus 1 for each time that the run was resumed.
        epochs_done: Epochs recorded.
        best: The record with the lowest validation loss.
        last: The newest record.
        progress: Progress of the current epoch, if known.
        test_loss: Loss of the best model on the test set, measured once after training.
        test_metric: The metric on the test set: the accuracy, 0 to 1, or the mean absolute error.
        lesson: Settings and result of a fine-tuning run, see :mod:`mnist_core.studies.finetune`;
            None for all others.
        notes: The user's notes; may be empty, and have several lines.
        tags: The user's tags, sorted.
        pinned: Whether clean-ups keep the run.
        imported: For an imported model, its origin, see :mod:`mnist_core.transfer.keras_import`;
            such a run has no epochs. None for all others.
        example: Key of the built-in example, see :mod:`mnist_core.examples`; None for runs of
            users.
        hidden: Whether the lists omit this example.
        settled: Whether the run will not change any more.
        version: Increases with each change of the run or its journal.
        last_seq: Last position in the journal.
    """

    id: str
    number: int
    name: str
    preset: str | None
    owner: str | None
    config: TrainingConfig
    status: RunStatus
    message: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    active_seconds: float
    attempt: int
    epochs_done: int
    best: EpochRecord | None
    last: EpochRecord | None
    progress: Progress | None
    test_loss: float | None
    test_metric: float | None
    lesson: dict[str, Any] | None
    notes: str
    tags: tuple[str, ...]
    pinned: bool
    imported: dict[str, Any] | None
    example: str | None
    hidden: bool
    settled: bool
    version: int
    last_seq: int

    @property
    def has_models(self) -> bool:
        """Whether the run has a best and a last model."""
        ended = self.status in (RunStatus.FINISHED, RunStatus.STOPPED)
        return ended and (self.best is not None or self.imported is not None)

    @property
    def is_over(self) -> bool:
        """Whether the run has ended and its test accuracy, measured at the end, is stored."""
        return self.status is RunStatus.INTERRUPTED or (not self.status.is_active and self.settled)

    def known_config(self) -> TrainingConfig:
        """Return the configuration, validated: a newer version may have written the store.

        The configuration of an imported model was validated at the import.

        Raises:
            ConfigError: This version of the app does not support some settings.
        """
        if self.imported is not None:
            return self.config
        try:
            return TrainingConfig.from_dict(self.config.to_dict())
        except ConfigError as error:
            unknown = {"field", "value", "names"} <= error.values.keys()
            raise ConfigError(
                mark(
                    "“{name}” was trained by another version of the app: this version does not "
                    "support the {field} {value}."
                )
                if unknown
                else mark("This version of the app does not support “{name}”: {reason}"),
                mark("Update the app; until then, only the learning curves can be shown."),
                name=self.name,
                field=error.values.get("field", ""),
                value=error.values.get("value", ""),
                reason=error,
            ) from error
