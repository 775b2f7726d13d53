"""The TensorBoard process, which the lab's server starts and ends.

    python -m mnist_core.tensorboard.process LOGDIR PATH_PREFIX

It is the installed TensorBoard with three differences. It listens on the loopback interface only,
at a port that the system chooses and that the process prints. It runs without TensorFlow, which
would take seconds and 700 MB and which no tab used here needs. And it ends when its standard input
is closed, so it cannot outlive the server.

One process serves different selections of runs: TensorBoard passes the "experiment" of the address
on to its data provider, and here an experiment is a list of run ids.
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
#: Interval between searches for new events, in seconds.
RELOAD_SECONDS = 2
#: Seconds after which it counts as ready, even if it has not found all event files yet.
READY_SECONDS = 15.0
#: TensorBoard runs without TensorFlow if a module with this name exists.
_WITHOUT_TENSORFLOW = "tensorboard.compat.notf"
#: An experiment that is a selection of runs: the first characters of their ids.
CHOICE = re.compile(rf"[0-9a-f]{{{SHORT_ID}}}(?:-[0-9a-f]{{{SHORT_ID}}})*")
#: Methods of the data provider that return a dictionary by run.
_BY_RUN = frozenset(
    f"{verb}_{kind}"
    for verb in ("list", "read")
    for kind in ("scalars", "tensors", "blob_sequences")
) | {"read_last_scalars"}


def main(logdir: str, path_prefix: str) -> None:
    """Serve, and print the address on one line as soon as the event files have been found."""
    threading.Thread(target=_end_with_server, daemon=True).start()
    sys.modules[_WITHOUT_TENSORFLOW] = ModuleType(_WITHOUT_TENSORFLOW)
    from tensorboard import default, program

    os.chdir(logdir)  # so that the pages show a relative path

    class Board(program.TensorBoard):  # type: ignore[misc] # the package has no type hints
        def _make_data_provider(self) -> tuple[Any, Any]:
            provider, multiplexer = super()._make_data_provider()
            return ChosenRuns(provider), multiplexer

    # Only TensorBoard's own plugins, not those of other packages.
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
    _wait_for_event_files(address)
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
    threading.Event().wait()


class ChosenRuns:
    """A data provider that returns only the runs of an experiment.

    Args:
        provider: The provider of all runs: a ``tensorboard.data.provider.DataProvider``.
    """

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        """Return a method of the provider; results by run are restricted to the chosen runs."""
        ask = getattr(self._provider, name)
        if name not in _BY_RUN:
            return ask

        def narrowed(*args: Any, experiment_id: str, **options: Any) -> dict[str, Any]:
            answers = ask(*args, experiment_id=experiment_id, **options)
            return {run: one for run, one in answers.items() if is_chosen(run, experiment_id)}

        return narrowed

    def list_runs(self, *args: Any, experiment_id: str) -> list[Any]:
        """Return the chosen runs."""
        runs = self._provider.list_runs(*args, experiment_id=experiment_id)
        return [run for run in runs if is_chosen(run.run_name, experiment_id)]


def is_chosen(run: str, experiment: str) -> bool:
    """Return whether a run belongs to an experiment.

    Args:
        run: TensorBoard's name of the run, which is its folder: "overfit-700 0123abcd/train", or
            beginning with the whole id where folders cannot be linked.
        experiment: The first characters of run ids, joined by "-". Any other text, also "", means
            all runs.
    """
    if not CHOICE.fullmatch(experiment):
        return True
    folder = run.split("/")[0]
    ids = experiment.split("-")
    return folder[-SHORT_ID:] in ids or folder[:SHORT_ID] in ids


def _wait_for_event_files(address: str) -> None:
    """Wait until the event files are found: TensorBoard's page requests them once, on opening."""
    expected = sum(
        any("tfevents" in file for file in files) for *_, files in os.walk(".", followlinks=True)
    )
    found, since, end = 0, time.monotonic(), time.monotonic() + READY_SECONDS
    while found < expected and (now := time.monotonic()) < end:
        known = _runs_known(address)
        if known > found:
            found, since = known, now
        elif found and now - since > RELOAD_SECONDS:
            return  # the other files contain no events yet
        time.sleep(0.05)


def _runs_known(address: str) -> int:
    parts = urlsplit(address)
    # urllib would use a proxy if one is configured.
    connection = HTTPConnection(HOST, parts.port or 80, timeout=READY_SECONDS)
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
