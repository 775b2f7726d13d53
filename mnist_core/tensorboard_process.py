"""TensorBoard as a process of its own: what the lab's server starts, and what ends with it.

    python -m mnist_core.tensorboard_process LOGDIR PATH_PREFIX

It is the installed TensorBoard, unchanged, with three things around it: it listens on this machine
only, at a port that the system chooses and that it prints; it works without TensorFlow, which
would take seconds and 700 MB and which none of its pages here needs; and it ends when its standard
input does, however the server that holds the other end has ended.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from types import ModuleType
from urllib.parse import urlsplit

HOST = "127.0.0.1"
#: How often it looks for new events, in seconds.
RELOAD_SECONDS = 2
#: It is said to be ready after so many seconds, also where it has not found all event files yet.
FIRST_LOOK_SECONDS = 15.0
#: TensorBoard builds without TensorFlow are told apart by this module, which is then there.
_WITHOUT_TENSORFLOW = "tensorboard.compat.notf"


def main(logdir: str, path_prefix: str) -> None:
    """Serve, and print the address on one line as soon as it shows what is there."""
    threading.Thread(target=_end_with_server, daemon=True).start()
    sys.modules[_WITHOUT_TENSORFLOW] = ModuleType(_WITHOUT_TENSORFLOW)
    from tensorboard import default, program

    os.chdir(logdir)  # its pages then show no path of this machine
    # None of the plugins that other packages may have brought along.
    board = program.TensorBoard(plugins=default.get_static_plugins())
    board.configure(
        logdir=".",
        host=HOST,
        port=0,
        path_prefix=path_prefix,
        reload_interval=RELOAD_SECONDS,
        window_title="TensorBoard",
    )
    address = board.launch()
    _wait_for_first_look(address)
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    threading.Event().wait()


def _wait_for_first_look(address: str) -> None:
    """Wait until it has found the event files: its page asks for them once, when it is opened."""
    expected = sum(
        any("tfevents" in file for file in files) for *_, files in os.walk(".", followlinks=True)
    )
    found, since, end = 0, time.monotonic(), time.monotonic() + FIRST_LOOK_SECONDS
    while found < expected and (now := time.monotonic()) < end:
        known = _runs_known(address)
        if known > found:
            found, since = known, now
        elif found and now - since > RELOAD_SECONDS:
            return  # there is nothing in the other files yet
        time.sleep(0.05)


def _runs_known(address: str) -> int:
    parts = urlsplit(address)
    # No urllib: that would ask a proxy, where one is set.
    connection = HTTPConnection(HOST, parts.port or 80, timeout=FIRST_LOOK_SECONDS)
    try:
        connection.request("GET", f"{parts.path}data/runs")
        return len(json.load(connection.getresponse()))
    except (OSError, HTTPException, ValueError):
        return 0
    finally:
        connection.close()


def _end_with_server() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
