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
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Time limit of an answer in seconds, for slow machines.
PATIENCE = 240


class LabServer:
    """A server that is started like ``streamlit run app.py``.

    It can be stopped and started again at the same address.

    Args:
        home: Its MNIST_LAB_HOME.
        app: The script, relative to the checkout.
        variables: Additional environment variables of the server.
    """

    def __init__(
        self, home: Path, app: str = "app.py", variables: Mapping[str, str] | None = None
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home = home
        self.address = f"http://localhost:{self.port}"
        self._app = app
        self._variables = dict(variables or {}) | {"MNIST_LAB_HOME": str(home)}
        self._log = home.parent / f"server-{self.port}.log"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", self._app]
        variables = dict(self._variables)
        if Path(self._app).parent != Path():  # Streamlit finds modules beside the script alone
            variables["PYTHONPATH"] = str(ROOT)
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--server.port", str(self.port)],
                cwd=ROOT,  # where .streamlit/config.toml is
                env=os.environ | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_again_if_it_ended(self) -> None:
        if self.process.poll() is not None:
            self.start()

    def health(self) -> dict:
        with urllib.request.urlopen(f"{self.address}/live/health", timeout=30) as answer:
            return json.load(answer)

    def wait_until_up(self) -> None:
        """Wait until the server answers."""
        self._wait_for(lambda: self.health()["status"] == "ok")

    def wait_until_ready(self) -> None:
        """Wait until the workers can train."""
        self._wait_for(lambda: self.health()["engine"]["state"] == "ready")

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self._log.read_text()
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server is not there: {self._log.read_text()}")

    def terminate(self) -> float:
        """Send SIGTERM, wait for the end, and return the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        return time.monotonic() - began

    def stop(self) -> None:
        if self.process.poll() is None:
            self.terminate()

    def kill(self) -> None:
        """Kill the server."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
