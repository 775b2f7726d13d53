"""The run store: the one thing that pages and workers share.

Pages write what they want (a run, a command) and read what happened; workers append what they
measured (:mod:`mnist_core.runs.queue`). Nothing is kept only in memory, so a closed tab, a
restarted server or a killed worker loses no epoch that was written.
"""

from __future__ import annotations

import functools
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from mnist_core.errors import StoreError, UnknownRunError, shown
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs.artifacts import Artifacts
from mnist_core.runs.database import Database
from mnist_core.runs.drawings import Drawings
from mnist_core.runs.event_files import EventFiles
from mnist_core.runs.records import (
    Command,
    EpochRecord,
    JournalRow,
    RateChange,
    Run,
    RunStatus,
    rate_changes,
)
from mnist_core.runs.rows import ALL_RUNS, held_by, read_runs, to_journal_row
from mnist_core.runs.schema import commands, journal, runs

#: Longest name of a run, in characters.
NAME_LENGTH = 80
#: Longest notes on a run and longest tag, in characters; most tags of a run.
NOTES_LENGTH = 4000
TAG_LENGTH = 30
MOST_TAGS = 12
#: Runs that one query asks about; SQLite takes 32,766 values in all.
MOST_AT_ONCE = 5000
#: Runs that have ended are kept in memory, so many of those that were asked for last: 3 kB each.
KEPT_RUNS = 5000
DEFAULT_HOME = Path(__file__).parents[2] / ".mnist_lab"


