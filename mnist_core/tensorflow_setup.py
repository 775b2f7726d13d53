"""Set-up of TensorFlow and Keras: importing this module loads and configures both.

Only modules that run in workers import it (see the import contracts). All of them import Keras and
TensorFlow from here, so that nothing is computed before they are configured.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from mnist_core.process import THREADS_VARIABLE

__all__ = ["keras", "tf"]

#: A training loop with less data and weights than this, in bytes, is compiled to a function of one
#: thread, which leaves a processor to the browser that draws the curves: overfit-700 then trains a
#: quarter faster, but boston's epoch takes 1.2 ms instead of 0.4 ms.
ONE_THREAD_BYTES = 1_000_000


@contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Hold back the process's error output, and write it only after an exception."""
    sys.stderr.flush()
    stream = os.dup(2)
    with tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 2)
        try:
            yield
        except BaseException:
            output.seek(0)
            os.write(stream, output.read())
            raise
        finally:
            os.dup2(stream, 2)
            os.close(stream)


if "tensorflow" not in sys.modules:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"  # ~/.keras/keras.json may name another backend
    _option = f"xla_cpu_small_while_loop_byte_threshold={ONE_THREAD_BYTES}"
    _flags = (os.environ.get("XLA_FLAGS"), f"--xla_backend_extra_options={_option}")
    os.environ["XLA_FLAGS"] = " ".join(filter(None, _flags))
    # Some messages are written before any setting is read, directly to the error stream.
    with _stderr_held_back():
        import keras
        import tensorflow as tf
    # Each shape of training is traced once on purpose; the warning is about accidental retracing.
    tf.get_logger().setLevel("ERROR")
    if _threads := os.environ.get(THREADS_VARIABLE):  # must be set before the first computation
        tf.config.threading.set_intra_op_parallelism_threads(int(_threads))
        tf.config.threading.set_inter_op_parallelism_threads(int(_threads))
    # Override the person's own settings in ~/.keras/keras.json.
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
else:  # loaded by a caller in its own process, such as a test
    import keras
    import tensorflow as tf
