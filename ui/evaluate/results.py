"""A cache of evaluations for all sessions: a worker computes each once."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from mnist_core.evaluation.parts import AnyEvaluation
from mnist_core.runs import Run
from mnist_core.workers.engine import Question
from ui.common.lab import lab

#: Evaluations kept, of at most 4 MB each: enough for a class.
KEPT = 24
#: Seconds between two requests while the worker computes another evaluation.
WAIT_SECONDS = 0.2

_Key = tuple[str, int, str, str]
_kept: OrderedDict[_Key, AnyEvaluation] = OrderedDict()
_lock = threading.Lock()


def known(run: Run, checkpoint: str, part: str) -> AnyEvaluation | None:
    """The evaluation, if it is in the cache."""
    key = _key(run, checkpoint, part)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def keep(run: Run, checkpoint: str, part: str, evaluation: AnyEvaluation) -> None:
    """Store the evaluation of a run that has ended in the cache."""
    with _lock:
        _kept[_key(run, checkpoint, part)] = evaluation
        if len(_kept) > KEPT:
            _kept.popitem(last=False)


def find(
    run: Run, checkpoint: str, part: str, progress: Callable[[float], object]
) -> AnyEvaluation:
    """The evaluation, from the cache or from a worker, which computes it in portions.

    Args:
        run: A run with saved models.
        checkpoint: "best" or "last".
        part: One of :data:`mnist_core.evaluation.service.PARTS`.
        progress: Called with the share that is done, 0 to 1.

    Raises:
        LabError: The model or the data is missing, or no worker answers.
    """
    found = known(run, checkpoint, part)
    before = None
    while found is None:
        question = "mnist_core.evaluation.service:evaluate_some", run.id, checkpoint, part
        answer: AnyEvaluation | float = lab.ask(*question, kind=Question.SHORT)
        if isinstance(answer, float):
            progress(answer)
            if answer == before:  # the worker computes another evaluation
                time.sleep(WAIT_SECONDS)
            before = answer
            continue
        found = answer
        if run.settled:
            keep(run, checkpoint, part, found)
    return found


def _key(run: Run, checkpoint: str, part: str) -> _Key:
    return run.id, run.attempt, checkpoint, part
