"""An external Dask cluster: a scheduler and workers, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from distributed import Client

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def scheduler(folder: Path, *, port: int = 0) -> Iterator[str]:
    """Start a scheduler on a port, or on a free port, and yield its address."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    options = (
        "--port",
        str(port),
        "--dashboard-address",
        "127.0.0.1:0",
        "--scheduler-file",
        str(file),
    )
    with _dask("scheduler", *options, log=folder / "scheduler.log"):
        until(lambda: file.exists() and file.read_text().strip().endswith("}"))
        yield json.loads(file.read_text())["address"]


@contextmanager
def worker(address: str, resource: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker that runs one task at a time of the kind that the resource names."""
    options = ("--nthreads", "1", "--no-dashboard", "--resources", f"{resource}=1")
    options += ("--preload", "mnist_core.workers.setup", "--local-directory", str(folder))
    with Client(address, set_as_default=False) as client:

        def workers() -> int:
            return len(client.scheduler_info()["workers"])

        before = workers()
        with _dask("worker", address, *options, log=folder / f"{resource}.log") as process:
            until(lambda: workers() > before)
            yield process


@contextmanager
def _dask(command: str, *arguments: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", command, "--host", "127.0.0.1", *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()
            process.wait()
