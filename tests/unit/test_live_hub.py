"""The hub reads the store once for all watchers and tells each what lies after its cursor."""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.errors import StoreError
from mnist_core.evaluation.overfitting import CRITERIA, Curves
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import JournalRow, RunStatus, Store
from tests.live_training import BEST_EPOCH, Training, record
from tests.waiting import PATIENCE
from ui.live import hub as live_hub
from ui.live.feed import CHUNK_ROWS, LiveFeed, detect_overfitting
from ui.live.hub import LiveHub

#: What is to come at once comes within this, in seconds, also where other things keep the machine
#: busy. Whatever waited for the next sign of life would take longer.
SOON = 5.0
assert SOON < live_hub.HEARTBEAT_SECONDS


class CountingStore(Store):
    """A store that counts how often the journal and the versions are read."""

    journal_reads = 0
    looks = 0

    def journal(self, run_id: str, *, after_seq: int = 0, limit: int = 5000) -> list[JournalRow]:
        self.journal_reads += 1
        return super().journal(run_id, after_seq=after_seq, limit=limit)

    def versions(self, run_ids):
        self.looks += 1
        return super().versions(run_ids)


@pytest.fixture
def store(lab_home: Path) -> CountingStore:
    return CountingStore(lab_home)


class Watcher:
    """One stream, read message by message."""

    def __init__(self, hub: LiveHub, *run_ids: str, after: int = 0) -> None:
        self._events = hub.events(run_ids, [after] * len(run_ids))
        self.cursors: tuple[int, ...] = ()
        self.epochs: list[int] = []
        self.ended = False

    async def next(self) -> dict:
        """The next message, applied to ``epochs`` as the chart does."""
        while True:
            event = await asyncio.wait_for(anext(self._events), PATIENCE)
            self.cursors = event.cursors
            if event.data is None:
                continue
            message = json.loads(event.data)
            if "reset_to" in message:
                del self.epochs[message["reset_to"] :]
            self.epochs += [row[0] for row in message["rows"]]
            return message

    async def until(self, wanted) -> dict:
        """The first message of which something holds."""
        while True:
            message = await self.next()
            if wanted(message):
                return message

    async def rest(self) -> list[dict]:
        """Every message to the end of the stream."""
        messages = []
        try:
            while True:
                messages.append(await self.next())
        except StopAsyncIteration:
            self.ended = True
            return messages

    async def leave(self) -> None:
        await self._events.aclose()


def has_epochs(count: int):
    return lambda message: bool(message["rows"]) and message["rows"][-1][0] >= count


def test_a_finished_run_comes_whole_with_every_criterion_s_answer(store: CountingStore) -> None:
    training = Training(store, epochs=150)
    training.train(150)
    training.end()

    async def watch() -> list[dict]:
        return await Watcher(LiveHub(lambda: store), training.id).rest()

    (message,) = asyncio.run(watch())
    assert [row[0] for row in message["rows"]] == list(range(1, 151))
    first = record(1)
    assert message["rows"][0][1:6] == pytest.approx(
        [first.loss, first.metric, first.val_loss, first.val_metric, first.learning_rate]
    )
    assert message["status"] == "finished"
    assert message["epochs"] == 150
    assert message["best"]["epoch"] == BEST_EPOCH
    assert set(message["overfitting"]) == set(CRITERIA)
    assert message["overfitting"]["confirmed"][0] == BEST_EPOCH
    assert "reset_to" not in message


def test_news_comes_soon_and_without_repetition(store: CountingStore) -> None:
    training = Training(store)
    training.train(3)

    async def watch() -> tuple[list[int], float]:
        watcher = Watcher(LiveHub(lambda: store), training.id)
        await watcher.until(has_epochs(3))
        begun = time.monotonic()
        await asyncio.to_thread(training.train, 2)
        await watcher.until(has_epochs(5))
        return watcher.epochs, time.monotonic() - begun

    epochs, seconds = asyncio.run(watch())
    assert epochs == [1, 2, 3, 4, 5]
    assert seconds < SOON


def test_a_stream_goes_on_from_its_cursor(store: CountingStore) -> None:
    training = Training(store)
    training.train(10)

    async def watch() -> list[int]:
        hub = LiveHub(lambda: store)
        first = Watcher(hub, training.id)
        await first.until(has_epochs(10))
        await first.leave()
        training.train(5)
        second = Watcher(hub, training.id, after=first.cursors[0])
        await second.until(has_epochs(15))
        return second.epochs

    assert asyncio.run(watch()) == [11, 12, 13, 14, 15]


