"""What a run is, as plain data.

A *run* is one training of one configuration. While it trains it is a growing list of epoch
records; everything that the pages draw comes from those. The classes here are frozen and know
neither the database that keeps them nor the pages that show them.
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

#: What a configuration has for architecture where a model came in as a file: the model itself
#: says how it is built, and nobody knows how it was trained.
IMPORTED = "imported"


class RunStatus(StrEnum):
    """Where a run is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """Whether more epochs may still come."""
        return self in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED)


class Command(StrEnum):
    """What a person can tell a run while it trains."""

    PAUSE = "pause"
    RESUME = "resume"
    STEP = "step"
    STOP = "stop"
    LEARNING_RATE = "learning_rate"


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """What one epoch of training measured.

    Attributes:
        epoch: Counted from 1.
        loss: Training loss, averaged over the epoch's batches while the weights were changing.
        metric: The task's second figure over the training samples, averaged likewise: the share
            classified correctly, 0 to 1, or the mean absolute error.
        val_loss: Mean loss over the validation set, likewise; where there is none, this and the
            three others of the validation are "not a number".
        val_metric: The same over the validation set, with the weights at the end of the epoch.
        val_loss_se: Standard error of ``val_loss`` over the validation samples.
        val_rise_se: Standard error of the mean *paired* difference between each sample's
            validation loss now and at the best epoch so far; 0 where this epoch is the best.
        learning_rate: The optimizer's rate at the end of the epoch.
        seconds: Duration of the epoch, validation included.
        recorded_at: When the record was written to the store, in seconds since 1970 (UTC).
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
    """A change of the learning rate while a run was trained.

    Attributes:
        epoch: The first epoch that ended with the new rate, from 1.
        before: The rate until then.
        rate: The new rate.
    """

    epoch: int
    before: float
    rate: float


def rate_changes(rate: object, rates: Iterable[tuple[int, float]]) -> list[RateChange]:
    """Where somebody changed the learning rate of a run.

    Args:
        rate: The rate that its settings say; another version may have kept something else there,
            such as a schedule, from which no change is told.
        rates: Epochs in order, from 1, with the rate at the end of each; those without a change
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
    """A rate as a person wrote it: the optimizer keeps it in 32 bits, which are seven places."""
    return float(f"{np.float32(rate):.7g}")


@dataclass(frozen=True)
class JournalRow:
    """One line of a run's journal: an epoch, or the order to forget some.

    Attributes:
        seq: Position in the journal of this run, rising, with gaps.
        record: The epoch measured, or None.
        reset_to: After an interruption training goes on from a checkpoint: epochs after this
            one are forgotten and come again. None for an ordinary epoch.
    """

    seq: int
    record: EpochRecord | None
    reset_to: int | None = None


@dataclass(frozen=True)
class Progress:
    """How far the current epoch has come.

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
    """One training of one configuration, as the store knows it.

    Attributes:
        id: 32 hexadecimal digits, random; knowing it is the right to watch the run.
        name: What a person calls it.
        preset: Key of the preset that it began as, or None.
        owner: Who started it, or None.
        config: What is trained.
        status: Where it is in its life.
        message: Why it failed or was interrupted, as a sentence; otherwise empty.
        created_at: Seconds since 1970 (UTC); likewise the other times.
        started_at: When its first attempt began to train.
        ended_at: When it ended.
        active_seconds: Time spent training: pauses and the time in the queue do not count.
        attempt: 1, and one more each time that it was taken up again.
        epochs_done: Epochs recorded.
        best: The record with the lowest validation loss.
        last: The newest record.
        progress: How far the current epoch has come, where that is known.
        test_loss: Loss of the best model on the test set, measured once after training.
        test_metric: Its second figure there: the accuracy, 0 to 1, or the mean absolute error.
        lesson: What it was taught from a class's drawings and what came of it, see
            :mod:`mnist_core.studies.finetune`; None for all others.
        notes: What a person wrote about it; may be empty, and have several lines.
        tags: Words by which a person finds it again, sorted.
        pinned: Whether a clean-up leaves it alone however old it is.
        imported: For a model that came in as a file, what is known of it, see
            :mod:`mnist_core.transfer.keras_import`; such a run has no epochs. None for all others.
        example: Key of the example that it is, see :mod:`mnist_core.examples`: a trained network
            that comes with the lab. None for all runs that people have started.
        hidden: Whether the lists leave this example out.
        settled: Whether nothing more will be written for this run.
        version: Grows with each change of the run or of its journal.
        last_seq: The journal's last position.
    """

    id: str
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
        """Whether it has left a best and a last model."""
        ended = self.status in (RunStatus.FINISHED, RunStatus.STOPPED)
        return ended and (self.best is not None or self.imported is not None)

    @property
    def is_over(self) -> bool:
        """Whether it has ended and nobody writes its last figures any more.

        A test accuracy is measured after the end.
        """
        return self.status is RunStatus.INTERRUPTED or (not self.status.is_active and self.settled)

    def known_config(self) -> TrainingConfig:
        """Its configuration, checked: a store may have been written by a newer version.

        A model that came in as a file was checked then.

        Raises:
            ConfigError: This version of the lab does not know all of its settings.
        """
        if self.imported is not None:
            return self.config
        try:
            return TrainingConfig.from_dict(self.config.to_dict())
        except ConfigError as error:
            unknown = {"field", "value", "names"} <= error.values.keys()
            raise ConfigError(
                mark("“{name}” comes from another version of this lab."),
                mark("Its {field} is {value}, which this version does not know.")
                if unknown
                else mark("This version cannot use its settings ({reason})."),
                mark("Its curves can be looked at; for all else update the lab."),
                name=self.name,
                field=error.values.get("field", ""),
                value=error.values.get("value", ""),
                reason=error.received.format(**error.values),
            ) from error
