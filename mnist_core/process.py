"""What a process of the lab needs of Python, whatever the shell that starts it has set."""

from __future__ import annotations

import io
import os
import sys
import warnings

#: Set by the engine for each worker: how many threads it may compute with.
THREADS_VARIABLE = "MNIST_LAB_WORKER_THREADS"
_UTF8 = "PYTHONUTF8"


def begin_in_utf8() -> None:
    """Begin this process anew in UTF-8 mode, if names of files would not be read as UTF-8.

    With ``LC_ALL=C`` and that mode switched off, a folder with Chinese letters has a name that can
    neither be shown nor kept in the database. Processes that are started from here inherit it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a letter that a terminal has not is no failure
            stream.reconfigure(errors="backslashreplace")
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get(_UTF8) != "1":
        os.environ[_UTF8] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def let_warnings_warn() -> None:
    """Let a library's remark be a remark, where ``PYTHONWARNINGS`` makes each one an error.

    That is for the tests of one's own code. In a training, TensorFlow's remarks about other
    libraries' coming versions would end it.
    """
    if any("error" in option for option in sys.warnoptions):
        kept = [entry for entry in warnings.filters if entry[0] != "error"]
        warnings.resetwarnings()
        warnings.filters[:] = kept  # type: ignore[index]
        warnings.simplefilter("default", append=True)