def test_a_cursor_of_another_database_draws_everything_again(store: CountingStore) -> None:
    training = Training(store)
    training.train(4)

    async def watch() -> dict:
        return await Watcher(LiveHub(lambda: store), training.id, after=999).next()

    message = asyncio.run(watch())
    assert message["reset_to"] == 0
    assert [row[0] for row in message["rows"]] == [1, 2, 3, 4]


def test_thirty_watchers_cost_the_store_no_more_than_one(store: CountingStore) -> None:
    training = Training(store)
    training.train(20)

    async def watch() -> list[list[int]]:
        hub = LiveHub(lambda: store)
        watchers = [Watcher(hub, training.id) for _ in range(30)]
        await asyncio.gather(*(watcher.until(has_epochs(20)) for watcher in watchers))
        store.journal_reads = 0
        await asyncio.to_thread(training.train, 1)
        await asyncio.gather(*(watcher.until(has_epochs(21)) for watcher in watchers))
        return [watcher.epochs for watcher in watchers]

    assert asyncio.run(watch()) == [list(range(1, 22))] * 30
    # One for the new epoch, and a few more if a slow machine looked again meanwhile.
    assert store.journal_reads <= 10


def test_a_slow_watcher_gets_everything_in_one_message(store: CountingStore) -> None:
    training = Training(store)
    training.train(1)

    async def watch() -> dict:
        hub = LiveHub(lambda: store)
        slow, fast = Watcher(hub, training.id), Watcher(hub, training.id)
        await slow.next()
        await fast.next()
        for epoch in range(2, 12):
            await asyncio.to_thread(training.train, 1)
            await fast.until(has_epochs(epoch))
        return await slow.next()

    assert [row[0] for row in asyncio.run(watch())["rows"]] == list(range(2, 12))


def test_a_resumed_run_says_what_to_forget(store: CountingStore) -> None:
    training = Training(store)
    training.train(30)

    async def watch() -> tuple[Watcher, dict, Watcher]:
        hub = LiveHub(lambda: store)
        watcher = Watcher(hub, training.id)
        await watcher.until(has_epochs(30))
        again = await asyncio.to_thread(training.resume, 20)
        await asyncio.to_thread(again.train, 2, lag=5)
        message = await watcher.until(has_epochs(22))
        late = Watcher(hub, training.id)
        await late.until(has_epochs(22))
        return watcher, message, late

    watcher, message, late = asyncio.run(watch())
    assert watcher.epochs == late.epochs == list(range(1, 23))
    assert message["attempt"] == 2
    assert message["rows"][-1][3] == pytest.approx(record(22, lag=5).val_loss)


def test_one_who_was_away_during_the_reset_hears_of_it(store: CountingStore) -> None:
    training = Training(store)
    training.train(30)

    async def watch() -> Watcher:
        hub = LiveHub(lambda: store)
        away = Watcher(hub, training.id)
        await away.until(has_epochs(30))
        await away.leave()
        again = training.resume(20)
        again.train(15, lag=5)
        back = Watcher(hub, training.id, after=away.cursors[0])
        back.epochs = away.epochs
        await back.until(has_epochs(35))
        return back

    assert asyncio.run(watch()).epochs == list(range(1, 36))


def test_criteria_look_again_after_a_reset(store: CountingStore) -> None:
    training = Training(store)
    training.train(100)

    async def watch() -> list[dict]:
        watcher = Watcher(LiveHub(lambda: store), training.id)
        before = await watcher.until(has_epochs(100))
        await asyncio.to_thread(training.resume, 40)
        return [before, await watcher.until(lambda message: "reset_to" in message)]

    before, after = asyncio.run(watch())
    assert before["overfitting"]["confirmed"][0] == BEST_EPOCH
    assert after["overfitting"]["confirmed"] == [None, None]


