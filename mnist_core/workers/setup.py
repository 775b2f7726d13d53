"""Makes a new worker ready before its first run, so that the first run does not wait.

Dask imports this module in each worker that it starts and calls :func:`dask_setup` before the
worker takes any job.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mnist_core.process import let_warnings_warn

#: What a worker is for: trainings, readings (what a person waits for after each stroke, say), or
#: what takes longer than a reading may wait.
TRAIN, INTERACTIVE, BACKGROUND = "train", "interactive", "background"
#: Set by the engine for each worker: what it is for, how many threads it may compute with.
ROLE_VARIABLE = "MNIST_LAB_WORKER_ROLE"
THREADS_VARIABLE = "MNIST_LAB_WORKER_THREADS"
#: Set to "off" where nobody waits for a first epoch, or every bit of memory counts.
COMPILE_AHEAD_VARIABLE = "MNIST_LAB_COMPILE_AHEAD"
#: Workers give way to the web server, and all others to the one for readings, by so much.
OTHER_NICENESS = 10
INTERACTIVE_NICENESS = 5
#: The interactive worker loads TensorFlow so many seconds later: the first page and the worker
#: that trains come first.
INTERACTIVE_DELAY = 1.0

#: A training loop whose data and weights are smaller than this, in bytes, becomes one function of
#: one thread, which leaves a processor to the browser that draws the curves: with it overfit-700
#: trains a quarter faster. The price is that boston's epoch of 0.4 ms takes 1.2 ms.
ONE_THREAD_BYTES = 1_000_000

#: Between two presets, in seconds: long enough for a run that waits to take its turn.
TURN_SECONDS = 0.05
#: Held while this process trains, or compiles ahead what a training will need.
at_work = threading.Lock()
_loading = threading.Lock()
log = logging.getLogger(__name__)


def dask_setup(_worker: Any) -> None:
    """Prepare a worker before its first task; the rest goes on in the background."""
    let_warnings_warn()
    if hasattr(os, "nice"):
        waits = os.environ.get(ROLE_VARIABLE) == INTERACTIVE
        os.nice(INTERACTIVE_NICENESS if waits else OTHER_NICENESS)
    if ROLE_VARIABLE in os.environ and threading.current_thread() is threading.main_thread():
        # Ctrl+C in the server's terminal reaches its workers too. The server ends them itself,
        # once it has put their runs back into the queue.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (role := os.environ.get(ROLE_VARIABLE)) in (INTERACTIVE, BACKGROUND):
        delay = INTERACTIVE_DELAY if role == INTERACTIVE else 0
        rest = threading.Timer(delay, prepare_for_questions)
    else:
        load_tensorflow()  # the engine is ready when this worker is
        if os.environ.get(COMPILE_AHEAD_VARIABLE) == "off":
            return
        rest = threading.Timer(0, compile_presets)
    rest.daemon = True
    rest.start()


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
    option = f"xla_cpu_small_while_loop_byte_threshold={ONE_THREAD_BYTES}"
    flags = (os.environ.get("XLA_FLAGS"), f"--xla_backend_extra_options={option}")
    os.environ["XLA_FLAGS"] = " ".join(filter(None, flags))
    # Some are written before any setting is read, straight to the process's error stream.
    with _errors_kept_back():
        import tensorflow as tf
    # Each shape of training is traced once on purpose; the warning is for accidental ones.
    tf.get_logger().setLevel("ERROR")
    if threads := os.environ.get(THREADS_VARIABLE):  # only before anything is computed
        tf.config.threading.set_intra_op_parallelism_threads(int(threads))
        tf.config.threading.set_inter_op_parallelism_threads(int(threads))
    _take_keras_as_it_is_delivered()
    return tf


@contextmanager
def _errors_kept_back() -> Iterator[None]:
    """Keep what is written to the process's error stream, and show it only after a failure."""
    sys.stderr.flush()
    stream = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(stream, said.read())
            raise
        finally:
            os.dup2(stream, 2)
            os.close(stream)


def _take_keras_as_it_is_delivered() -> None:
    """Forget what a person has set in ``~/.keras/keras.json`` for work of their own."""
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


def prepare_for_questions() -> None:
    """Load TensorFlow and what the first questions need, and build something small."""
    load_tensorflow()

    from mnist_core.evaluation.classification import load_scikit_learn
    from mnist_core.experiment.config import TrainingConfig
    from mnist_core.tasks import task
    from mnist_core.training.programs import program_for

    task("mnist").load()
    program_for(TrainingConfig())
    load_scikit_learn()


def compile_presets() -> None:
    """Compile what the presets need while nobody trains, so that no first epoch waits for it.

    A run that is started meanwhile waits for the one preset that is being compiled. Presets whose
    data is not on this machine are left out; data in Keras's cache is put into its compact form.
    """
    from mnist_core.experiment.presets import PRESETS
    from mnist_core.tasks import availability, keras_data
    from mnist_core.training.precompile import compile_ahead

    for preset in PRESETS.values():
        name = preset.config.task
        if not availability.is_present(name):
            continue
        try:
            if name in keras_data.SOURCES:
                keras_data.keep(name)  # in a process of its own: a run need not wait for it
            with at_work:
                compile_ahead(preset.config)
        except Exception:  # a run says what is wrong, to the person who starts it
            log.exception("%s could not be compiled ahead", preset.key)
        time.sleep(TURN_SECONDS)