class Store:
    """Runs, their epochs and the commands to them.

    Args:
        home: Folder (or fsspec address) for artifacts and, by default, the SQLite database.
        url: SQLAlchemy address of the database; None for SQLite in ``home``.

    Raises:
        StoreError: The folder or the database cannot be used.
    """

    def __init__(self, home: str | Path, url: str | None = None) -> None:
        self.home = str(home)
        _check_letters(self.home)
        self.artifacts = Artifacts(self.home)
        #: Files that were sent, until a worker has looked at them.
        self.arriving = Artifacts(self.home, "arriving")
        self.event_files = EventFiles(self.artifacts)
        self.url = url or _sqlite_url(Path(self.home).resolve() / "runs.db")
        if url is None:
            self.artifacts.prepare()
        self.database = Database(self.url)
        self.drawings = Drawings(self.database)
        self._ended: OrderedDict[str, Run] = OrderedDict()
        self._ended_of = self.database.openings  # another file may have other runs of these ids
        self._keeping = threading.Lock()

    @classmethod
    def open(cls) -> Store:
        """The store that the environment names.

        ``MNIST_LAB_HOME`` is its folder (default ``.mnist_lab`` in the checkout),
        ``MNIST_LAB_DATABASE_URL`` its database (default SQLite in that folder).
        """
        home = os.environ.get("MNIST_LAB_HOME") or DEFAULT_HOME
        return cls(home, os.environ.get("MNIST_LAB_DATABASE_URL") or None)

    def check_writable(self) -> None:
        """See that the database and the folder are there and can be written.

        Raises:
            StoreError: One of them cannot.
        """
        self.artifacts.check_writable()
        self.database.prove_writable()

    def create(
        self,
        config: TrainingConfig,
        *,
        name: str | None = None,
        preset: str | None = None,
        owner: str | None = None,
        lease_token: str | None = None,
        files: Mapping[str, bytes] | None = None,
        lesson: dict[str, Any] | None = None,
        tags: Iterable[str] = (),
    ) -> Run:
        """Write a new run into the queue.

        Args:
            config: What to train.
            name: What to call it; None for the preset's or the architecture's key.
            preset: Key of the preset that it is, or None.
            owner: Who starts it, or None.
            lease_token: Given by a process that will train it itself, and at once: the run is
                then never in the queue, where another could take it.
            files: Artifacts that it begins with, by name.
            lesson: What it is to be taught, see :mod:`mnist_core.studies.finetune`.
            tags: Words by which it is found again.

        Returns:
            The run.

        Raises:
            StoreError: The name is too long, or the store cannot be written.
        """
        run_id = secrets.token_hex(16)
        values = {
            "id": run_id,
            "owner": owner,
            "name": clean_name(preset or config.architecture if name is None else name),
            "preset": preset,
            "config": config.to_dict(),
            "status": RunStatus.QUEUED,
            "lesson": lesson,
            "tags": clean_tags(tags),
            "created_at": self.database.now,
        }
        for file, content in (files or {}).items():  # first: a worker may take it up at once
            self.artifacts.write(run_id, file, content)
        if lease_token is not None:
            values |= held_by(lease_token, self.database.now) | {"status": RunStatus.RUNNING}
        try:
            with self.database.writing() as connection:
                connection.execute(sa.insert(runs).values(values))
        except BaseException:
            if files and not self._may_exist(run_id):
                self.artifacts.remove(run_id)
            raise
        return self.get(run_id)

    def _may_exist(self, run_id: str) -> bool:
        try:
            return bool(self.versions([run_id]))
        except StoreError:  # then nobody knows
            return True

    def get(self, run_id: str) -> Run:
        """One run.

        Raises:
            UnknownRunError: There is none of this id.
        """
        with self.database.reading() as connection:
            found = self._read(connection, ALL_RUNS.where(runs.c.id == run_id))
        if not found:
            raise _unknown(run_id)
        return found[0]

    def list_runs(self, *, limit: int = 1000, offset: int = 0) -> list[Run]:
        """Runs that people have started, newest first; the examples are none of them."""
        query = ALL_RUNS.where(runs.c.example.is_(None))
        query = query.order_by(runs.c.created_at.desc(), runs.c.id).limit(limit).offset(offset)
        with self.database.reading() as connection:
            return self._read(connection, query)

    def list_active(self) -> list[Run]:
        """Runs that are trained, paused or queued, the oldest first."""
        active = [status for status in RunStatus if status.is_active]
        query = ALL_RUNS.where(runs.c.status.in_(active)).order_by(runs.c.created_at, runs.c.id)
        with self.database.reading() as connection:
            found = self._read(connection, query)
        return [run for run in found if run.status.is_active]  # its worker may be gone

    def examples(self, *, hidden: bool = False) -> list[Run]:
        """The trained networks that come with the lab, in no particular order.

        Args:
            hidden: Also those that somebody has hidden.
        """
        query = ALL_RUNS.where(runs.c.example.is_not(None))
        if not hidden:
            query = query.where(runs.c.hidden.is_(False))
        with self.database.reading() as connection:
            return self._read(connection, query)

    def hide(self, run_id: str, hidden: bool = True) -> None:
        """Leave an example out of the lists, or show it again.

        Raises:
            UnknownRunError: There is no such run.
            StoreError: It is no example.
        """
        run = self.get(run_id)
        if run.example is None:
            raise StoreError(
                mark("“{name}” cannot be hidden."),
                mark("Only the examples that come with the lab can; this is a run of your own."),
                mark("Delete it, if nobody needs it any more."),
                name=run.name,
            )
        self._update(run_id, hidden=hidden)

    def named(self, name: str, beginning: str | None = None) -> list[Run]:
        """Runs of a name, or of an id that begins so, newest first; also examples.

        Args:
            name: The whole name.
            beginning: First digits of an id; None for no id.
        """
        wanted = runs.c.name == name
        if beginning is not None:
            wanted |= runs.c.id.startswith(beginning, autoescape=True)
        query = ALL_RUNS.where(wanted).order_by(
            runs.c.example.is_not(None), runs.c.created_at.desc(), runs.c.id
        )
        with self.database.reading() as connection:
            return self._read(connection, query)

    def tagged(self, tag: str) -> list[Run]:
        """Runs with a tag, newest first.

        Args:
            tag: Of plain ASCII: other letters stand escaped in the table.
        """
        query = ALL_RUNS.order_by(runs.c.created_at.desc(), runs.c.id)
        # The tags are a JSON list, here searched as text: only the few that may fit are read.
        words = sa.cast(runs.c.tags, sa.Text).contains(tag, autoescape=True)
        with self.database.reading() as connection:
            found = self._read(connection, query.where(words))
        return [run for run in found if tag in run.tags]

    def versions(self, run_ids: list[str]) -> dict[str, int]:
        """The version of each run that exists, in one cheap query."""
        query = sa.select(runs.c.id, runs.c.version).where(runs.c.id.in_(run_ids))
        with self.database.reading() as connection:
            return {row.id: row.version for row in connection.execute(query)}

    def journal(self, run_id: str, *, after_seq: int = 0, limit: int = 5000) -> list[JournalRow]:
        """What was written for a run after a position in its journal, in order."""
        query = (
            sa.select(journal)
            .where(journal.c.run_id == run_id, journal.c.seq > after_seq)
            .order_by(journal.c.seq)
            .limit(limit)
        )
        with self.database.reading() as connection:
            return [to_journal_row(row) for row in connection.execute(query).mappings()]

    def curves(self, run_id: str) -> list[EpochRecord]:
        """All epochs of a run, in order."""
        rows = self.journal(run_id, limit=10**6)
        return [row.record for row in rows if row.record is not None]

    def rate_changes(self, found: Sequence[Run]) -> dict[str, list[RateChange]]:
        """Where somebody changed the learning rate of some runs, by their ids, in few queries."""
        columns = (journal.c.run_id, journal.c.epoch, journal.c.learning_rate)
        before = sa.func.lag(journal.c.learning_rate).over(
            partition_by=journal.c.run_id, order_by=journal.c.epoch
        )
        rates: dict[str, list[tuple[int, float]]] = {run.id: [] for run in found}
        with self.database.reading() as connection:
            for start in range(0, len(found), MOST_AT_ONCE):
                ids = [run.id for run in found[start : start + MOST_AT_ONCE]]
                chosen = sa.and_(journal.c.run_id.in_(ids), journal.c.epoch.is_not(None))
                rows = sa.select(*columns, before.label("before")).where(chosen).subquery()
                changed = sa.or_(rows.c.before.is_(None), rows.c.before != rows.c.learning_rate)
                for row in connection.execute(
                    sa.select(rows)
                    .where(changed, rows.c.learning_rate.is_not(None))
                    .order_by(rows.c.run_id, rows.c.epoch)
                ):
                    rates[row.run_id].append((row.epoch, row.learning_rate))
        return {run.id: rate_changes(run.config.learning_rate, rates[run.id]) for run in found}

    def queue_position(self, run_id: str) -> int | None:
        """A queued run's place in the queue (1 is next), or None where it is not queued."""
        mine = runs.alias()
        earlier = sa.select(sa.func.count()).where(
            mine.c.id == run_id,
            mine.c.status == RunStatus.QUEUED,
            runs.c.status == RunStatus.QUEUED,
            sa.tuple_(runs.c.created_at, runs.c.id) <= sa.tuple_(mine.c.created_at, mine.c.id),
        )
        with self.database.reading() as connection:
            return connection.scalar(earlier) or None

    def rename(self, run_id: str, name: str) -> None:
        """Call a run something else (one line, at most :data:`NAME_LENGTH` characters)."""
        name = clean_name(name)
        _refuse_example(self.get(run_id))
        self._update(run_id, name=name)
        self.event_files.show(run_id, name)

    def describe(
        self,
        run_id: str,
        *,
        notes: str | None = None,
        tags: Iterable[str] | None = None,
        pinned: bool | None = None,
    ) -> None:
        """Say of a run what a person wants to remember; what is None stays as it is.

        Args:
            run_id: The run.
            notes: Any text, at most :data:`NOTES_LENGTH` characters.
            tags: Words to find it by, at most :data:`MOST_TAGS`; twice the same counts once.
            pinned: Whether a clean-up is to leave it alone.

        Raises:
            UnknownRunError: There is no such run.
            StoreError: The notes or a tag are too long, or there are too many tags.
        """
        values: dict[str, object] = {}
        if notes is not None:
            values["notes"] = clean_notes(notes)
        if tags is not None:
            values["tags"] = clean_tags(tags)
        if pinned is not None:
            values["pinned"] = pinned
        _refuse_example(self.get(run_id))
        self._update(run_id, **values)

    def delete(self, run_id: str) -> None:
        """Remove a run with its epochs and models.

        Raises:
            StoreError: It is still active.
        """
        run = self.get(run_id)
        _refuse_example(run)
        if not run.is_over:
            raise StoreError(
                mark("The run “{name}” is to be deleted."),
                mark("It is still at work, and a worker would go on writing to it."),
                mark("Stop it first, then delete it."),
                name=run.name,
            )
        self._remove(run_id)

    def remove_example(self, run_id: str) -> None:
        """Remove an example that this version of the lab does not have any more."""
        self._remove(run_id)

    def _remove(self, run_id: str) -> None:
        with self.database.writing() as connection:
            connection.execute(sa.delete(runs).where(runs.c.id == run_id))
        self.event_files.hide(run_id)
        self.artifacts.remove(run_id)

    def command(self, run_id: str, command: Command, value: float | None = None) -> None:
        """Tell a run something; its worker reads it within a fraction of a second.

        A run that no worker holds (still queued, or paused and put aside) is changed at once.
        A command to a run that has ended is forgotten.

        Args:
            run_id: The run.
            command: What to do.
            value: The new rate, for ``Command.LEARNING_RATE``.
        """
        now = self.database.now
        with self.database.writing() as connection:
            # Its worker may put it aside just now: whoever comes second sees what the first did.
            status = sa.select(runs.c.status).where(runs.c.id == run_id)
            if connection.scalar(status.with_for_update()) is None:
                raise _unknown(run_id)
            unheld = sa.and_(runs.c.id == run_id, runs.c.lease_token.is_(None))
            if command is Command.STOP:
                # One that has trained before is taken up once more, to save what it learned.
                fresh = sa.and_(unheld, runs.c.status == RunStatus.QUEUED, runs.c.epochs_done == 0)
                parked = sa.and_(unheld, runs.c.status == RunStatus.PAUSED)
                change = {"status": RunStatus.STOPPED, "ended_at": now}
                if _change(connection, sa.or_(fresh, parked), change):
                    return
            if command in (Command.RESUME, Command.STEP):
                parked = sa.and_(unheld, runs.c.status == RunStatus.PAUSED)
                _change(connection, parked, {"status": RunStatus.QUEUED})
            values = {"run_id": run_id, "kind": command, "value": value, "created_at": now}
            active = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED)
            if connection.scalar(status) in active:
                connection.execute(sa.insert(commands).values(values))

    def _read(self, connection: sa.Connection, query: sa.Select[Any]) -> list[Run]:
        """The runs that a query finds; one that has ended is read once, until it is changed."""
        rows = connection.execute(
            query.with_only_columns(runs.c.id, runs.c.version, runs.c.lease_token)
        ).all()
        with self._keeping:
            if self._ended_of != self.database.openings:
                self._ended_of = self.database.openings
                self._ended.clear()
            kept = {row.id: self._ended.get(row.id) for row in rows if row.lease_token is None}
        found = {
            row.id: run for row in rows if (run := kept.get(row.id)) and run.version == row.version
        }
        missing = [row.id for row in rows if row.id not in found]
        for start in range(0, len(missing), MOST_AT_ONCE):
            some = ALL_RUNS.where(runs.c.id.in_(missing[start : start + MOST_AT_ONCE]))
            for run in read_runs(connection, some, self.database.is_abandoned):
                found[run.id] = run
        with self._keeping:
            for run_id in kept.keys() & found.keys():
                if found[run_id].settled:
                    self._ended[run_id] = found[run_id]
                    self._ended.move_to_end(run_id)
            while len(self._ended) > KEPT_RUNS:
                self._ended.popitem(last=False)
        return [found[row.id] for row in rows if row.id in found]

    def _update(self, run_id: str, **values: object) -> None:
        with self.database.writing() as connection:
            if not _change(connection, runs.c.id == run_id, values):
                raise _unknown(run_id)


