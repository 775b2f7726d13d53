"""Evaluations that this server has, for all its sessions: each is asked of the worker once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from mnist_core.evaluation.parts import AnyEvaluation
from mnist_core.runs import Run
from mnist_core.workers.engine import Question
from ui.common.lab import lab

#: Evaluations kept, of at most 4 MB each: what thirty people look at, at a time.
KEPT = 24
#: While another evaluation is at work it is asked again after so many seconds.
WAIT_SECONDS = 0.2

_Key = tuple[str, int, str, str]
_kept: OrderedDict[_Key, AnyEvaluation] = OrderedDict()
_lock = threading.Lock()


def known(run: Run, checkpoint: str, part: str) -> AnyEvaluation | None:
    """The evaluation, where somebody has asked for it before."""
    key = _key(run, checkpoint, part)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def keep(run: Run, checkpoint: str, part: str, evaluation: AnyEvaluation) -> None:
    """Keep an evaluation of a run that has ended."""
    with _lock:
        _kept[_key(run, checkpoint, part)] = evaluation
        if len(_kept) > KEPT:
            _kept.popitem(last=False)


def find(
    run: Run, checkpoint: str, part: str, progress: Callable[[float], object]
) -> AnyEvaluation:
    """The evaluation, from memory or portion by portion from the worker.

    Args:
        run: A run that has left models.
        checkpoint: "best" or "last".
        part: One of :data:`mnist_core.evaluation.service.PARTS`.
        progress: Called with the share that is done, 0 to 1.

    Raises:
        LabError: The model or the data is not there, or nobody answers.
    """
    found = known(run, checkpoint, part)
    before = None
    while found is None:
        question = "mnist_core.evaluation.service:evaluate_some", run.id, checkpoint, part
        answer: AnyEvaluation | float = lab.ask(*question, kind=Question.SHORT)
        if isinstance(answer, float):
            progress(answer)
            if answer == before:  # another evaluation is at work
                time.sleep(WAIT_SECONDS)
            before = answer
            continue
        found = answer
        if run.settled:
            keep(run, checkpoint, part, found)
    return found


def _key(run: Run, checkpoint: str, part: str) -> _Key:
    return run.id, run.attempt, checkpoint, part
