"""A server of the lab with a temporary home, for benchmarks."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serve(port: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start a server with an empty home; yield its process and the home."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"MNIST_LAB_HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield server, home
        finally:
            if server.poll() is None:
                server.terminate()
                try:
                    server.wait(20)
                except subprocess.TimeoutExpired:
                    server.kill()


def wait_for_engine(address: str) -> None:
    """Wait until the server's workers are ready.

    Raises:
        TimeoutError: The workers are not ready after two minutes.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/live/health") as page:
            if json.load(page)["engine"]["state"] == "ready":
                return
        time.sleep(0.05)
    raise TimeoutError("the engine did not get ready")
