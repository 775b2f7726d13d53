"""One reader of the run store for everybody who watches.

Thirty open browsers must not ask the database thirty times. The hub asks once, every few
hundredths of a second and only while somebody watches, keeps the curves in one ``LiveFeed`` a
run, and wakes all watchers when there is news. Each then takes what lies after its own cursor.
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
from ui.live.feed import LiveFeed, judge

#: Pause between two looks at the store, in seconds.
POLL_SECONDS = 0.04
#: Pause after the store could not be read.
RETRY_SECONDS = 0.5
#: An active run is read again this often although it wrote nothing: its place in the queue
#: depends on other runs, and a worker that died writes nothing.
REREAD_SECONDS = 0.5
#: How long the curves stay in memory after the last watcher left; a refreshed page is back sooner.
LINGER_SECONDS = 10.0
#: A silent stream says that it is alive this often.
HEARTBEAT_SECONDS = 15.0
#: Epochs read from the store at a time.
_READ_ROWS = 5_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LiveEvent:
    """What a stream says next.

    Attributes:
        cursors: Journal position of each watched run after this event.
        data: A message as JSON; None for a sign of life.
        trouble: Why nothing new can be read or saved; "" when that is over, None for no news of it.
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

    def is_to_be_read(self, now: float) -> bool:
        """Whether to read the run again although the store has the version that is known."""
        run = self.feed.run
        active = run is not None and run.status.is_active
        return self.failing or (active and now - self.read_at >= REREAD_SECONDS)


@dataclass(frozen=True)
class _News:
    """What the store said of one run; ``run`` is None if it is gone.

    Attributes:
        fault: Why this run's rows cannot be read, while the store can.
    """

    run: Run | None
    rows: tuple[JournalRow, ...] = ()
    queue_position: int | None = None
    fault: Exception | None = None


class LiveHub:
    """Reads watched runs from the store and hands their news to all watchers.

    Args:
        store: Gives the run store; called in a worker thread.
        extra: Adds to the state of a run what the store does not know.
        trouble: Says why nothing can be saved at the moment; "" where it can.
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
        """Whether nothing more can come from any of these runs, which were watched just now."""
        entries = [self._watched.get(run_id) for run_id in run_ids]
        return all(entry is not None and entry.feed.is_over for entry in entries)

    def close(self) -> None:
        """End every stream at once. Safe from any thread and from a signal handler."""
        self._closed.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    async def events(
        self, run_ids: Sequence[str], cursors: Sequence[int], *, once: bool = False
    ) -> AsyncIterator[LiveEvent]:
        """What happens to some runs, from given positions on.

        Ends when all of them are over, or when the hub is closed.

        Args:
            run_ids: The runs.
            cursors: For each, the journal position up to which it has been drawn.
            once: Whether to end as soon as all that is known now has been said.
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
            self._reader = self._loop.create_task(self._read_on(), name="live hub")
        self._arrival.set()
        try:
            yield [entry.feed for entry in watched]
        finally:
            for entry in watched:
                entry.watchers -= 1
                entry.left_at = time.monotonic()

    async def _read_on(self) -> None:
        """Look at the store again and again while any run is in memory."""
        failures = 0
        while self._watched and not self.closed:
            self._arrival.clear()
            try:
                await self._look()
                pause, failures = POLL_SECONDS, 0
                self._tell(self._trouble_now())
            except Exception as error:
                # A locked or full disk passes; the watchers keep what they have meanwhile.
                failures += 1
                if failures == 1:
                    _log.exception("The live charts could not read the run store; trying again.")
                pause = RETRY_SECONDS
                self._tell(error.sentence() if isinstance(error, StoreError) else str(error))
            self._release()
            await self._pause(pause)

    def _tell(self, trouble: str) -> None:
        """Let all watchers hear of trouble with the store, and of its end."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._wake()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._arrival.wait(), seconds)
        except TimeoutError:
            return

    async def _look(self) -> None:
        now = time.monotonic()
        entries = [
            entry for entry in self._watched.values() if entry.watchers and now >= entry.retry_at
        ]
        asked = [(entry.feed, entry.is_to_be_read(now)) for entry in entries]
        if not asked:
            return
        heard = await asyncio.to_thread(self._read, asked)
        changed = [await self._update(entry, heard.get(entry.feed.run_id)) for entry in entries]
        if any(changed):
            self._wake()

    async def _update(self, entry: _Watched, news: _News | None) -> bool:
        """Take the news of one run and judge its curves; whether there is something to say.

        A run whose journal cannot be followed is read anew, and holds up no other run.
        """
        try:
            if news is not None:
                self._take(entry, news)
                entry.failing = False
        except Exception:
            if not entry.failing:
                _log.exception(
                    "The live chart of run %s failed; reading it anew.", entry.feed.run_id
                )
            entry.failing = True
            entry.retry_at = time.monotonic() + RETRY_SECONDS
            entry.feed.begin_again()
            return False
        return await self._judge(entry.feed) or news is not None

    def _take(self, entry: _Watched, news: _News) -> None:
        if news.fault is not None:
            raise news.fault
        if news.run is None:
            entry.feed.lose()
            return
        entry.feed.take(news.run, news.rows, news.queue_position)
        entry.read_at = time.monotonic()

    async def _judge(self, feed: LiveFeed) -> bool:
        started = time.monotonic()
        if not feed.judging_due(started):
            return False
        epochs = feed.epochs
        try:
            verdicts = await asyncio.to_thread(judge, feed.curves(), feed.classes)
        except Exception:  # the curves are shown all the same
            _log.exception("No criterion could judge the curves of run %s.", feed.run_id)
            verdicts = {}
        feed.rule(verdicts, epochs, time.monotonic() - started)
        return True

    def _read(self, asked: Sequence[tuple[LiveFeed, bool]]) -> dict[str, _News]:
        """Ask the store what is new. Runs in a worker thread."""
        store = self._store()
        versions = store.versions([feed.run_id for feed, _ in asked])
        news: dict[str, _News] = {}
        for feed, again in asked:
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
        """Forget runs that nobody has watched for a while."""
        until = time.monotonic() - LINGER_SECONDS
        gone = [
            run_id
            for run_id, entry in self._watched.items()
            if not entry.watchers and entry.left_at < until
        ]
        for run_id in gone:
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
    except Exception as fault:  # of this run's rows alone
        return _News(None, fault=fault)


def _journal(store: Store, run_id: str, position: int) -> Iterator[JournalRow]:
    while page := store.journal(run_id, after_seq=position, limit=_READ_ROWS):
        yield from page
        if len(page) < _READ_ROWS:
            break
        position = page[-1].seq
