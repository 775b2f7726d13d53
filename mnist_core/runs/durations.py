"""Estimates of training times and of the waiting time in the queue.

A cost model gives the seconds of a reference machine: a constant for the start, and for each epoch
a cost for every step of the optimizer and every sample. The factor between this machine and the
reference machine is estimated from earlier runs, of the same network if possible.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs.records import Run, RunStatus

#: Seconds before the first epoch on the reference machine, for compiling.
START_SECONDS = 1.2
#: Constant seconds of each epoch.
EPOCH_SECONDS = 0.001
#: Seconds of a step: constant, and for each parameter.
STEP_SECONDS, STEP_SECONDS_PER_PARAMETER = 15e-6, 0.6e-9
#: Seconds to train on one sample (forward and backward pass), by architecture.
SAMPLE_SECONDS: dict[str, float] = {
    "relu-2": 0.05e-6,
    "softmax": 0.7e-6,
    "tanh-200-100": 3.5e-6,
    "relu-512": 4e-6,
    "relu-500-500": 8.5e-6,
    "regularised-512-512": 13e-6,
    "lenet": 430e-6,
    "strided": 130e-6,
    "text-16-16": 3e-6,
    "text-64-64": 14e-6,
    "table-64-64": 0.1e-6,
}
#: Seconds for each sample and parameter of an unlisted architecture: about that of dense layers.
SAMPLE_SECONDS_PER_PARAMETER = 12e-12
#: A validation sample takes a forward pass only: a third of a training sample's time.
VALIDATION_SHARE = 1 / 3
#: Seconds to transform one image.
AUGMENTATION_SECONDS = {"none": 0.0, "shape": 25e-6, "handwriting": 50e-6}
#: Number of comparable runs, the newest, for the estimate.
COMPARED = 5


@dataclass(frozen=True)
class Duration:
    """Training time of a run.

    Attributes:
        seconds: Expected training time in seconds, without the time in the queue; an upper limit
            with early stopping.
        rough: Whether no run of this network was trained on this machine: the estimate may be
            wrong by a factor of three, otherwise by a factor of two.
    """

    seconds: float
    rough: bool


@dataclass(frozen=True)
class QueueWait:
    """Waiting time of a queued run.

    Attributes:
        position: Place in the queue; 1 is next.
        seconds: Expected seconds until the start; None if unknown.
        runs_ahead: Number of runs that are running or start earlier.
    """

    position: int
    seconds: float | None
    runs_ahead: int


def reference_seconds(config: TrainingConfig, epochs: int | None = None) -> float | None:
    """Return the training time on the reference machine, which increases with epochs and samples.

    Args:
        config: The configuration.
        epochs: Number of epochs; None for all.

    Returns:
        Seconds, or None for the network of another version of the app.
    """
    if config.architecture not in ARCHITECTURES:
        return None
    known = config.network
    sample = SAMPLE_SECONDS.get(known.key, known.parameters * SAMPLE_SECONDS_PER_PARAMETER)
    steps = math.ceil(config.train_size / config.batch_size)
    epoch = (
        EPOCH_SECONDS
        + steps * (STEP_SECONDS + known.parameters * STEP_SECONDS_PER_PARAMETER)
        + config.train_size * (sample + AUGMENTATION_SECONDS.get(config.augmentation, 0.0))
        + config.validation_size * sample * VALIDATION_SHARE
    )
    return START_SECONDS + (config.epochs if epochs is None else epochs) * epoch


def estimate(config: TrainingConfig, runs: Iterable[Run]) -> Duration | None:
    """Estimate the training time of a configuration from earlier runs.

    Args:
        config: The configuration.
        runs: Runs of this machine, newest first, and examples. Fine-tuned and imported runs and
            runs without epochs are ignored. Without a comparable run, the estimate is the time of
            the reference machine.

    Returns:
        The time; None for a network that this version does not have.
    """
    reference = reference_seconds(config)
    if reference is None:
        return None
    measured = [run for run in runs if _tells(run)]
    own = [run for run in measured if run.example is None]
    same = [run for run in own if _network(run.config) == _network(config)]
    if same:
        closest = max(_likeness(run.config, config) for run in same)
        like = [run for run in same if _likeness(run.config, config) == closest]
        return Duration(reference * _slowness(like[:COMPARED]), rough=False)
    # The comparison ignores sizes and epochs: otherwise more samples could appear to take less
    # time.
    examples = [run for run in measured if _network(run.config) == _network(config)]
    like = own[:COMPARED] or examples or measured
    return Duration(reference * _slowness(like), rough=True)


def remaining(run: Run, runs: Iterable[Run]) -> float | None:
    """Estimate the remaining training time of a run from its recent epochs.

    Args:
        run: A running or queued run.
        runs: As for :func:`estimate`.

    Returns:
        Seconds; None if unknown.
    """
    left = max(0, run.config.epochs - run.epochs_done)
    if run.last is None or not run.epochs_done:
        whole = estimate(run.config, runs)
        return None if whole is None else max(0.0, whole.seconds - run.active_seconds)
    # A single epoch of a small network is too short for an estimate.
    pace = run.last.seconds if run.last.seconds > 1 else run.active_seconds / run.epochs_done
    begun = run.progress.done / run.progress.total if run.progress and run.progress.total else 0.0
    return max(0.0, (left - begun) * pace)


def wait(run: Run, active: Iterable[Run], runs: Sequence[Run], workers: int) -> QueueWait:
    """Estimate the waiting time of a queued run.

    Args:
        run: The queued run.
        active: All running and queued runs; may include `run`.
        runs: As for :func:`estimate`.
        workers: Number of runs that are trained at the same time.
    """
    active = list(active)
    # A paused run releases its worker to the queue.
    training = [other for other in active if other.status is RunStatus.RUNNING]
    queue = sorted(
        (other for other in active if other.status is RunStatus.QUEUED and _before(other, run)),
        key=lambda other: (other.created_at, other.id),
    )
    seconds = _free_after(training, queue, max(1, workers), lambda one: remaining(one, runs))
    return QueueWait(len(queue) + 1, seconds, len(training) + len(queue))


def _free_after(
    training: Sequence[Run],
    queue: Sequence[Run],
    workers: int,
    left: Callable[[Run], float | None],
) -> float | None:
    """Seconds until a worker is free after all runs of the queue."""
    ends = [left(run) for run in training]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    # Runs of other processes, such as a command line, use none of the workers.
    free = sorted(known)[:workers] + [0.0] * (workers - len(known))
    heapq.heapify(free)
    for run in queue:
        needed = left(run)
        if needed is None:
            return None
        heapq.heapreplace(free, free[0] + needed)
    return free[0]


def _before(other: Run, run: Run) -> bool:
    return (other.created_at, other.id) < (run.created_at, run.id)


def _tells(run: Run) -> bool:
    """Whether the speed of this machine can be estimated from a run."""
    plain = run.lesson is None and run.imported is None
    return plain and run.epochs_done > 0 and run.active_seconds > 0


def _network(config: TrainingConfig) -> tuple[str, str]:
    return config.architecture, config.task


def _likeness(one: TrainingConfig, other: TrainingConfig) -> tuple[bool, bool, bool]:
    """Similarity of two configurations of one network; larger is more similar."""
    return (
        one.augmentation == other.augmentation,
        one.batch_size == other.batch_size,
        one.optimizer == other.optimizer,
    )


def _slowness(runs: Iterable[Run]) -> float:
    """Ratio of this machine's training time to the reference machine's."""
    ratios = []
    for run in runs:
        reference = reference_seconds(run.config, run.epochs_done)
        if reference is not None:
            ratios.append(run.active_seconds / reference)
    return median(ratios) if ratios else 1.0
