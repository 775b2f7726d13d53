"""The real TensorBoard behind the lab's proxy: what is passed on, what is not, one process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mnist_core.runs import Run, Store
from mnist_core.tensorboard import server as tensorboard_server
from mnist_core.tensorboard.server import TensorBoardServer
from mnist_core.tensorboard.writer import EventWriter
from tests.live_training import Training, record
from tests.served import served
from tests.waiting import PATIENCE, is_gone, until
from ui.tensorboard import proxy

ROOT = Path(__file__).parents[2]


def finished(store: Store, name: str) -> Run:
    training = Training(store, epochs=3)
    store.rename(training.id, name)
    writer = EventWriter(store.event_files, training.run)
    writer.begin([])
    rows = [record(epoch) for epoch in (1, 2, 3)]
    training.write(rows)
    writer.take(rows)
    training.end()
    writer.end(training.run, list)
    return training.run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("home"))
    finished(opened, "first try")
    yield opened
    opened.database.close()


@pytest.fixture(scope="module")
def running(store: Store) -> Iterator[TensorBoardServer]:
    """The server's own one, for all tests of this file."""
    server = proxy._server()
    server.start(store.event_files.logdir)
    until(lambda: server.state.phase != "starting")
    assert server.state.phase == "ready", server.state.error
    yield server
    server.stop()


@pytest.fixture(scope="module")
def address(running: TensorBoardServer) -> Iterator[str]:
    with served(proxy.routes) as root:
        yield f"{root}/live/tensorboard/"


def ask(url: str, body: bytes | None = None, **headers: str):
    request = urllib.request.Request(url, body, headers)
    try:
        return urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        return error


def test_the_runs_are_there_under_their_names(address: str, store: Store) -> None:
    (run,) = store.list_runs()
    name = f"first try {run.id[:8]}"

    def listed() -> list[str]:
        with ask(f"{address}data/runs") as answer:
            return json.load(answer) if answer.status == 200 else []

    # It reads every two seconds, one folder after the other.
    found = until(lambda: len(names := listed()) >= 3 and names)
    assert found == [name, f"{name}/train", f"{name}/validation"]


def test_each_address_has_its_own_choice_of_runs(address: str, store: Store) -> None:
    other = finished(store, "second try")

    def listed(path: str) -> set[str]:
        with ask(address + path) as answer:
            names = json.load(answer) if answer.status == 200 else []
        return {name.split("/")[0] for name in names}

    def tagged(path: str) -> set[str]:
        with ask(f"{address}{path}data/plugin/scalars/tags") as answer:
            return {name.split("/")[0] for name in json.load(answer)}

    try:
        every = until(lambda: len(names := listed("data/runs")) == 2 and names)
        chosen = {f"second try {other.id[:8]}"}
        own, both = (
            f"chosen/{'-'.join(name[-8:] for name in sorted(names))}/" for names in (chosen, every)
        )
        for place in ("data/runs", "experiment/defaultExperimentId/data/runs"):
            assert listed(own + place) == chosen
            assert listed(both + place) == every
        assert tagged(own) == chosen and tagged(both) == every == tagged("")
        with ask(address + own) as answer:
            assert answer.status == 200 and b"tb-relative-root" in answer.read()
    finally:
        store.delete(other.id)


def test_the_page_and_its_script_come_whole(address: str) -> None:
    for path, kind in (("", "text/html"), ("index.js", "text/javascript")):
        with ask(address + path) as answer:
            body = answer.read()
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith(kind)
            assert len(body) == int(answer.headers["Content-Length"]) > 100_000


def test_fonts_come_from_here(address: str) -> None:
    with ask(address) as answer:
        (name, *_) = re.findall(rb"font-roboto/([\w-]+\.woff2)", answer.read())
    root = address.removesuffix("live/tensorboard/")
    for place in (address, root):
        with ask(f"{place}font-roboto/{name.decode()}") as answer:
            assert answer.status == 200 and answer.read(4) == b"wOF2"
            answer.read()


def test_no_page_may_load_from_another_host_or_be_framed_by_one(address: str) -> None:
    with ask(address) as answer:
        answer.read()
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        policy = answer.headers["Content-Security-Policy"]
    assert "://" not in policy and "frame-ancestors 'self'" in policy


