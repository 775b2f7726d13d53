"""TensorBoard as a process of its own: what the lab's server starts, and what ends with it.

    python -m mnist_core.tensorboard.process LOGDIR PATH_PREFIX

It is the installed TensorBoard with four additions: it listens on this machine
only, at a port that the system chooses and that it prints; it works without TensorFlow, which
would take seconds and 700 MB and which none of its pages here needs; and it ends when its standard
input does, however the server that holds the other end has ended.

One process serves every reader's own choice of runs: TensorBoard passes an "experiment" from the
address on to whatever reads its data, and here an experiment is a list of run ids.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from mnist_core.runs.event_files import SHORT_ID

HOST = "127.0.0.1"
#: How often it looks for new events, in seconds.
RELOAD_SECONDS = 2
#: It is said to be ready after so many seconds, also where it has not found all event files yet.
FIRST_LOOK_SECONDS = 15.0
#: TensorBoard builds without TensorFlow are told apart by this module, which is then there.
_WITHOUT_TENSORFLOW = "tensorboard.compat.notf"
#: An experiment that is a choice of runs: the beginnings of their ids.
CHOICE = re.compile(rf"[0-9a-f]{{{SHORT_ID}}}(?:-[0-9a-f]{{{SHORT_ID}}})*")
#: The questions whose answers are by run.
_BY_RUN = frozenset(
    f"{verb}_{kind}"
    for verb in ("list", "read")
    for kind in ("scalars", "tensors", "blob_sequences")
) | {"read_last_scalars"}


def main(logdir: str, path_prefix: str) -> None:
    """Serve, and print the address on one line as soon as it shows what is there."""
    threading.Thread(target=_end_with_server, daemon=True).start()
    sys.modules[_WITHOUT_TENSORFLOW] = ModuleType(_WITHOUT_TENSORFLOW)
    from tensorboard import default, program

    os.chdir(logdir)  # its pages then show no path of this machine

    class Board(program.TensorBoard):  # type: ignore[misc] # it brings no types
        def _make_data_provider(self) -> tuple[Any, Any]:
            provider, multiplexer = super()._make_data_provider()
            return ChosenRuns(provider), multiplexer

    # None of the plugins that other packages may have brought along.
    board = Board(plugins=default.get_static_plugins())
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


class ChosenRuns:
    """TensorBoard's data, narrowed to the runs that an experiment's id names.

    Args:
        provider: What reads all runs: a ``tensorboard.data.provider.DataProvider``.
    """

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        """A question to the provider; where its answer is by run, of the chosen ones only."""
        ask = getattr(self._provider, name)
        if name not in _BY_RUN:
            return ask

        def narrowed(*args: Any, experiment_id: str, **options: Any) -> dict[str, Any]:
            answers = ask(*args, experiment_id=experiment_id, **options)
            return {run: one for run, one in answers.items() if is_chosen(run, experiment_id)}

        return narrowed

    def list_runs(self, *args: Any, experiment_id: str) -> list[Any]:
        """The chosen runs."""
        runs = self._provider.list_runs(*args, experiment_id=experiment_id)
        return [run for run in runs if is_chosen(run.run_name, experiment_id)]


def is_chosen(run: str, experiment: str) -> bool:
    """Whether a run is one of an experiment's.

    Args:
        run: TensorBoard's name of it, which is its folder: "overfit-700 0123abcd/train", or with
            the whole id in front where folders cannot be linked.
        experiment: The beginnings of run ids, with "-" between them. Any other text, also "",
            means all runs.
    """
    if not CHOICE.fullmatch(experiment):
        return True
    folder = run.split("/")[0]
    ids = experiment.split("-")
    return folder[-SHORT_ID:] in ids or folder[:SHORT_ID] in ids


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
