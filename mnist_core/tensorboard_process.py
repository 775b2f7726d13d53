"""TensorBoard as a process of its own: what the lab's server starts, and what ends with it.

    python -m mnist_core.tensorboard_process LOGDIR PATH_PREFIX

It is the installed TensorBoard, unchanged, with three things around it: it listens on this machine
only, at a port that the system chooses and that it prints; it works without TensorFlow, which
would take seconds and 700 MB and which none of its pages here needs; and it ends when its standard
input does, however the server that holds the other end has ended.
"""

from __future__ import annotations

import os
import sys
import threading
from types import ModuleType

HOST = "127.0.0.1"
#: How often it looks for new events, in seconds.
RELOAD_SECONDS = 2
#: TensorBoard builds without TensorFlow are told apart by this module, which is then there.
_WITHOUT_TENSORFLOW = "tensorboard.compat.notf"


def main(logdir: str, path_prefix: str) -> None:
    """Serve, and print the address on one line as soon as it answers."""
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
    sys.stdout.write(f"{board.launch()}\n")
    sys.stdout.flush()
    threading.Event().wait()


def _end_with_server() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