def test_questions_with_a_body_are_passed_on(address: str, store: Store) -> None:
    wanted = {"colParams": [], "startIndex": 0, "sliceSize": 9}
    body = json.dumps(wanted | {"allowedStatuses": ["STATUS_SUCCESS"]}).encode()

    (run,) = store.list_runs()

    def values(group: dict) -> dict[str, float]:
        return {value["name"]["tag"]: value["value"] for value in group.get("metricValues", [])}

    def groups() -> list[dict]:
        url = f"{address}chosen/{run.id[:8]}/data/plugin/hparams/session_groups"
        with ask(url, body, **{"Content-Type": "application/json"}) as answer:
            found = json.load(answer).get("sessionGroups", []) if answer.status == 200 else []
        return [group for group in found if "result/best_epoch" in values(group)]

    (group,) = until(groups)
    assert group["name"] == f"first try {run.id[:8]}"
    assert values(group)["result/best_epoch"] == run.best.epoch


@pytest.mark.parametrize(
    "path",
    [
        "data/logdir",
        "chosen/01234567/data/logdir",
        "chosen/01234567/../../data/runs",
        "chosen/0123/data/runs",
        "data/plugin/projector/info",
        "data/plugin/debugger-v2/runs",
        "data/plugin/scalars/../../logdir",
        "data/plugin/scalars/%2e%2e/%2e%2e/logdir",
        "index.js/../data/logdir",
        "//localhost/data/runs",
        "http://localhost/data/runs",
    ],
)
def test_what_is_not_tensorboards_own_is_not_passed_on(address: str, path: str) -> None:
    with ask(address + path) as answer:
        assert answer.status == 404
        answer.read()


