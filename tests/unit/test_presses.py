"""A double click does a thing once, also where its second half comes while it is being done."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.waiting import PATIENCE
from ui.common import idempotency
from ui.common import session as state


class Cut(BaseException):
    """What Streamlit raises when a script touches the session while another press waits."""


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> dict:
    session: dict = {}
    monkeypatch.setattr(state, "presses", lambda: session)
    return session


def test_the_second_press_gets_the_result_of_the_first(done):
    results = iter(["first", "second"])
    assert [idempotency.once("start", lambda: next(results)) for _ in range(2)] == ["first"] * 2


def test_another_request_or_a_later_one_is_another_decision(done):
    results = iter(range(9))
    again = [
        idempotency.once("start", lambda: next(results)),
        idempotency.once("another", lambda: next(results)),
        idempotency.once("start", lambda: next(results), seconds=-1.0),
        idempotency.once("start", lambda: next(results), holds=lambda found: found == 0),
    ]
    assert again == [0, 1, 2, 3]


def test_what_failed_is_tried_again(done):
    with pytest.raises(ZeroDivisionError):
        idempotency.once("start", lambda: 1 / 0)
    assert idempotency.once("start", lambda: "done") == "done"


def test_a_press_beside_a_running_one_waits_for_its_result(done):
    begun, go_on = threading.Event(), threading.Event()
    times = []

    def do() -> str:
        times.append(1)
        begun.set()
        go_on.wait(PATIENCE)
        return "first"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(idempotency.once, "import", do)
        assert begun.wait(PATIENCE)
        second = pool.submit(idempotency.once, "import", do)
        go_on.set()
        assert first.result(PATIENCE) == second.result(PATIENCE) == "first"
    assert len(times) == 1


def test_a_press_that_comes_while_it_is_done_finds_it_done(monkeypatch):
    """From the moment on when it waits, the session may not be touched."""
    session: dict = {}
    waits = False

    def touched() -> dict:
        if waits:
            raise Cut
        return session

    def do() -> str:
        nonlocal waits
        waits = True
        return "first"

    monkeypatch.setattr(state, "presses", touched)
    assert idempotency.once("start", do) == "first"
    waits = False
    assert idempotency.once("start", lambda: "second") == "first"


def test_only_the_last_requests_are_remembered(done):
    for number in range(idempotency.KEPT + 5):
        idempotency.once(number, lambda: None)
    assert list(done) == list(range(5, idempotency.KEPT + 5))
