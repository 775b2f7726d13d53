"""Starts and ends TensorBoard for one server of the lab, however many people look at it."""

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

#: It has so long to answer, in seconds, on a machine that trains meanwhile.
START_SECONDS = 120.0
#: One that nobody has asked for so long is ended, in seconds; it takes some 100 MB.
IDLE_SECONDS = 30 * 60.0
#: How often that is looked at, in seconds.
LOOK_SECONDS = 15.0
_ROOT = Path(__file__).parents[2]
#: The line that names an exception at the end of a traceback.
_ERROR = re.compile(r"\w*(?:Error|Exception)\b")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BoardState:
    """How far TensorBoard is.

    Attributes:
        phase: Where it is in its life.
        port: Where it answers on this machine, once it is ready.
        error: Why it failed.
    """

    phase: Literal["stopped", "starting", "ready", "failed"]
    port: int | None = None
    error: EngineError | None = None


class TensorBoardServer:
    """One TensorBoard; every method may be called from any thread.

    Args:
        path_prefix: Address below which it believes to be, as the browser sees it.
    """

    def __init__(self, path_prefix: str) -> None:
        self.path_prefix = path_prefix
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._state = BoardState("stopped")
        self._said: deque[str] = deque(maxlen=20)  # the last lines of what it complained of
        self._used_at = time.monotonic()

    @property
    def state(self) -> BoardState:
        """How far it is now."""
        with self._lock:
            process = self._process
            if self._state.phase == "ready" and process and process.poll() is not None:
                self._fail(process)
            return self._state

    @property
    def pid(self) -> int | None:
        """Its process, where it runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def used(self) -> None:
        """Note that somebody looks at it."""
        self._used_at = time.monotonic()

    def start(self, logdir: Path) -> None:
        """Start it in the background, unless it runs already.

        Args:
            logdir: What it is to show.
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
            self._said = deque(maxlen=20)
            arguments = self._process, self._said
            threading.Thread(
                target=self._follow, args=arguments, name="tensorboard", daemon=True
            ).start()

    def stop(self) -> None:
        """End it, if it runs."""
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
            stdin=subprocess.PIPE,  # it ends when this does
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # Ctrl+C in the terminal is for the server, which ends it in its own time.
            start_new_session=True,
        )

    def _follow(self, process: subprocess.Popen[str], said: deque[str]) -> None:
        """Wait for its address, then for its end, or for nobody to need it any more."""
        assert process.stdout is not None and process.stderr is not None
        listening = threading.Thread(target=_listen, args=(process.stderr, said), daemon=True)
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
                process.wait(LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if time.monotonic() - self._used_at > IDLE_SECONDS and self._process is process:
                    log.info("TensorBoard is ended: nobody has looked at it for a while")
                    self.stop()
            else:
                listening.join(timeout=1)  # its last words may still be on their way
                with self._lock:
                    self._fail(process)
        process.wait()
        listening.join(timeout=5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def _fail(self, process: subprocess.Popen[str]) -> None:
        if self._process is process:  # and not one that was ended on purpose
            self._process = None
            error = _ended(self._state.phase, self._said, process.returncode)
            self._state = BoardState("failed", error=error)
            log.warning("%s", error)


def _not_started(error: OSError) -> EngineError:
    return EngineError(
        mark("TensorBoard was to be started. The system says: {cause}."),
        mark("See that the lab's folder can be written and that memory is free, and try again."),
        cause=error.strerror or str(error),
    )


def _listen(stream: IO[str], said: deque[str]) -> None:
    for line in stream:
        said.append(line.strip())


def _ended(phase: str, said: Sequence[str], code: int) -> EngineError:
    errors = [line for line in said if _ERROR.match(line)]
    if phase == "starting":
        return EngineError(
            mark("TensorBoard was started. It ended before it could show anything: {cause}."),
            mark("Try again; if it comes back, install the packages of requirements.txt anew."),
            cause=(errors[-1][:200] if errors else f"exit code {code}").rstrip("."),
        )
    return EngineError(
        mark("TensorBoard was running. It has ended by itself (exit code {code})."),
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
