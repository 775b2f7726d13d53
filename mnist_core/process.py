"""Settings of the Python process: UTF-8 mode and warnings."""

from __future__ import annotations

import io
import os
import sys
import warnings

#: Set by the engine for each worker: how many threads it may compute with.
THREADS_VARIABLE = "MNIST_LAB_WORKER_THREADS"
_UTF8 = "PYTHONUTF8"


def begin_in_utf8() -> None:
    """Restart this process in UTF-8 mode if file names are not decoded as UTF-8.

    With ``LC_ALL=C`` and without UTF-8 mode, a folder name with Chinese characters can neither be
    shown nor stored in the database. Child processes inherit the mode.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # print what the terminal cannot encode escaped
            stream.reconfigure(errors="backslashreplace")
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get(_UTF8) != "1":
        os.environ[_UTF8] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def let_warnings_warn() -> None:
    """Show warnings as warnings even if ``PYTHONWARNINGS`` turns each of them into an error.

    Otherwise a deprecation warning inside TensorFlow would end a training.
    """
    if any("error" in option for option in sys.warnoptions):
        kept = [entry for entry in warnings.filters if entry[0] != "error"]
        warnings.resetwarnings()
        warnings.filters[:] = kept  # type: ignore[index]
        warnings.simplefilter("default", append=True)
