"""Opens a model file in a process of its own, which ends with the file.

The library that reads HDF5 is written in C. There are files, damaged by a few bytes, that keep it
running for ever, and some version may crash on others. In a process that may use some seconds and
some memory, and write no file, that costs nobody else anything. It loads neither TensorFlow nor
Keras, so that it is there in a moment.

The answer goes through a pipe: a line of JSON with the shapes of the arrays, the description, and
the numbers of the arrays one after the other.
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
#: What taking a file apart may cost. The largest one needs half a gigabyte.
SECONDS = 20
MEMORY = 2 << 30


def unpack_apart(content: bytes) -> Unpacked:
    """Take a model file apart in a process of its own.

    Raises:
        RefusedError: It cannot be used.
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
        raise damaged(mark("It is damaged, or made to keep its reader busy for ever.")) from error
    if done.returncode != 0:
        raise damaged()
    return _received(io.BytesIO(done.stdout))


def _received(answer: BinaryIO) -> Unpacked:
    from mnist_core.transfer.keras_import.files import Unpacked

    told = json.loads(answer.readline())
    if "problem" in told:
        raise RefusedError(told["problem"], told["remedy"], **told["values"])
    description = answer.read(told["description"])
    arrays = {
        name: [_array(answer, tuple(shape)) for shape in shapes] for name, shapes in told["arrays"]
    }
    return Unpacked(description, Origin(**told["origin"]), arrays)


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
        told: dict[str, Any] = {"problem": error.problem, "remedy": error.remedy, "values": values}
        out.write(json.dumps(told).encode())
        return
    told = {
        "description": len(found.description),
        "origin": asdict(found.origin),
        "arrays": [[name, [one.shape for one in arrays]] for name, arrays in found.arrays.items()],
    }
    out.write(json.dumps(told).encode() + b"\n" + found.description)
    every = (one for arrays in found.arrays.values() for one in arrays)
    out.writelines(np.ascontiguousarray(one, np.float32).data for one in every)


def _limit_this_process() -> None:
    try:
        import resource
    except ImportError:  # not on Windows; there the time alone is limited
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
    # Python's own standard output may be without a buffer, and then writes as much as it likes.
    with open(sys.stdout.fileno(), "wb", closefd=False) as out:
        _answer(sys.stdin.buffer.read(), out)
