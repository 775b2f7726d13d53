"""How long a training takes on this machine, and how long a queued one waits for its turn.

A cost model gives the seconds of a reference machine: a start, and for each epoch something for
every step of the optimizer and for every sample. How much slower or faster this machine is follows
from the runs that it has trained; of the same network if there are any, and roughly from others.
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

#: Seconds before the first epoch on the reference machine: the program is compiled.
START_SECONDS = 1.2
#: Seconds that each epoch takes there besides its steps and samples.
EPOCH_SECONDS = 0.001
#: Seconds of a step there: for the call, and for each parameter that the optimizer changes.
STEP_SECONDS, STEP_SECONDS_PER_PARAMETER = 15e-6, 0.6e-9
#: Seconds there to learn from one sample (forwards and backwards), by architecture.
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
#: For a network that is not in the table: dense layers take about so much for each parameter.
SAMPLE_SECONDS_PER_PARAMETER = 12e-12
#: A validation sample is only passed forwards: a third of the work of learning from one.
VALIDATION_SHARE = 1 / 3
#: Seconds there to draw a new version of one image.
AUGMENTATION_SECONDS = {"none": 0.0, "shape": 25e-6, "handwriting": 50e-6}
#: So many of the newest comparable runs say how fast this machine is.
COMPARED = 5


@dataclass(frozen=True)
class Duration:
    """How long a training takes.

    Attributes:
        seconds: Expected seconds of training, without the time in the queue. A run that stops
            early takes less.
        rough: Whether no run of this machine's own has trained that network, so that the figure
            may be off by a factor of three; otherwise by a factor of two.
    """

    seconds: float
    rough: bool


@dataclass(frozen=True)
class QueueWait:
    """How long a queued run waits for its turn.

    Attributes:
        position: Its place in the queue; 1 is next.
        seconds: Expected seconds until it begins; None where that cannot be estimated.
        runs_ahead: Runs that are trained or begin before it.
    """

    position: int
    seconds: float | None
    runs_ahead: int


def reference_seconds(config: TrainingConfig, epochs: int | None = None) -> float | None:
    """How long the reference machine takes; rises with the epochs and with the samples.

    Args:
        config: What is trained.
        epochs: How many epochs; None for all that were asked for.

    Returns:
        Seconds, or None for a network of another version of the lab.
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
    """How long a training will take, from what earlier ones took.

    Args:
        config: What is to be trained.
        runs: Runs of this machine, the newest first, and examples. Those that were taught, came
            from a file or have measured no epoch are left out. Without any that fit, the figure
            is the reference machine's.

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
    # Neither the settings' sizes nor their epochs choose the runs that are compared: else more
    # samples could seem to take less time.
    examples = [run for run in measured if _network(run.config) == _network(config)]
    like = own[:COMPARED] or examples or measured
    return Duration(reference * _slowness(like), rough=True)


def remaining(run: Run, runs: Iterable[Run]) -> float | None:
    """How many seconds of training a run has before it, at its recent pace.

    Args:
        run: One that is trained or queued.
        runs: As for :func:`estimate`.

    Returns:
        Seconds; None where that cannot be estimated.
    """
    left = max(0, run.config.epochs - run.epochs_done)
    if run.last is None or not run.epochs_done:
        whole = estimate(run.config, runs)
        return None if whole is None else max(0.0, whole.seconds - run.active_seconds)
    # One epoch of a small network is too short to say how fast it is.
    pace = run.last.seconds if run.last.seconds > 1 else run.active_seconds / run.epochs_done
    begun = run.progress.done / run.progress.total if run.progress and run.progress.total else 0.0
    return max(0.0, (left - begun) * pace)


def wait(run: Run, active: Iterable[Run], runs: Sequence[Run], workers: int) -> QueueWait:
    """How long a queued run waits.

    Args:
        run: The queued run.
        active: All runs that are trained or queued; it may be one of them.
        runs: As for :func:`estimate`.
        workers: How many runs are trained at a time.
    """
    active = list(active)
    # A paused run gives its worker to those who wait.
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
    """Seconds until a worker is free for whoever follows this queue."""
    ends = [left(run) for run in training]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    # Runs that other processes train (a command line, say) take none of the workers.
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
    """Whether a run says how fast this machine is."""
    plain = run.lesson is None and run.imported is None
    return plain and run.epochs_done > 0 and run.active_seconds > 0


def _network(config: TrainingConfig) -> tuple[str, str]:
    return config.architecture, config.task


def _likeness(one: TrainingConfig, other: TrainingConfig) -> tuple[bool, bool, bool]:
    """How much two trainings of one network have in common; more is greater."""
    return (
        one.augmentation == other.augmentation,
        one.batch_size == other.batch_size,
        one.optimizer == other.optimizer,
    )


def _slowness(runs: Iterable[Run]) -> float:
    """How many times as long as the reference machine this one takes."""
    ratios = []
    for run in runs:
        reference = reference_seconds(run.config, run.epochs_done)
        if reference is not None:
            ratios.append(run.active_seconds / reference)
    return median(ratios) if ratios else 1.0
