"""The live routes over real HTTP: what they refuse, where they go on, what may be kept."""

from __future__ import annotations

import gzip
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from streamlit import config

from mnist_core.runs import Store
from tests.live_training import Training
from tests.served import served
from tests.waiting import PATIENCE
from ui.live import hub
from ui.live import routes as live_routes


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(live_routes.routes) as found:
        yield found


@pytest.fixture
def finished(lab_home) -> str:
    training = Training(Store.open(), epochs=5)
    training.train(5)
    training.end()
    return training.id


def fetch(url: str, **headers: str) -> tuple[int, Message, bytes]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, headers=names)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, refusal.read()


def parts(stream: bytes) -> list[dict[str, str]]:
    """The events of a stream, as their named fields."""
    blocks = stream.decode().strip().split("\n\n")
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def test_a_stream_is_server_sent_events(address: str, finished: str) -> None:
    status, headers, body = fetch(f"{address}/live/events?runs={finished}", Accept_Encoding="gzip")
    retry, rows, end = parts(body)
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert int(retry["retry"]) <= 2000
    assert rows["id"] == "5"
    assert len(json.loads(rows["data"])["rows"]) == 5
    assert end["event"] == "end"


@pytest.mark.parametrize(
    ("query", "headers"),
    [("&after=3", {}), ("", {"Last_Event_ID": "3"}), ("&after=1", {"Last_Event_ID": "3"})],
)
def test_a_stream_goes_on_where_the_browser_was(
    address: str, finished: str, query: str, headers: dict[str, str]
) -> None:
    _, _, body = fetch(f"{address}/live/events?runs={finished}{query}", **headers)
    assert [row[0] for row in json.loads(parts(body)[1]["data"])["rows"]] == [4, 5]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 400, "32 hexadecimal digits"),
        ("?runs=", 400, "32 hexadecimal digits"),
        ("?runs=../../etc/passwd", 400, "32 hexadecimal digits"),
        (f"?runs={'A' * 32}", 400, "32 hexadecimal digits"),
        (f"?runs={'a' * 32},{'a' * 32}", 400, "1 to 8 different runs"),
        (f"?runs={','.join(f'{run:032x}' for run in range(9))}", 400, "1 to 8 different runs"),
        (f"?runs={'a' * 32}&after=1,2", 400, "one whole number per run"),
        (f"?runs={'a' * 32}&after=-1", 400, "one whole number per run"),
        (f"?runs={'a' * 32}&after=x", 400, "one whole number per run"),
        (f"?runs={'a' * 32}", 404, "The run aaaa"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_a_sentence(
    address: str, query: str, status: int, said: str
) -> None:
    code, headers, body = fetch(f"{address}/live/events{query}")
    assert code == status
    assert headers["content-type"].startswith("text/plain")
    assert said in body.decode()
    assert body.decode().endswith(".")


def test_a_store_that_cannot_be_opened_is_said(
    address: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "runs.db").write_bytes(b"no database, " * 100)
    monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path / "broken"))
    code, _, body = fetch(f"{address}/live/events?runs={'a' * 32}")
    assert code == 503
    assert "runs.db" in body.decode()


def test_plotly_is_served_packed_and_plain_and_may_be_kept(address: str) -> None:
    _, packed_headers, packed = fetch(f"{address}/live/plotly.js?v=1", Accept_Encoding="gzip")
    _, plain_headers, plain = fetch(f"{address}/live/plotly.js?v=1")
    assert packed_headers["content-encoding"] == "gzip"
    assert plain_headers["content-encoding"] is None
    assert gzip.decompress(packed) == plain
    assert plain.startswith(b"/**\n* plotly.js v")
    assert "immutable" in packed_headers["cache-control"]
    assert packed_headers["vary"] == "Accept-Encoding"


def test_a_stream_s_headers_alone_end_at_once(address: str) -> None:
    training = Training(Store.open())
    request = urllib.request.Request(f"{address}/live/events?runs={training.id}", method="HEAD")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status == 200 and answer.read() == b""
        assert answer.headers["content-type"].startswith("text/event-stream")


def test_health_says_how_the_engine_is(address: str) -> None:
    code, headers, body = fetch(f"{address}/live/health")
    assert code == 200
    assert headers["cache-control"] == "no-store"
    assert json.loads(body) == {
        "status": "ok",
        "engine": {"state": "stopped", "message": ""},
        "store": {"state": "ready", "message": ""},
    }


def test_health_says_that_the_database_is_gone_or_another_one(address: str, lab_home: Path) -> None:
    def store() -> dict[str, str]:
        return json.loads(fetch(f"{address}/live/health")[2])["store"]

    assert store()["state"] == "ready"
    shutil.rmtree(lab_home)
    gone = store()
    assert gone["state"] == "failed" and str(lab_home) in gone["message"]
    assert fetch(f"{address}/live/events?runs={'a' * 32}")[0] == 503
    Store.open()
    again = store()
    assert again["state"] == "ready" and "replaced" in again["message"]


def test_the_routes_lie_below_the_server_s_base_path_too() -> None:
    before = config.get_option("server.baseUrlPath")
    config.set_option("server.baseUrlPath", "lab/one")
    try:
        routes = live_routes._routes()
    finally:
        config.set_option("server.baseUrlPath", before)
    page = Route("/lab/one/{page}", lambda _request: PlainTextResponse("a page"))
    with served([*routes, page]) as address:
        assert fetch(f"{address}/lab/one/live/health")[0] == 200
        assert fetch(f"{address}/live/health")[0] == 200
        assert fetch(f"{address}/lab/one/train")[2] == b"a page"


def test_closing_the_streams_ends_them_without_saying_that_the_runs_have_ended(
    lab_home, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(Store.open())
    monkeypatch.setattr(live_routes, "hub", live_routes.LiveHub(Store.open))
    with served(live_routes.routes) as address:
        with urllib.request.urlopen(f"{address}/live/events?runs={training.id}") as stream:
            while not stream.readline().startswith(b"data: {"):
                pass
            begun = time.monotonic()
            live_routes.close_streams()
            rest = stream.read()
            seconds = time.monotonic() - begun
        code, _, _ = fetch(f"{address}/live/events?runs={training.id}")
    assert seconds < hub.HEARTBEAT_SECONDS / 2  # at once, and not with its next sign of life
    assert b"event: end" not in rest
    assert code == 503


def test_no_route_is_one_of_streamlit_s_own() -> None:
    from streamlit.web.server.starlette.starlette_app import _RESERVED_ROUTE_PREFIXES

    paths = [route.path for route in live_routes.routes]
    assert not any(path.startswith(_RESERVED_ROUTE_PREFIXES) for path in paths)