def _change(
    connection: sa.Connection, where: sa.ColumnElement[bool], values: dict[str, object]
) -> bool:
    changed = connection.execute(
        sa.update(runs).where(where).values(version=runs.c.version + 1, **values)
    )
    return changed.rowcount > 0


@functools.cache
def open_known(home: str, url: str) -> Store:
    """The store at a known place, opened once for the process: for workers."""
    return Store(home, url)


def _check_letters(home: str) -> None:
    """Refuse a folder whose name holds bytes that are no letters to this process.

    Neither the database nor a page could keep or show such a name.

    Raises:
        StoreError: It is one.
    """
    try:
        home.encode()
    except UnicodeEncodeError as error:
        raise StoreError(
            mark("The lab's folder is {home}."),
            mark("Its name holds bytes that are not UTF-8, or this program does not expect UTF-8."),
            mark("Set PYTHONUTF8=1 and start again, or set MNIST_LAB_HOME to another folder."),
            home=home,
        ) from error


def _sqlite_url(file: Path) -> str:
    """The address of a file whose name may hold any character."""
    return sa.URL.create("sqlite", database=str(file)).render_as_string()


def clean_name(name: str) -> str:
    """A run's name as it is kept.

    Raises:
        StoreError: It is empty or too long.
    """
    cleaned = " ".join(name.split())
    if not cleaned:
        raise StoreError(
            mark("The name is empty."),
            mark("A run without a name cannot be found in a list."),
            mark("Enter a name, or keep the present one."),
        )
    if len(cleaned) > NAME_LENGTH:
        raise StoreError(
            mark("The name has {length} characters."),
            mark("A run's name has at most {limit}."),
            mark("Shorten the name."),
            length=len(cleaned),
            limit=NAME_LENGTH,
        )
    return cleaned


