"""Preparation of a new worker, so that its first run or request does not wait.

Dask imports this module in each worker and calls :func:`dask_setup` before the worker accepts a
task.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from mnist_core.process import let_warnings_warn
from mnist_core.workers.roles import BACKGROUND, INTERACTIVE, ROLE_VARIABLE

#: Set to "off" where the first epoch may take longer, or to save memory.
COMPILE_AHEAD_VARIABLE = "MNIST_LAB_COMPILE_AHEAD"
#: Nice values: all workers yield to the web server, and the others to the interactive worker.
OTHER_NICENESS = 10
INTERACTIVE_NICENESS = 5
#: Delay in seconds before the interactive worker loads TensorFlow: the first page and the training
#: worker have priority.
INTERACTIVE_DELAY = 1.0


def dask_setup(_worker: Any) -> None:
    """Prepare a worker before its first task; most of it continues in the background."""
    let_warnings_warn()
    role = os.environ.get(ROLE_VARIABLE)
    if hasattr(os, "nice"):
        os.nice(INTERACTIVE_NICENESS if role == INTERACTIVE else OTHER_NICENESS)
    if role is not None and threading.current_thread() is threading.main_thread():
        # Ctrl+C in the server's terminal also reaches its workers. The server ends them itself,
        # after it has returned their runs to the queue.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if role in (INTERACTIVE, BACKGROUND):
        _later(INTERACTIVE_DELAY if role == INTERACTIVE else 0, "prepare_for_requests")
        return
    from mnist_core import tensorflow_setup  # noqa: F401 - loads TensorFlow before the first run

    if os.environ.get(COMPILE_AHEAD_VARIABLE) != "off":
        _later(0, "compile_presets")


def _later(delay: float, function: str) -> None:
    timer = threading.Timer(delay, _warm_up, [function])
    timer.daemon = True
    timer.start()


def _warm_up(function: str) -> None:
    from mnist_core.workers import warm_up  # here, since it loads TensorFlow

    getattr(warm_up, function)()