def test_the_stream_waits_for_the_test_figures_and_then_ends(store: CountingStore) -> None:
    training = Training(store)
    training.train(2)

    async def watch() -> tuple[dict, list[dict]]:
        watcher = Watcher(LiveHub(lambda: store), training.id)
        await watcher.next()
        await asyncio.to_thread(training.writer.set_status, RunStatus.STOPPED)
        stopped = await watcher.until(lambda message: message["status"] == "stopped")
        await asyncio.to_thread(training.writer.measured, test_loss=0.5, test_metric=0.9)
        await asyncio.to_thread(training.writer.release)
        return stopped, await watcher.rest()

    stopped, rest = asyncio.run(watch())
    assert not stopped["settled"]
    assert rest[-1]["settled"]
    assert rest[-1]["version"] == training.run.version


def test_several_runs_share_a_stream(store: CountingStore) -> None:
    one, other = Training(store), Training(store)
    one.train(3)
    one.end()
    other.train(5)

    async def watch() -> tuple[dict[str, int], tuple[int, ...]]:
        watcher = Watcher(LiveHub(lambda: store), one.id, other.id)
        messages = [await watcher.next(), await watcher.next()]
        cursors = watcher.cursors
        await asyncio.to_thread(other.end)
        await watcher.rest()
        assert watcher.ended
        return {message["run"]: len(message["rows"]) for message in messages}, cursors

    rows, cursors = asyncio.run(watch())
    assert rows == {one.id: 3, other.id: 5}
    assert cursors == (3, 5)


def test_a_run_deleted_while_watched_ends_its_stream(store: CountingStore) -> None:
    run = Training(store)
    run.train(1)

    async def watch() -> list[dict]:
        watcher = Watcher(LiveHub(lambda: store), run.id)
        await watcher.next()
        await asyncio.to_thread(run.writer.set_status, RunStatus.INTERRUPTED)
        await asyncio.to_thread(store.delete, run.id)
        return await watcher.rest()

    assert asyncio.run(watch())[-1]["status"] == "deleted"


def test_a_queued_run_says_its_place_and_what_else_is_known(store: CountingStore) -> None:
    first, second = (store.create(TrainingConfig()) for _ in range(2))

    async def watch() -> dict:
        watcher = Watcher(LiveHub(lambda: store, lambda run: {"engine": "starting"}), second.id)
        before = await watcher.next()
        await asyncio.to_thread(Training, store, run=first)
        await watcher.until(lambda message: message["queue_position"] == 1)
        return before

    before = asyncio.run(watch())
    assert before["queue_position"] == 2
    assert before["engine"] == "starting"


def test_what_is_no_number_is_null(store: CountingStore) -> None:
    training = Training(store)
    training.write([replace(record(1), loss=math.nan, val_loss=math.inf)])

    async def watch() -> dict:
        return await Watcher(LiveHub(lambda: store), training.id).next()

    row = asyncio.run(watch())["rows"][0]
    assert row[1] is None
    assert row[3] is None


def test_closing_ends_all_streams_at_once_from_any_thread(store: CountingStore) -> None:
    training = Training(store)

    async def watch() -> float:
        hub = LiveHub(lambda: store)
        watchers = [Watcher(hub, training.id) for _ in range(10)]
        await asyncio.gather(*(watcher.next() for watcher in watchers))
        begun = time.monotonic()
        threading.Thread(target=hub.close).start()
        await asyncio.gather(*(watcher.rest() for watcher in watchers))
        return time.monotonic() - begun

    assert asyncio.run(watch()) < SOON


def test_a_store_that_cannot_be_read_is_tried_again(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_hub, "RETRY_SECONDS", 0.01)
    training = Training(store)
    training.train(2)
    failures = iter(range(3))

    def sometimes() -> Store:
        if next(failures, None) is not None:
            raise StoreError("The store is locked.", "Wait.")
        return store

    async def watch() -> tuple[list[str], int]:
        told, rows = [], 0
        async for event in LiveHub(sometimes).events([training.id], [0]):
            told += [event.trouble] if event.trouble is not None else []
            rows += len(json.loads(event.data)["rows"]) if event.data else 0
            if rows and told and not told[-1]:
                return told, rows
        raise AssertionError("the stream ended")

    told, rows = asyncio.run(watch())
    assert (told, rows) == (["The store is locked. Wait.", ""], 2)
    assert caplog.text.count("trying again") == 1