@pytest.mark.skipif(os.name == "nt", reason="no process can be held there")
def test_one_that_hangs_keeps_no_other_answer_waiting(running: TensorBoardServer) -> None:
    def aside(_request: Request) -> Response:  # no coroutine: answered in a thread, like files
        return Response("here")

    waiting: list[socket.socket] = []
    assert running.pid is not None
    with served([*proxy.routes, Route("/aside", aside)]) as root:
        place = urlsplit(root)
        os.kill(running.pid, signal.SIGSTOP)
        try:
            for _ in range(60):  # more than a server has threads
                waiting.append(socket.create_connection((place.hostname, place.port)))
                waiting[-1].sendall(b"GET /live/tensorboard/data/runs HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(1)  # until they all wait for it
            with urllib.request.urlopen(f"{root}/aside", timeout=PATIENCE) as answer:
                assert answer.read() == b"here"
        finally:
            os.kill(running.pid, signal.SIGCONT)
        # And all of them get their answer when it goes on.
        for one in waiting:
            one.settimeout(PATIENCE)
            assert one.recv(15) == b"HTTP/1.1 200 OK"
            one.close()


def test_only_what_takes_a_body_is_asked_with_one(address: str) -> None:
    for path in ("", "data/runs", "data/plugin/graphs/graph"):
        with ask(address + path, b"{}") as answer:
            assert answer.status == 404
            answer.read()
    with ask(f"{address}data/plugin/hparams/experiment", b"x" * 1_000_001) as answer:
        assert answer.status == 413
        answer.read()


def test_cookies_stay_here() -> None:
    assert "cookie" not in proxy._REQUEST_HEADERS
    assert not {"set-cookie", "connection", "transfer-encoding"} & set(proxy._RESPONSE_HEADERS)


def test_a_second_start_is_the_same_process(running: TensorBoardServer, store: Store) -> None:
    before = running.pid
    running.start(store.event_files.logdir)
    assert running.pid == before and running.state.phase == "ready"


def test_it_listens_on_this_machine_only_and_knows_no_tensorflow(
    running: TensorBoardServer,
) -> None:
    process = psutil.Process(running.pid)
    family = [process, *process.children(recursive=True)]
    listening = [
        one.laddr
        for member in family
        for one in member.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN
    ]
    assert running.state.port in [place.port for place in listening]
    assert {place.ip for place in listening} <= {"127.0.0.1", "::1"}
    assert not [one.path for one in process.memory_maps() if "libtensorflow" in one.path]


def test_an_open_one_follows_a_run_that_goes_on_from_a_checkpoint(
    address: str, store: Store
) -> None:
    def points() -> list[tuple[int, float]]:
        run = f"goes on {first.id[:8]}/validation".replace(" ", "%20")
        url = f"{address}data/plugin/scalars/scalars?tag=epoch_loss&run={run}"
        with ask(url) as answer:
            body = answer.read()
        found = json.loads(body) if answer.status == 200 else []
        return [(step, round(value, 5)) for _, step, value in found]

    def expected() -> list[tuple[int, float]]:
        return [(row.epoch, round(row.val_loss, 5)) for row in store.curves(first.id)]

    first = Training(store, epochs=60)
    store.rename(first.id, "goes on")
    killed = EventWriter(store.event_files, first.run)
    killed.begin([])
    rows = [record(epoch) for epoch in range(1, 51)]
    first.write(rows)
    killed.take(rows)
    until(lambda: points() == expected(), every=0.2)
    again = first.resume(30)
    writer = EventWriter(store.event_files, again.run)
    writer.begin(store.curves(first.id))
    later = [record(epoch, lag=9) for epoch in range(31, 41)]
    again.write(later)
    writer.take(later)
    assert len(expected()) == 40
    until(lambda: points() == expected(), every=0.2)
    again.end()
    writer.close()
    killed.close()
    store.delete(first.id)


# Its life


@pytest.fixture
def own(tmp_path: Path) -> Iterator[TensorBoardServer]:
    server = TensorBoardServer("/live/tensorboard")
    yield server
    server.stop()


def started(server: TensorBoardServer, folder: Path) -> psutil.Process:
    server.start(folder)
    until(lambda: server.state.phase != "starting")
    assert server.state.phase == "ready", server.state.error
    return psutil.Process(server.pid)


def test_one_that_was_killed_says_so_and_can_be_started_anew(
    own: TensorBoardServer, tmp_path: Path
) -> None:
    process = started(own, tmp_path)
    family = process.children()
    process.kill()
    until(lambda: own.state.phase == "failed")
    assert "code" in own.state.error.values
    until(lambda: all(map(is_gone, family)))
    assert started(own, tmp_path).pid != process.pid


def test_it_ends_when_it_is_stopped(own: TensorBoardServer, tmp_path: Path) -> None:
    process = started(own, tmp_path)
    family = [process, *process.children()]
    own.stop()
    assert own.state.phase == "stopped" and own.pid is None
    until(lambda: all(map(is_gone, family)))


def test_one_that_nobody_needs_is_ended(
    own: TensorBoardServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard_server, "CHECK_SECONDS", 0.05)
    process = started(own, tmp_path)
    monkeypatch.setattr(tensorboard_server, "IDLE_SECONDS", 0.5)
    until(lambda: own.state.phase == "stopped")
    until(lambda: is_gone(process))


def test_one_that_cannot_start_says_why(
    own: TensorBoardServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorboard").mkdir()
    (tmp_path / "tensorboard" / "__init__.py").write_text("raise ImportError('it is not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    own.start(tmp_path)
    until(lambda: own.state.phase == "failed")
    sentence = own.state.error.sentence()
    assert "it is not here" in sentence and "Traceback" not in sentence
    monkeypatch.delenv("PYTHONPATH")
    started(own, tmp_path)


def test_a_folder_that_cannot_be_made_is_said(own: TensorBoardServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    own.start(tmp_path / "file" / "logdir")
    assert own.state.phase == "failed" and own.state.error.values["cause"]


def test_it_does_not_outlive_a_server_that_is_killed(tmp_path: Path) -> None:
    program = f"""
import time
from pathlib import Path
from mnist_core.tensorboard.server import TensorBoardServer
server = TensorBoardServer("/live/tensorboard")
server.start(Path({str(tmp_path)!r}))
while server.state.phase == "starting":
    time.sleep(0.05)
print(server.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent:
        board_process = psutil.Process(int(parent.stdout.readline()))
        family = [board_process, *board_process.children()]
        assert len(family) == 2
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: all(map(is_gone, family)))
