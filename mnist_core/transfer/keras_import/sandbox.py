"""Sandbox: a child process with limited rights that reads one model file.

The HDF5 library is written in C. Some damaged files keep it running without an end, and some
versions may crash on others. A process with limits for time and memory, and without the right to
write files, cannot harm the worker. It loads neither TensorFlow nor Keras, so it starts quickly.

The result is sent through a pipe: a line of JSON with the shapes of the arrays, the description,
and the values of the arrays.
"""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mnist_core.i18n import mark
from mnist_core.transfer.keras_import.legacy import Origin
from mnist_core.transfer.keras_import.refusal import RefusedError, damaged

if TYPE_CHECKING:
    from mnist_core.transfer.keras_import.files import Unpacked

ROOT = Path(__file__).resolve().parents[3]
#: Limits of the process, in seconds and bytes. The largest valid file needs half a gigabyte.
SECONDS = 20
MEMORY = 2 << 30


def unpack_in_sandbox(content: bytes) -> Unpacked:
    """Read a model file in a sandboxed process.

    Raises:
        RefusedError: The file cannot be imported.
    """
    variables = {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            cwd=ROOT,
            env=os.environ | variables,
        )
    except subprocess.TimeoutExpired as error:
        raise damaged(mark("Reading the file took too long: it is damaged.")) from error
    if done.returncode != 0:
        raise damaged()
    return _received(io.BytesIO(done.stdout))


def _received(answer: BinaryIO) -> Unpacked:
    from mnist_core.transfer.keras_import.files import Unpacked

    header = json.loads(answer.readline())
    if "problem" in header:
        raise RefusedError(header["problem"], header["remedy"], **header["values"])
    description = answer.read(header["description"])
    arrays = {
        name: [_array(answer, tuple(shape)) for shape in shapes]
        for name, shapes in header["arrays"]
    }
    return Unpacked(description, Origin(**header["origin"]), arrays)


def _array(answer: BinaryIO, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.frombuffer(answer.read(4 * math.prod(shape)), np.float32).reshape(shape)


def _answer(content: bytes, out: BinaryIO) -> None:
    from mnist_core.transfer.keras_import.files import unpack

    try:
        found = unpack(content)
    except RefusedError as error:
        values = {
            name: value if isinstance(value, int | float) else str(value)
            for name, value in error.values.items()
        }
        header: dict[str, Any] = {
            "problem": error.problem,
            "remedy": error.remedy,
            "values": values,
        }
        out.write(json.dumps(header).encode())
        return
    header = {
        "description": len(found.description),
        "origin": asdict(found.origin),
        "arrays": [[name, [one.shape for one in arrays]] for name, arrays in found.arrays.items()],
    }
    out.write(json.dumps(header).encode() + b"\n" + found.description)
    every = (one for arrays in found.arrays.values() for one in arrays)
    out.writelines(np.ascontiguousarray(one, np.float32).data for one in every)


def _limit_this_process() -> None:
    try:
        import resource
    except ImportError:  # Windows, where only the time is limited
        return
    for what, limit in (
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


if __name__ == "__main__":
    _limit_this_process()
    # An unbuffered standard output may write only a part of the data in one call.
    with open(sys.stdout.fileno(), "wb", closefd=False) as out:
        _answer(sys.stdin.buffer.read(), out)
