"""Makes a new worker ready before its first run, so that the first run does not wait.

Dask imports this module in each worker that it starts and calls :func:`dask_setup` before the
worker takes any job.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from mnist_core.process import let_warnings_warn
from mnist_core.workers.roles import BACKGROUND, INTERACTIVE, ROLE_VARIABLE

#: Set to "off" where nobody waits for a first epoch, or every bit of memory counts.
COMPILE_AHEAD_VARIABLE = "MNIST_LAB_COMPILE_AHEAD"
#: Workers give way to the web server, and all others to the one for readings, by so much.
OTHER_NICENESS = 10
INTERACTIVE_NICENESS = 5
#: The interactive worker loads TensorFlow so many seconds later: the first page and the worker
#: that trains come first.
INTERACTIVE_DELAY = 1.0


def dask_setup(_worker: Any) -> None:
    """Prepare a worker before its first task; the rest goes on in the background."""
    let_warnings_warn()
    role = os.environ.get(ROLE_VARIABLE)
    if hasattr(os, "nice"):
        os.nice(INTERACTIVE_NICENESS if role == INTERACTIVE else OTHER_NICENESS)
    if role is not None and threading.current_thread() is threading.main_thread():
        # Ctrl+C in the server's terminal reaches its workers too. The server ends them itself,
        # once it has put their runs back into the queue.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if role in (INTERACTIVE, BACKGROUND):
        _later(INTERACTIVE_DELAY if role == INTERACTIVE else 0, "prepare_for_questions")
        return
    from mnist_core import tensorflow_setup  # noqa: F401 - the engine is ready when this worker is

    if os.environ.get(COMPILE_AHEAD_VARIABLE) != "off":
        _later(0, "compile_presets")


def _later(delay: float, function: str) -> None:
    rest = threading.Timer(delay, _warm_up, [function])
    rest.daemon = True
    rest.start()


def _warm_up(function: str) -> None:
    from mnist_core.workers import warm_up  # not before it is time: it loads TensorFlow

    getattr(warm_up, function)()
