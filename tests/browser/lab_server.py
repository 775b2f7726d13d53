"""A real server of the lab for browser tests: its own process, port and home."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: How long a slow machine may take to answer, in seconds. Nothing is measured with it.
PATIENCE = 90


class LabServer:
    """``streamlit run app.py`` as a person would start it."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.home = home
        self.address = f"http://localhost:{port}"
        self._log = home.parent / f"server-{port}.log"
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | {"MNIST_LAB_HOME": str(home)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def health(self) -> dict:
        with urllib.request.urlopen(f"{self.address}/live/health", timeout=5) as answer:
            return json.load(answer)

    def wait_until_up(self) -> None:
        """Wait until it answers."""
        self._wait_for(lambda: self.health()["status"] == "ok")

    def wait_until_ready(self) -> None:
        """Wait until its workers can train."""
        self._wait_for(lambda: self.health()["engine"]["state"] == "ready")

    def _wait_for(self, condition) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self._log.read_text()
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"the server is not there: {self._log.read_text()}")

    def terminate(self) -> float:
        """Send SIGTERM and wait for the end; the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        return time.monotonic() - began

    def stop(self) -> None:
        if self.process.poll() is None:
            self.terminate()
