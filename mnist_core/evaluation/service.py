"""Evaluation of a run's models in a worker, in portions, with a cache of results.

Evaluating a large set takes several requests of about a second, so that a page can display the
progress and the worker can answer other requests in between. One set is evaluated at a time, in
the order of the first requests. The models of a run that has ended do not change, so their results
are cached.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import unknown_name
from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.parts import AnyEvaluation, check_part, parts_of
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.inference.models import load
from mnist_core.runs import Run, Store
from mnist_core.runs.model_files import CHECKPOINTS
from mnist_core.tasks import Part, split, task

#: Approximate time limit of a request, in seconds.
PORTION_SECONDS = 1.0
#: Samples in a call of the network; an imported network may be slow, and a thousand multi-hot
#: reviews take 40 MB.
PIECE = 250
#: Largest number of cached evaluations, of at most 4 MB each.
KEPT = 24
#: Largest number of waiting evaluations that keep their samples in memory.
BEGUN = 3
#: Seconds without a request after which an evaluation gives way to the next.
ABANDONED_SECONDS = 5.0


@dataclass(eq=False)
class _Pending:
    """An evaluation that is waiting or in progress.

    Attributes:
        requested_at: Time of the last request, in seconds of the monotonic clock.
        part: The samples; None before the first portion.
        done: Number of evaluated samples.
        outputs: The outputs of the network, by piece.
        losses: The losses of the samples, by piece.
    """

    requested_at: float = 0.0
    part: Part | None = None
    done: int = 0
    outputs: list[NDArray[np.float32]] = field(default_factory=list)
    losses: list[NDArray[np.float32]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The evaluated fraction of the samples, 0 to 1."""
        return self.done / len(self.part.labels) if self.part else 0.0


_Key = tuple[str, str, int, str, str]
_kept: OrderedDict[_Key, AnyEvaluation] = OrderedDict()
_queue: OrderedDict[_Key, _Pending] = OrderedDict()  # the first is in progress


def evaluate_some(
    store: Store, run_id: str, checkpoint: str, part: str, seconds: float = PORTION_SECONDS
) -> AnyEvaluation | float:
    """Evaluate the next portion of a set.

    Args:
        store: The store that has the run.
        run_id: Id of the run.
        checkpoint: "best" or "last".
        part: One of :data:`mnist_core.evaluation.parts.PARTS`.
        seconds: Approximate time limit.

    Returns:
        The evaluation, or the evaluated fraction of the samples (0 to 1) if further calls are
        necessary. While another evaluation is in progress, the fraction does not change.

    Raises:
        ConfigError: The checkpoint or the set is unknown, or the stored settings are not valid.
        StoreError: The run or its model does not exist.
        DataError: The data or the model cannot be loaded, or the model's outputs are not
            probabilities or not finite.
    """
    if checkpoint not in CHECKPOINTS:
        raise unknown_name("checkpoint", checkpoint, CHECKPOINTS)
    run = store.get(run_id)
    run.known_config()
    check_part(run, part)
    key = (store.url, run_id, run.attempt, checkpoint, part)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    if not run.settled:  # its models may change between two portions
        seconds = math.inf
    pending = _queue.setdefault(key, _Pending())
    pending.requested_at = time.monotonic()
    if math.isfinite(seconds) and _first_in_queue(pending.requested_at) != key:
        return pending.share
    try:
        pending.part = pending.part or _part(run, part)
        if not _evaluate_portion(pending, pending.part, store, run, checkpoint, seconds):
            pending.requested_at = time.monotonic()  # the portion of a slow network takes long
            return pending.share
        result = _result(pending, pending.part, store, run, checkpoint)
    except BaseException:
        _queue.pop(key, None)
        raise
    _queue.pop(key, None)
    if run.settled:
        _kept[key] = result
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return result


def evaluate(store: Store, run_id: str, checkpoint: str, part: str) -> AnyEvaluation:
    """Evaluate a set in a single call; see :func:`evaluate_some`."""
    result = evaluate_some(store, run_id, checkpoint, part, math.inf)
    assert not isinstance(result, float)
    return result


def evaluate_parts(
    store: Store,
    run_id: str,
    checkpoint: str,
    on_part: Callable[[str], None] = lambda part: None,
) -> dict[str, AnyEvaluation]:
    """Evaluate all sets of a run.

    Args:
        store: The store that has the run.
        run_id: Id of the run.
        checkpoint: "best" or "last".
        on_part: Called with the name of each set before its evaluation.

    Returns:
        The evaluation of each set, by name.

    Raises:
        ConfigError, StoreError, DataError: As :func:`evaluate_some`.
    """
    parts = {}
    for part in parts_of(store.get(run_id)):
        on_part(part)
        parts[part] = evaluate(store, run_id, checkpoint, part)
    return parts


def forget() -> None:
    """Clear the cache of results and all evaluations in progress."""
    _kept.clear()
    _queue.clear()


def _first_in_queue(now: float) -> _Key:
    """Return the key of the evaluation in progress; abandoned evaluations move to the end."""
    while now - (first := next(iter(_queue.items())))[1].requested_at > ABANDONED_SECONDS:
        key, pending = first
        del _queue[key]
        if pending.part is not None:  # another request may continue it
            _queue[key] = pending
    # Samples take memory, so the last evaluations in the queue lose their progress.
    started = [key for key, pending in _queue.items() if pending.part is not None]
    for key in started[BEGUN:]:
        del _queue[key]
    return next(iter(_queue))


def _part(run: Run, part: str) -> Part:
    found: Part = getattr(split(task(run.config.task).load(), run.config), part)
    return found


def _evaluate_portion(
    pending: _Pending, part: Part, store: Store, run: Run, checkpoint: str, seconds: float
) -> bool:
    """Evaluate samples until the time limit; return whether all samples are evaluated."""
    model = load(store, run.id, checkpoint)
    end = time.monotonic() + seconds
    inputs, labels = part.inputs, part.labels
    while pending.done < len(labels):
        piece = slice(pending.done, pending.done + PIECE)
        output, losses = model.outputs_and_losses(inputs[piece], labels[piece])
        pending.outputs.append(output)
        pending.losses.append(losses)
        pending.done = min(piece.stop, len(labels))
        if time.monotonic() >= end:
            break
    return pending.done == len(labels)


def _result(
    pending: _Pending, part: Part, store: Store, run: Run, checkpoint: str
) -> AnyEvaluation:
    entry = task(run.config.task)
    outputs, losses = np.concatenate(pending.outputs), np.concatenate(pending.losses)
    penalty = load(store, run.id, checkpoint).penalty
    if entry.quantity is not None:
        return RegressionEvaluation.of(
            part.labels,
            outputs,
            unit=entry.quantity.unit,
            losses=losses,
            indices=part.indices,
            penalty=penalty,
        )
    return Evaluation.of(
        part.labels,
        outputs,
        classes=entry.classes,
        losses=losses,
        indices=part.indices,
        wrong=part.wrong,
        penalty=penalty,
    )
