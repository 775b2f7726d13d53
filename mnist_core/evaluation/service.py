"""How well a run's networks do on its test, validation and training samples, asked of a worker.

A large part is evaluated in portions: the page that asks can show how far it is, and an
explanation, which the same worker gives, waits for one portion and not for all. One part is
evaluated at a time, in the order in which they were first asked for. The results are kept: the
models of a run that has ended do not change any more.
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

#: A question is answered, or put off, after about so many seconds.
PORTION_SECONDS = 1.0
#: Samples in one call of the network: few, for a network from elsewhere may be slow, and a
#: thousand reviews as rows of 10,000 numbers take 40 MB.
PIECE = 250
#: Evaluations kept, of at most 4 MB each, and half-done ones, which hold their samples too.
KEPT = 24
BEGUN = 3
#: Nobody waits for an evaluation that was not asked for during so many seconds: its page is gone.
ABANDONED_SECONDS = 5.0


@dataclass(eq=False)
class _Begun:
    """A part that is to be evaluated, or is being evaluated.

    Attributes:
        asked_at: When somebody last asked for it, in seconds of the monotonic clock.
        part: The samples, once its turn has come.
        done: How many of them are evaluated.
    """

    asked_at: float = 0.0
    part: Part | None = None
    done: int = 0
    outputs: list[NDArray[np.float32]] = field(default_factory=list)
    losses: list[NDArray[np.float32]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share of the samples that is done, 0 to 1."""
        return self.done / len(self.part.labels) if self.part else 0.0


_Key = tuple[str, str, int, str, str]
_kept: OrderedDict[_Key, AnyEvaluation] = OrderedDict()
_line: OrderedDict[_Key, _Begun] = OrderedDict()  # the first one is evaluated


def evaluate_some(
    store: Store, run_id: str, checkpoint: str, part: str, seconds: float = PORTION_SECONDS
) -> AnyEvaluation | float:
    """Judge one more portion of a part.

    Args:
        store: Where the run is.
        run_id: The run.
        checkpoint: "best" or "last".
        part: One of :data:`mnist_core.evaluation.parts.PARTS`.
        seconds: How long a portion takes, about.

    Returns:
        The evaluation, or the share of the samples that is done (0 to 1): then ask again. While
        another evaluation is at work the share stays as it is.

    Raises:
        ConfigError: There is no such checkpoint or part, or the run is of another version.
        StoreError: The run or its model is not there.
        DataError: The data is not there, the model cannot be loaded, or it answers with what is
            no probability, or no number.
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
    if not run.settled:  # one that was put aside, say, will leave other models
        seconds = math.inf
    begun = _line.setdefault(key, _Begun())
    begun.asked_at = time.monotonic()
    if math.isfinite(seconds) and _first_in_line(begun.asked_at) != key:
        return begun.share
    try:
        begun.part = begun.part or _part(run, part)
        if not _judge(begun, begun.part, store, run, checkpoint, seconds):
            begun.asked_at = time.monotonic()  # a portion of a slow network takes long
            return begun.share
        result = _result(begun, begun.part, store, run, checkpoint)
    except BaseException:
        _line.pop(key, None)
        raise
    _line.pop(key, None)
    if run.settled:
        _kept[key] = result
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return result


def evaluate(store: Store, run_id: str, checkpoint: str, part: str) -> AnyEvaluation:
    """Judge a part in one go; as :func:`evaluate_some` otherwise."""
    result = evaluate_some(store, run_id, checkpoint, part, math.inf)
    assert not isinstance(result, float)
    return result


def evaluate_parts(
    store: Store,
    run_id: str,
    checkpoint: str,
    said: Callable[[str], None] = lambda part: None,
) -> dict[str, AnyEvaluation]:
    """Judge every part that there is.

    Args:
        store: Where the run is.
        run_id: The run.
        checkpoint: "best" or "last".
        said: Called with the name of each part before it is judged.
    """
    parts = {}
    for part in parts_of(store.get(run_id)):
        said(part)
        parts[part] = evaluate(store, run_id, checkpoint, part)
    return parts


def forget() -> None:
    """Evaluate anew what is asked for from now on; what was begun is given up."""
    _kept.clear()
    _line.clear()


def _first_in_line(now: float) -> _Key:
    """The evaluation whose turn it is; those that nobody waits for stand back."""
    while now - (first := next(iter(_line.items())))[1].asked_at > ABANDONED_SECONDS:
        key, begun = first
        del _line[key]
        if begun.part is not None:  # it goes on from here if somebody asks for it again
            _line[key] = begun
    # Samples take memory: those whose turn is furthest away begin anew.
    halves = [key for key, begun in _line.items() if begun.part is not None]
    for key in halves[BEGUN:]:
        del _line[key]
    return next(iter(_line))


def _part(run: Run, part: str) -> Part:
    found: Part = getattr(split(task(run.config.task).load(), run.config), part)
    return found


def _judge(
    begun: _Begun, part: Part, store: Store, run: Run, checkpoint: str, seconds: float
) -> bool:
    """Judge samples until the time is over; whether all are done."""
    model = load(store, run.id, checkpoint)
    end = time.monotonic() + seconds
    inputs, labels = part.inputs, part.labels
    while begun.done < len(labels):
        piece = slice(begun.done, begun.done + PIECE)
        output, losses = model.judged(inputs[piece], labels[piece])
        begun.outputs.append(output)
        begun.losses.append(losses)
        begun.done = min(piece.stop, len(labels))
        if time.monotonic() >= end:
            break
    return begun.done == len(labels)


def _result(begun: _Begun, part: Part, store: Store, run: Run, checkpoint: str) -> AnyEvaluation:
    entry = task(run.config.task)
    outputs, losses = np.concatenate(begun.outputs), np.concatenate(begun.losses)
    penalty = load(store, run.id, checkpoint).penalty
    if entry.is_number:
        return RegressionEvaluation.of(
            part.labels,
            outputs,
            unit=entry.unit,
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
