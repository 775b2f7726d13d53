"""TensorFlow and Keras as the lab uses them: importing this module loads and configures both.

Only the folders that workers run import it (see the import contracts); all of them take the two
from here, so that nothing is computed before they are configured.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from mnist_core.process import THREADS_VARIABLE

__all__ = ["keras", "tf"]

#: A training loop whose data and weights are smaller than this, in bytes, becomes one function of
#: one thread, which leaves a processor to the browser that draws the curves: with it overfit-700
#: trains a quarter faster. The price is that boston's epoch of 0.4 ms takes 1.2 ms.
ONE_THREAD_BYTES = 1_000_000


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


if "tensorflow" not in sys.modules:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"  # this machine's user may work with another one
    _option = f"xla_cpu_small_while_loop_byte_threshold={ONE_THREAD_BYTES}"
    _flags = (os.environ.get("XLA_FLAGS"), f"--xla_backend_extra_options={_option}")
    os.environ["XLA_FLAGS"] = " ".join(filter(None, _flags))
    # Some messages are written before any setting is read, straight to the process's error stream.
    with _errors_kept_back():
        import keras
        import tensorflow as tf
    # Each shape of training is traced once on purpose; the warning is for accidental ones.
    tf.get_logger().setLevel("ERROR")
    if _threads := os.environ.get(THREADS_VARIABLE):  # only before anything is computed
        tf.config.threading.set_intra_op_parallelism_threads(int(_threads))
        tf.config.threading.set_inter_op_parallelism_threads(int(_threads))
    # Forget what a person has set in ~/.keras/keras.json for work of their own.
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
else:  # loaded by whoever runs the lab's code in a process of their own, a test for one
    import keras
    import tensorflow as tf
