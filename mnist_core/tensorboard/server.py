"""Starts and stops the TensorBoard process, one for each server of the lab."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal
from urllib.parse import urlsplit

from mnist_core.errors import EngineError
from mnist_core.i18n import mark

#: Time limit for the start, in seconds, on a machine that may be training.
START_SECONDS = 120.0
#: Seconds without a request after which TensorBoard is stopped; it takes about 100 MB.
IDLE_SECONDS = 30 * 60.0
#: Interval between checks for requests, in seconds.
CHECK_SECONDS = 15.0
_ROOT = Path(__file__).parents[2]
#: The last line of a traceback, which names the exception.
_ERROR = re.compile(r"\w*(?:Error|Exception)\b")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BoardState:
    """State of the TensorBoard process.

    Attributes:
        phase: Phase of its life.
        port: Its port on this machine, once it is ready.
        error: The reason of a failure.
    """

    phase: Literal["stopped", "starting", "ready", "failed"]
    port: int | None = None
    error: EngineError | None = None


class TensorBoardServer:
    """One TensorBoard process; every method may be called from any thread.

    Args:
        path_prefix: Path of TensorBoard's pages, as the browser sees it.
    """

    def __init__(self, path_prefix: str) -> None:
        self.path_prefix = path_prefix
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._state = BoardState("stopped")
        self._stderr: deque[str] = deque(maxlen=20)  # the last lines of its error output
        self._used_at = time.monotonic()

    @property
    def state(self) -> BoardState:
        """The current state."""
        with self._lock:
            process = self._process
            if self._state.phase == "ready" and process and process.poll() is not None:
                self._fail(process)
            return self._state

    @property
    def pid(self) -> int | None:
        """Id of the process, or None if it does not run."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def used(self) -> None:
        """Record that TensorBoard is being used."""
        self._used_at = time.monotonic()

    def start(self, logdir: Path) -> None:
        """Start TensorBoard in the background, unless it is running.

        Args:
            logdir: The log directory to show.
        """
        with self._lock:
            running = self._process is not None and self._process.poll() is None
            if running and self._state.phase in ("starting", "ready"):
                return
            self.used()
            self._state = BoardState("starting")
            try:
                logdir.mkdir(parents=True, exist_ok=True)
                self._process = self._spawn(logdir)
            except OSError as error:
                self._state = BoardState("failed", error=_not_started(error))
                return
            self._stderr = deque(maxlen=20)
            arguments = self._process, self._stderr
            threading.Thread(
                target=self._follow, args=arguments, name="tensorboard", daemon=True
            ).start()

    def stop(self) -> None:
        """Stop TensorBoard if it is running."""
        with self._lock:
            process, self._process = self._process, None
            self._state = BoardState("stopped")
        if process is not None:
            _end(process)

    def _spawn(self, logdir: Path) -> subprocess.Popen[str]:
        module = "mnist_core.tensorboard.process"
        return subprocess.Popen(
            [sys.executable, "-m", module, str(logdir.resolve()), self.path_prefix],
            cwd=_ROOT,
            stdin=subprocess.PIPE,  # the process ends when this pipe is closed
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # Ctrl+C in the terminal is for the server, which then stops TensorBoard.
            start_new_session=True,
        )

    def _follow(self, process: subprocess.Popen[str], lines: deque[str]) -> None:
        """Wait for the address, then until the process ends or is no longer used."""
        assert process.stdout is not None and process.stderr is not None
        listening = threading.Thread(target=_listen, args=(process.stderr, lines), daemon=True)
        listening.start()
        late = threading.Timer(START_SECONDS, process.kill)
        late.start()
        address = process.stdout.readline().strip()
        late.cancel()
        with self._lock:
            if address and self._process is process:
                self._state = BoardState("ready", port=urlsplit(address).port)
        while self._process is process:
            try:
                process.wait(CHECK_SECONDS)
            except subprocess.TimeoutExpired:
                if time.monotonic() - self._used_at > IDLE_SECONDS and self._process is process:
                    log.info("stopping TensorBoard, which has not been used for a while")
                    self.stop()
            else:
                listening.join(timeout=1)  # for the last lines of the error output
                with self._lock:
                    self._fail(process)
        process.wait()
        listening.join(timeout=5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def _fail(self, process: subprocess.Popen[str]) -> None:
        if self._process is process:  # not after `stop`
            self._process = None
            error = _ended(self._state.phase, self._stderr, process.returncode)
            self._state = BoardState("failed", error=error)
            log.warning("%s", error)


def _not_started(error: OSError) -> EngineError:
    return EngineError(
        mark("Could not start TensorBoard: {cause}."),
        mark("Check that the lab's folder is writable and that memory is free, and try again."),
        cause=error.strerror or str(error),
    )


def _listen(stream: IO[str], lines: deque[str]) -> None:
    for line in stream:
        lines.append(line.strip())


def _ended(phase: str, lines: Sequence[str], code: int) -> EngineError:
    errors = [line for line in lines if _ERROR.match(line)]
    if phase == "starting":
        return EngineError(
            mark("TensorBoard ended while it was starting: {cause}."),
            mark("Try again; if it fails again, reinstall the packages of requirements.txt."),
            cause=(errors[-1][:200] if errors else f"exit code {code}").rstrip("."),
        )
    return EngineError(
        mark("TensorBoard ended unexpectedly (exit code {code})."),
        mark("Start it again; no event file is lost."),
        code=code,
    )


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
