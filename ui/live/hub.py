"""Live hub: one reader of the run store for all watching browsers (publish-subscribe).

While any run is watched, the hub polls the database every few hundredths of a second, keeps the
curves in one ``LiveFeed`` per run, and wakes all watchers when there is news. Each watcher then
reads what follows its own cursor. So the load on the database is the same for any number of them.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mnist_core.errors import StoreError, UnknownRunError
from mnist_core.runs import JournalRow, Run, RunStatus, Store
from ui.live.feed import LiveFeed, detect_overfitting

#: Polling interval in seconds.
POLL_SECONDS = 0.04
#: Pause after a failed read, in seconds.
RETRY_SECONDS = 0.5
#: Interval in seconds at which an active run is read even if it has no new version: its place in
#: the queue depends on other runs, and a dead worker writes nothing.
REREAD_SECONDS = 0.5
#: Time in seconds that the curves stay in memory after the last watcher left, for a page reload.
LINGER_SECONDS = 10.0
#: Interval in seconds of heartbeats on an idle stream.
HEARTBEAT_SECONDS = 15.0
#: Maximal number of epochs per read.
_READ_ROWS = 5_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveEvent:
    """An event of a stream.

    Attributes:
        cursors: Journal position of each watched run after this event.
        data: A message as JSON; None for a heartbeat.
        trouble: Why the store cannot be read or written; "" when it works again, None if unchanged.
    """

    cursors: tuple[int, ...]
    data: str | None
    trouble: str | None = None


@dataclass
class _Watched:
    feed: LiveFeed
    watchers: int = 0
    left_at: float = 0.0
    read_at: float = 0.0
    failing: bool = False
    retry_at: float = 0.0

    def reread_due(self, now: float) -> bool:
        """Whether to read the run even if its version is unchanged."""
        run = self.feed.run
        active = run is not None and run.status.is_active
        return self.failing or (active and now - self.read_at >= REREAD_SECONDS)


@dataclass(frozen=True)
class _News:
    """News of one run from the store; ``run`` is None if it was deleted.

    Attributes:
        fault: Why the rows of this run cannot be read; None if they can.
    """

    run: Run | None
    rows: tuple[JournalRow, ...] = ()
    queue_position: int | None = None
    fault: Exception | None = None


class LiveHub:
    """Reads watched runs from the store and publishes their news to all watchers.

    Args:
        store: Returns the run store; called in a worker thread.
        extra: Returns fields of a run's state that are not in the store.
        trouble: Returns why the store cannot be written at the moment; "" if it can.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        extra: Callable[[Run], dict[str, Any]] = lambda _run: {},
        trouble: Callable[[], str] = str,
    ) -> None:
        self._store = store
        self._extra = extra
        self._trouble_now = trouble
        self._trouble = ""
        self._watched: dict[str, _Watched] = {}
        self._news = asyncio.Event()
        self._arrival = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed.is_set()

    @property
    def watched(self) -> frozenset[str]:
        """The runs in memory."""
        return frozenset(self._watched)

    def over(self, run_ids: Sequence[str]) -> bool:
        """Whether no more news can follow from these runs, which are still in memory."""
        entries = [self._watched.get(run_id) for run_id in run_ids]
        return all(entry is not None and entry.feed.is_over for entry in entries)

    def close(self) -> None:
        """End all streams immediately. Safe in any thread and in a signal handler."""
        self._closed.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def events(
        self, run_ids: Sequence[str], cursors: Sequence[int], *, once: bool = False
    ) -> AsyncIterator[LiveEvent]:
        """Yield the events of some runs after given cursors.

        Ends when all runs have ended, or when the hub is closed.

        Args:
            run_ids: The runs.
            cursors: Journal position of each run up to which it has been drawn.
            once: Whether to end as soon as all present news has been sent.
        """
        positions = list(cursors)
        editions = [0] * len(run_ids)
        trouble = ""
        with self._watch(run_ids) as feeds:
            while not self.closed:
                news = self._news
                if trouble != self._trouble:
                    trouble = self._trouble
                    yield LiveEvent(tuple(positions), None, trouble)
                for index, feed in enumerate(feeds):
                    if feed.edition == editions[index]:
                        continue
                    edition = feed.edition
                    positions[index], data = feed.message(positions[index], self._extra)
                    if not feed.has_rows_after(positions[index]):
                        editions[index] = edition
                    yield LiveEvent(tuple(positions), data)
                if any(feed.edition != seen for feed, seen in zip(feeds, editions, strict=True)):
                    continue
                if self.over(run_ids) or (once and all(editions)):
                    return
                try:
                    await asyncio.wait_for(news.wait(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield LiveEvent(tuple(positions), None)

    @contextmanager
    def _watch(self, run_ids: Sequence[str]) -> Iterator[list[LiveFeed]]:
        self._loop = asyncio.get_running_loop()
        watched = [
            self._watched.setdefault(run_id, _Watched(LiveFeed(run_id))) for run_id in run_ids
        ]
        for entry in watched:
            entry.watchers += 1
        if self._reader is None or self._reader.done():
            self._reader = self._loop.create_task(self._poll(), name="live hub")
        self._arrival.set()
        try:
            yield [entry.feed for entry in watched]
        finally:
            for entry in watched:
                entry.watchers -= 1
                entry.left_at = time.monotonic()

    async def _poll(self) -> None:
        """Poll the store while any run is in memory."""
        failures = 0
        while self._watched and not self.closed:
            self._arrival.clear()
            try:
                await self._read_news()
                pause, failures = POLL_SECONDS, 0
                self._set_trouble(self._trouble_now())
            except Exception as error:
                # A locked database or a full disk may be temporary; the charts remain as they are.
                failures += 1
                if failures == 1:
                    _log.exception("The live charts could not read the run store; trying again.")
                pause = RETRY_SECONDS
                self._set_trouble(error.sentence() if isinstance(error, StoreError) else str(error))
            self._release()
            await self._pause(pause)

    def _set_trouble(self, trouble: str) -> None:
        """Publish a problem of the store, or "" at its end."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._wake()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._arrival.wait(), seconds)
        except TimeoutError:
            return

    async def _read_news(self) -> None:
        now = time.monotonic()
        entries = [
            entry for entry in self._watched.values() if entry.watchers and now >= entry.retry_at
        ]
        requests = [(entry.feed, entry.reread_due(now)) for entry in entries]
        if not requests:
            return
        news = await asyncio.to_thread(self._read, requests)
        changed = [await self._update(entry, news.get(entry.feed.run_id)) for entry in entries]
        if any(changed):
            self._wake()

    async def _update(self, entry: _Watched, news: _News | None) -> bool:
        """Update one feed and its overfitting; return whether it changed.

        A run whose journal is inconsistent is read again, without delaying other runs.
        """
        try:
            if news is not None:
                self._take(entry, news)
                entry.failing = False
        except Exception:
            if not entry.failing:
                _log.exception(
                    "The live chart of run %s failed; reading the run again.", entry.feed.run_id
                )
            entry.failing = True
            entry.retry_at = time.monotonic() + RETRY_SECONDS
            entry.feed.clear()
            return False
        return await self._detect(entry.feed) or news is not None

    def _take(self, entry: _Watched, news: _News) -> None:
        if news.fault is not None:
            raise news.fault
        if news.run is None:
            entry.feed.mark_deleted()
            return
        entry.feed.take(news.run, news.rows, news.queue_position)
        entry.read_at = time.monotonic()

    async def _detect(self, feed: LiveFeed) -> bool:
        started = time.monotonic()
        if not feed.detection_due(started):
            return False
        epochs = feed.epochs
        try:
            found = await asyncio.to_thread(detect_overfitting, feed.curves(), feed.classes)
        except Exception:  # the chart still shows the curves
            _log.exception("The overfitting criteria failed on run %s.", feed.run_id)
            found = {}
        feed.set_overfitting(found, epochs, time.monotonic() - started)
        return True

    def _read(self, requests: Sequence[tuple[LiveFeed, bool]]) -> dict[str, _News]:
        """Read the news of runs from the store (in a worker thread)."""
        store = self._store()
        versions = store.versions([feed.run_id for feed, _ in requests])
        news: dict[str, _News] = {}
        for feed, again in requests:
            version = versions.get(feed.run_id)
            known = feed.run
            if version is None:
                news[feed.run_id] = _News(None)
            elif known is None or known.version != version or again:
                news[feed.run_id] = _read_run(store, feed.run_id, feed.position)
        return news

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
        if self.closed:
            self._arrival.set()

    def _release(self) -> None:
        """Discard runs without watchers after `LINGER_SECONDS`."""
        until = time.monotonic() - LINGER_SECONDS
        unwatched = [
            run_id
            for run_id, entry in self._watched.items()
            if not entry.watchers and entry.left_at < until
        ]
        for run_id in unwatched:
            del self._watched[run_id]


def _read_run(store: Store, run_id: str, position: int) -> _News:
    try:
        run = store.get(run_id)
        rows = list(_journal(store, run_id, position))
        queued = run.status is RunStatus.QUEUED
        return _News(run, tuple(rows), store.queue_position(run_id) if queued else None)
    except UnknownRunError:
        return _News(None)
    except StoreError:
        raise
    except Exception as fault:  # in the rows of this run only
        return _News(None, fault=fault)


def _journal(store: Store, run_id: str, position: int) -> Iterator[JournalRow]:
    while page := store.journal(run_id, after_seq=position, limit=_READ_ROWS):
        yield from page
        if len(page) < _READ_ROWS:
            break
        position = page[-1].seq