def clean_notes(notes: str) -> str:
    """Notes without the space around them.

    Raises:
        StoreError: They are too long.
    """
    cleaned = notes.strip()
    if len(cleaned) > NOTES_LENGTH:
        raise StoreError(
            mark("Notes of {length} characters."),
            mark("A run's notes have {limit} at most."),
            mark("Shorten them, and keep the long version elsewhere."),
            length=len(cleaned),
            limit=NOTES_LENGTH,
        )
    return cleaned


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags as they are kept: each on one line and once, sorted; empty ones are dropped.

    Raises:
        StoreError: One is too long, or there are too many.
    """
    cleaned = sorted({" ".join(tag.split()) for tag in tags} - {""})
    longest = max(map(len, cleaned), default=0)
    if len(cleaned) > MOST_TAGS or longest > TAG_LENGTH:
        raise StoreError(
            mark("{count} tags, the longest of {length} characters."),
            mark("A run has {most} tags at most, each of {limit} characters at most."),
            mark("Leave some out, or choose shorter words."),
            count=len(cleaned),
            length=longest,
            most=MOST_TAGS,
            limit=TAG_LENGTH,
        )
    return cleaned


def _refuse_example(run: Run) -> None:
    """Raise StoreError where a run is an example: everybody shares it, and nobody owns it."""
    if run.example is not None:
        raise StoreError(
            mark("“{name}” cannot be changed or deleted."),
            mark("It is an example that comes with the lab."),
            mark("Hide it instead, or export it and import it as a run of your own."),
            name=run.name,
        )


def _unknown(run_id: str) -> UnknownRunError:
    return UnknownRunError(
        mark("Run {run_id}."),
        mark("The store has none of this id: it was deleted, or the address is incomplete."),
        mark("Choose one from the list of runs."),
        run_id=shown(run_id),
    )