def test_a_run_that_cannot_be_followed_is_read_anew_and_holds_up_no_other(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_hub, "RETRY_SECONDS", 0.2)
    broken, whole = Training(store), Training(store)
    broken.train(1)
    whole.train(1)
    gap = [True]
    read = store.journal

    def journal(run_id: str, **options: int) -> list[JournalRow]:
        rows = read(run_id, **options)
        missing = gap[0] and run_id == broken.id
        return [row for row in rows if not (missing and row.record and row.record.epoch == 2)]

    monkeypatch.setattr(store, "journal", journal)

    async def watch() -> None:
        hub = LiveHub(lambda: store)
        one, other = Watcher(hub, broken.id), Watcher(hub, whole.id)
        await one.until(has_epochs(1))
        broken.train(2)
        whole.train(2)
        await other.until(has_epochs(3))
        gap[0] = False
        await one.until(has_epochs(3))
        assert one.epochs == [1, 2, 3]
        await one.leave()
        await other.leave()

    asyncio.run(watch())
    assert caplog.text.count(f"live chart of run {broken.id} failed") == 1


def test_curves_that_no_criterion_can_judge_are_shown(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    training = Training(store)
    training.train(2)
    monkeypatch.setattr(live_hub, "detect_overfitting", lambda *_curves: 1 / 0)
    message = asyncio.run(Watcher(LiveHub(lambda: store), training.id).until(has_epochs(2)))
    assert message["overfitting"] == {}
    assert caplog.text.count("ZeroDivisionError") == 1


def test_nobody_watching_costs_nothing(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(store)

    async def watch() -> tuple[frozenset[str], int, frozenset[str]]:
        hub = LiveHub(lambda: store)
        watcher = Watcher(hub, training.id)
        await watcher.next()
        await watcher.leave()
        await asyncio.sleep(0.1)  # for a look that is under way
        lingering, looks = hub.watched, store.looks
        await asyncio.sleep(0.3)
        more = store.looks - looks
        monkeypatch.setattr(live_hub, "LINGER_SECONDS", 0.0)
        end = time.monotonic() + PATIENCE
        while hub.watched and time.monotonic() < end:
            await asyncio.sleep(0.01)
        return lingering, more, hub.watched

    lingering, looks, left = asyncio.run(watch())
    assert lingering == {training.id}
    assert looks == 0
    assert left == frozenset()


def test_a_silent_stream_gives_signs_of_life(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(live_hub, "REREAD_SECONDS", 60.0)
    training = Training(store)

    async def watch() -> list[bool]:
        events = LiveHub(lambda: store).events([training.id], [0])
        while (await anext(events)).data is None:
            pass  # a busy machine is silent before the first news, too
        return [(await anext(events)).data is None for _ in range(2)]

    assert asyncio.run(watch()) == [True, True]


def test_twenty_thousand_epochs_come_in_pieces_and_soon(store: CountingStore) -> None:
    training = Training(store, epochs=20_000)
    training.train(20_000)
    training.end()

    async def watch() -> tuple[list[dict], float]:
        begun = time.monotonic()
        messages = await Watcher(LiveHub(lambda: store), training.id).rest()
        return messages, time.monotonic() - begun

    messages, seconds = asyncio.run(watch())
    assert [len(message["rows"]) for message in messages] == [CHUNK_ROWS] * 10
    assert [message["more"] for message in messages] == [True] * 9 + [False]
    assert messages[-1]["rows"][-1][0] == 20_000
    assert seconds < 6 * SOON  # a second or two, usually


def test_long_curves_are_judged_less_often_than_they_grow(store: CountingStore) -> None:
    training = Training(store, epochs=20_000)
    training.train(10)
    feed = LiveFeed(training.id)
    feed.take(training.run, store.journal(training.id), None)
    found = detect_overfitting(feed.curves(), feed.classes)
    feed.set_overfitting(found, feed.epochs, seconds=0.02)
    training.train(1)
    feed.take(training.run, store.journal(training.id, after_seq=feed.position), None)
    now = time.monotonic()
    assert not feed.detection_due(now)
    assert feed.detection_due(now + 0.2)
    training.end()
    feed.take(training.run, [], None)
    assert feed.detection_due(now), "the criteria run at the end of a run"


def test_a_network_that_guesses_is_not_said_to_overfit() -> None:
    epochs = np.arange(60)
    turning, accuracy = 1 + np.abs(epochs - 20) / 100, np.full(60, 0.12)
    curves = Curves(turning, accuracy, turning, accuracy, np.full(60, 1e-4))
    assert detect_overfitting(curves, classes=0)["confirmed"] != [None, None]
    found = detect_overfitting(curves, classes=10).values()
    assert set(map(tuple, found)) == {(None, None)}
