"""K-fold cross-validation: every sample is in the validation set once; the mean curve gives epochs.

With few samples, another validation set gives another curve and another best epoch. So the samples
are divided into K folds, and the network is trained K times from the beginning, each time with
another fold as the validation set (M. Stone, Cross-validatory choice and assessment of statistical
predictions, 1974). The mean of the K curves is less noisy than any of them; its minimum gives the
number of epochs. The final network is then trained for this number of epochs on all samples,
without a validation set, and evaluated on the test set. Each training is a run like any other; the
runs of one cross-validation have a common tag.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import ConfigError, StoreError, UnknownRunError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs import Command, EpochRecord, Run, RunStatus, Store
from mnist_core.tasks import fold_sizes, task

FEWEST_FOLDS, MOST_FOLDS = 2, 10
DEFAULT_FOLDS = 4
#: Pattern of the common tag of the runs.
TAG = re.compile(r"folds-[0-9a-f]{8}")
#: Number of newest runs that are searched for a cross-validation.
SEARCHED_RUNS = 1000


@dataclass(frozen=True, eq=False)
class Study:
    """The runs of one cross-validation.

    Attributes:
        tag: The common tag of the runs.
        folds: One run for each fold, in order of the folds; a finished or active run is preferred.
            Deleted folds are missing.
        final: The networks trained on all samples afterwards, newest first.
    """

    tag: str
    folds: tuple[Run, ...]
    final: tuple[Run, ...]

    @property
    def planned(self) -> int:
        """Number of folds into which the samples are divided."""
        return self.folds[0].config.folds

    @property
    def finished(self) -> tuple[Run, ...]:
        """The folds whose training has finished."""
        return tuple(run for run in self.folds if run.status is RunStatus.FINISHED)

    @property
    def active(self) -> tuple[Run, ...]:
        """The active runs (training or waiting), including the final ones."""
        return tuple(run for run in (*self.folds, *self.final) if run.status.is_active)

    @property
    def counted(self) -> tuple[Run, ...]:
        """The folds that are averaged.

        These are the finished folds; while there are fewer than two, all folds with an epoch.
        """
        begun = tuple(run for run in self.folds if run.epochs_done)
        return self.finished if len(self.finished) > 1 else begun

    @property
    def missing(self) -> tuple[int, ...]:
        """The folds, counted from 1, that have neither a finished nor an active run."""
        there = {run.config.fold for run in self.folds if _is_to_count(run)}
        return tuple(fold for fold in range(1, self.planned + 1) if fold not in there)


@dataclass(frozen=True, eq=False)
class MeanCurve:
    """The mean learning curve of the folds.

    Attributes:
        epochs: int64 (n,), from 1 to the last epoch that all folds have.
        val_loss: float64 (n,), mean validation loss of the folds.
        val_metric: float64 (n,), mean validation accuracy, or mean absolute error.
        spread: float64 (n,), standard deviation of the metric among the folds.
        best_epoch: Epoch of the lowest mean validation loss; None without epochs.
    """

    epochs: NDArray[np.int64]
    val_loss: NDArray[np.float64]
    val_metric: NDArray[np.float64]
    spread: NDArray[np.float64]
    best_epoch: int | None


def fold_configs(config: TrainingConfig, folds: int) -> list[TrainingConfig]:
    """Return a configuration for each fold: the same network with different validation sets.

    Args:
        config: The configuration; its sizes are replaced.
        folds: Number of folds, 2 to 10.

    Raises:
        ConfigError: The number of folds is out of range.
    """
    if not FEWEST_FOLDS <= folds <= MOST_FOLDS:
        raise ConfigError(
            mark("folds is {folds}, but has to be a whole number from 2 to 10."),
            mark("Choose a number in this range."),
            folds=folds,
        )
    configs = []
    for fold in range(1, folds + 1):
        train, validation = fold_sizes(task(config.task).samples, folds, fold)
        configs.append(
            replace(
                config,
                train_size=train,
                validation_size=validation,
                sampling="random",
                folds=folds,
                fold=fold,
            )
        )
    return configs


def final_config(config: TrainingConfig, epochs: int) -> TrainingConfig:
    """Return the configuration for the final training on all samples, without validation."""
    return replace(
        config,
        train_size=task(config.task).samples,
        validation_size=0,
        sampling="random",
        folds=0,
        fold=0,
        epochs=epochs,
        patience=None,
        min_delta=0.0,
    )


def new_tag() -> str:
    """Return a tag for a new cross-validation."""
    return f"folds-{secrets.token_hex(4)}"


def queue_folds(store: Store, config: TrainingConfig, folds: int, *, name: str) -> str:
    """Queue a run for each fold; as many are trained at a time as there are workers.

    Args:
        store: The run store.
        config: The configuration, as for :func:`fold_configs`.
        folds: Number of folds.
        name: Template of the run names, translated, with the fields ``fold`` and ``folds``.

    Returns:
        The common tag of the runs.
    """
    tag = new_tag()
    for one in fold_configs(config, folds):
        store.create(one, name=name.format(fold=one.fold, folds=folds), tags=[tag])
    return tag


def queue_missing(store: Store, study: Study, *, name: str) -> None:
    """Queue the folds again that were stopped, failed or deleted; the others are kept.

    Args:
        store: The run store.
        study: The cross-validation.
        name: Template of the run names, as for :func:`queue_folds`.
    """
    for one in fold_configs(study.folds[0].config, study.planned):
        if one.fold in study.missing:
            name_of_fold = name.format(fold=one.fold, folds=study.planned)
            store.create(one, name=name_of_fold, tags=[study.tag])


def stop(store: Store, tag: str) -> None:
    """Stop all active runs of a cross-validation; finished ones are kept.

    Queued runs are stopped first, since a free worker would begin one of them.

    Raises:
        StoreError: The store cannot be written.
    """
    active = [run for run in store.tagged(tag) if run.status.is_active]
    for run in sorted(active, key=lambda run: run.status is not RunStatus.QUEUED):
        with suppress(UnknownRunError):  # deleted meanwhile
            store.command(run.id, Command.STOP)


def find_study(store: Store, tag: str) -> Study:
    """Return the runs of a cross-validation.

    Raises:
        StoreError: No run has this tag.
    """
    runs = store.tagged(tag)
    folds: dict[int, Run] = {}
    for run in (run for run in runs if run.config.folds):  # newest first
        # A fold that was restored from an archive has the tag too: the original takes precedence.
        if run.config.fold not in folds or _is_to_count(run):
            folds[run.config.fold] = run
    if not folds:
        raise StoreError(
            mark("The store has no runs of the cross-validation {tag}: they were deleted."),
            mark("Check the address, or start a new cross-validation."),
            tag=tag[:40],
        )
    final = tuple(run for run in runs if not run.config.folds)
    return Study(tag, tuple(folds[fold] for fold in sorted(folds)), final)


def _is_to_count(fold: Run) -> bool:
    return fold.status is RunStatus.FINISHED or fold.status.is_active


def newest_study(store: Store) -> Study | None:
    """Return the newest cross-validation of the store, if there is one."""
    for run in store.list_runs(limit=SEARCHED_RUNS):
        tag = tag_of(run)
        if run.config.folds and tag is not None:
            return find_study(store, tag)
    return None


def tag_of(run: Run) -> str | None:
    """Return the tag of the cross-validation that a run belongs to, or None."""
    return next((tag for tag in run.tags if TAG.fullmatch(tag)), None)


def mean_curve(curves: Sequence[Sequence[EpochRecord]]) -> MeanCurve:
    """Return the mean of the folds' curves, up to the last epoch that all of them have.

    Args:
        curves: The epochs of each fold, in order.
    """
    count = min(map(len, curves), default=0)
    losses, metrics = (
        np.array([[getattr(one, name) for one in curve[:count]] for curve in curves], np.float64)
        for name in ("val_loss", "val_metric")
    )
    if count == 0:
        none = np.empty(0)
        return MeanCurve(np.empty(0, np.int64), none, none, none, None)
    val_loss = losses.mean(axis=0)
    finite = np.isfinite(val_loss)
    best = int(np.argmin(np.where(finite, val_loss, np.inf))) + 1 if finite.any() else None
    return MeanCurve(
        np.arange(1, count + 1), val_loss, metrics.mean(axis=0), metrics.std(axis=0), best
    )
