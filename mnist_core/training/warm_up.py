"""Makes a new worker ready before its first run, so that the first run does not wait.

Dask imports this module in each worker that it starts and calls :func:`dask_setup` before the
worker takes any job.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

#: Set by the engine for each worker: what it is for, how many threads it may compute with.
ROLE_VARIABLE = "MNIST_LAB_WORKER_ROLE"
THREADS_VARIABLE = "MNIST_LAB_WORKER_THREADS"
#: Workers give way to the web server, and trainings to what a person waits for, by so much.
TRAINING_NICENESS = 10
INTERACTIVE_NICENESS = 5
#: The interactive worker loads TensorFlow so many seconds later, to leave the cores to the one
#: that trains.
INTERACTIVE_DELAY = 10.0

_loading = threading.Lock()


def dask_setup(_worker: Any) -> None:
    """Prepare a worker: at once if it trains, a little later if it is the interactive one."""
    if hasattr(os, "nice"):
        waits = os.environ.get(ROLE_VARIABLE) == "interactive"
        os.nice(INTERACTIVE_NICENESS if waits else TRAINING_NICENESS)
    if ROLE_VARIABLE in os.environ and threading.current_thread() is threading.main_thread():
        # Ctrl+C in the server's terminal reaches its workers too. The server ends them itself,
        # once it has put their runs back into the queue.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.environ.get(ROLE_VARIABLE) == "interactive":
        timer = threading.Timer(INTERACTIVE_DELAY, warm_up)
        timer.daemon = True
        timer.start()
    else:
        warm_up()


def load_tensorflow() -> Any:
    """Import TensorFlow without its greetings, with this worker's number of threads.

    A question may come before the worker has warmed up: whoever is first loads it.

    Returns:
        The module.
    """
    with _loading:
        return _load_tensorflow()


def _load_tensorflow() -> Any:
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"  # this machine's user may work with another one
    # Some are written before any setting is read, straight to the process's error stream.
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow as tf
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    # Each shape of training is traced once on purpose; the warning is for accidental ones.
    tf.get_logger().setLevel("ERROR")
    if threads := os.environ.get(THREADS_VARIABLE):  # only before anything is computed
        tf.config.threading.set_intra_op_parallelism_threads(int(threads))
        tf.config.threading.set_inter_op_parallelism_threads(int(threads))
    _take_keras_as_it_is_delivered()
    return tf


def _take_keras_as_it_is_delivered() -> None:
    """Forget what a person has set in ``~/.keras/keras.json`` for work of their own."""
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


def warm_up() -> None:
    """Load TensorFlow and the data, and build something small."""
    load_tensorflow()

    from mnist_core.config import TrainingConfig
    from mnist_core.tasks import task
    from mnist_core.training.programs import program_for

    task("mnist").load()
    program_for(TrainingConfig())
    if os.environ.get(ROLE_VARIABLE) == "interactive":
        from mnist_core.evaluation import load_scikit_learn

        load_scikit_learn()
