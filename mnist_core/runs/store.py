"""The run store, shared by pages and workers.

Pages write runs and commands and read results; workers write measurements
(:mod:`mnist_core.runs.queue`). All state is stored, so closing a tab, restarting the server or
killing a worker loses no recorded epoch.
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
#: Longest notes and longest tag of a run, in characters; largest number of tags.
NOTES_LENGTH = 4000
TAG_LENGTH = 30
MOST_TAGS = 12
#: Runs in one query; SQLite accepts 32,766 values.
MOST_AT_ONCE = 5000
#: Size of the cache of ended runs (least recently used out first); a run takes 3 kB.
KEPT_RUNS = 5000
DEFAULT_HOME = Path(__file__).parents[2] / ".mnist_lab"


class Store:
    """Runs, their epochs and the commands to them.

    Args:
        home: Folder (or fsspec address) of the artifacts and, by default, the SQLite database.
        url: SQLAlchemy address of the database; None for SQLite in ``home``.

    Raises:
        StoreError: The folder or the database is unusable.
    """

    def __init__(self, home: str | Path, url: str | None = None) -> None:
        self.home = str(home)
        _check_letters(self.home)
        self.artifacts = Artifacts(self.home)
        #: Uploaded files that no worker has processed yet.
        self.arriving = Artifacts(self.home, "arriving")
        self.event_files = EventFiles(self.artifacts)
        self.url = url or _sqlite_url(Path(self.home).resolve() / "runs.db")
        if url is None:
            self.artifacts.prepare()
        self.database = Database(self.url)
        self.drawings = Drawings(self.database)
        self._ended: OrderedDict[str, Run] = OrderedDict()
        self._ended_of = self.database.openings  # another database may use the same ids
        self._keeping = threading.Lock()

    @classmethod
    def open(cls) -> Store:
        """Open the store that the environment names.

        ``MNIST_LAB_HOME`` is its folder (default ``.mnist_lab`` in the checkout),
        ``MNIST_LAB_DATABASE_URL`` its database (default SQLite in that folder).
        """
        home = os.environ.get("MNIST_LAB_HOME") or DEFAULT_HOME
        return cls(home, os.environ.get("MNIST_LAB_DATABASE_URL") or None)

    def check_writable(self) -> None:
        """Check that the database and the folder exist and are writable.

        Raises:
            StoreError: One of them is not.
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
        """Add a run to the queue.

        Args:
            config: The configuration.
            name: Name of the run; None for the key of the preset or architecture.
            preset: Key of the preset, or None.
            owner: The user who starts the run, or None.
            lease_token: Token of a process that trains the run itself at once: no other worker
                can then claim it from the queue.
            files: Artifacts to start with, by name.
            lesson: Settings of a fine-tuning run, see :mod:`mnist_core.studies.finetune`.
            tags: Tags of the run.

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
        for file, content in (files or {}).items():  # first: a worker may claim the run at once
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
        except StoreError:  # unknown: keep the files
            return True

    def get(self, run_id: str) -> Run:
        """Return a run.

        Raises:
            UnknownRunError: No run has this id.
        """
        with self.database.reading() as connection:
            found = self._read(connection, ALL_RUNS.where(runs.c.id == run_id))
        if not found:
            raise _unknown(run_id)
        return found[0]

    def get_some(self, run_ids: Sequence[str]) -> list[Run]:
        """Return those of some runs that exist, in no particular order."""
        if not run_ids:
            return []
        with self.database.reading() as connection:
            return self._read(connection, ALL_RUNS.where(runs.c.id.in_(run_ids)))

    def list_runs(self, *, limit: int = 1000, offset: int = 0) -> list[Run]:
        """Return runs without the examples, newest first."""
        query = ALL_RUNS.where(runs.c.example.is_(None))
        query = query.order_by(runs.c.created_at.desc(), runs.c.id).limit(limit).offset(offset)
        with self.database.reading() as connection:
            return self._read(connection, query)

    def list_active(self) -> list[Run]:
        """Return running, paused and queued runs, oldest first."""
        active = [status for status in RunStatus if status.is_active]
        query = ALL_RUNS.where(runs.c.status.in_(active)).order_by(runs.c.created_at, runs.c.id)
        with self.database.reading() as connection:
            found = self._read(connection, query)
        return [run for run in found if run.status.is_active]  # its lease may have expired

    def examples(self, *, hidden: bool = False) -> list[Run]:
        """Return the built-in examples, in no particular order.

        Args:
            hidden: Whether to include hidden examples.
        """
        query = ALL_RUNS.where(runs.c.example.is_not(None))
        if not hidden:
            query = query.where(runs.c.hidden.is_(False))
        with self.database.reading() as connection:
            return self._read(connection, query)

    def hide(self, run_id: str, hidden: bool = True) -> None:
        """Hide an example in the lists, or show it again.

        Raises:
            UnknownRunError: The run does not exist.
            StoreError: The run is not an example.
        """
        run = self.get(run_id)
        if run.example is None:
            raise StoreError(
                mark("Could not hide “{name}”: only built-in examples can be hidden."),
                mark("Delete the run if you no longer need it."),
                name=run.name,
            )
        self._update(run_id, hidden=hidden)

    def named(self, name: str, beginning: str | None = None) -> list[Run]:
        """Return runs and examples by name or by the beginning of the id, newest run first.

        Args:
            name: The full name.
            beginning: First digits of an id; None to search by name only.
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
        """Return runs with a tag, newest first.

        Args:
            tag: ASCII text: other characters are stored escaped.
        """
        query = ALL_RUNS.order_by(runs.c.created_at.desc(), runs.c.id)
        # The tags are a JSON list; a text search selects the few candidates.
        words = sa.cast(runs.c.tags, sa.Text).contains(tag, autoescape=True)
        with self.database.reading() as connection:
            found = self._read(connection, query.where(words))
        return [run for run in found if tag in run.tags]

    def versions(self, run_ids: list[str]) -> dict[str, int]:
        """Return the version of each run that exists, in one query."""
        query = sa.select(runs.c.id, runs.c.version).where(runs.c.id.in_(run_ids))
        with self.database.reading() as connection:
            return {row.id: row.version for row in connection.execute(query)}

    def journal(self, run_id: str, *, after_seq: int = 0, limit: int = 5000) -> list[JournalRow]:
        """Return the rows of a run's journal after a position, in order."""
        query = (
            sa.select(journal)
            .where(journal.c.run_id == run_id, journal.c.seq > after_seq)
            .order_by(journal.c.seq)
            .limit(limit)
        )
        with self.database.reading() as connection:
            return [to_journal_row(row) for row in connection.execute(query).mappings()]

    def curves(self, run_id: str) -> list[EpochRecord]:
        """Return all epoch records of a run, in order."""
        rows = self.journal(run_id, limit=10**6)
        return [row.record for row in rows if row.record is not None]

    def rate_changes(self, found: Sequence[Run]) -> dict[str, list[RateChange]]:
        """Return the changes of the learning rate during the training of some runs, by run id."""
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
        """Return a run's place in the queue (1 is next), or None if it is not queued."""
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
        """Rename a run (one line, at most :data:`NAME_LENGTH` characters)."""
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
        """Change the notes, the tags or the pin of a run; None leaves a value unchanged.

        Args:
            run_id: The run.
            notes: Text of at most :data:`NOTES_LENGTH` characters.
            tags: At most :data:`MOST_TAGS` tags; duplicates are removed.
            pinned: Whether clean-ups keep the run.

        Raises:
            UnknownRunError: The run does not exist.
            StoreError: The run is an example, the notes or a tag are too long, or too many tags.
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
        """Delete a run with its epochs and models.

        Raises:
            StoreError: The run is active or an example.
        """
        run = self.get(run_id)
        _refuse_example(run)
        if not run.is_over:
            raise StoreError(
                mark("Could not delete run “{name}”: a worker is still writing to it."),
                mark("Stop the run first."),
                name=run.name,
            )
        self._remove(run_id)

    def remove_example(self, run_id: str) -> None:
        """Delete an example that this version of the app no longer contains."""
        self._remove(run_id)

    def _remove(self, run_id: str) -> None:
        with self.database.writing() as connection:
            connection.execute(sa.delete(runs).where(runs.c.id == run_id))
        self.event_files.hide(run_id)
        self.artifacts.remove(run_id)

    def command(self, run_id: str, command: Command, value: float | None = None) -> None:
        """Send a command to a run; its worker reads it within a fraction of a second.

        A run without a worker (queued, or paused and released) changes at once. A command to a run
        that has ended is ignored.

        Args:
            run_id: The run.
            command: The command.
            value: The new learning rate, for ``Command.LEARNING_RATE``.
        """
        now = self.database.now
        with self.database.writing() as connection:
            # The row lock orders this command and the worker's release of a paused run.
            status = sa.select(runs.c.status).where(runs.c.id == run_id)
            if connection.scalar(status.with_for_update()) is None:
                raise _unknown(run_id)
            unheld = sa.and_(runs.c.id == run_id, runs.c.lease_token.is_(None))
            if command is Command.STOP:
                # A run with epochs gets a worker once more, which saves its models.
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
        """The runs that a query finds; ended runs come from the cache until they change."""
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
    """Return the store at an address, opened once per process, for workers."""
    return Store(home, url)


def _check_letters(home: str) -> None:
    """Raise an error for a folder name that is not valid text.

    Neither the database nor a page could store or show such a name.

    Raises:
        StoreError: The name contains undecodable bytes.
    """
    try:
        home.encode()
    except UnicodeEncodeError as error:
        raise StoreError(
            mark("The name of the app's folder {home} is not valid UTF-8."),
            mark("Set PYTHONUTF8=1 and restart, or set MNIST_LAB_HOME to another folder."),
            home=home,
        ) from error


def _sqlite_url(file: Path) -> str:
    """The database address of a file, whose name may contain any character."""
    return sa.URL.create("sqlite", database=str(file)).render_as_string()


def clean_name(name: str) -> str:
    """Return a run's name with normalised white space.

    Raises:
        StoreError: The name is empty or too long.
    """
    cleaned = " ".join(name.split())
    if not cleaned:
        raise StoreError(
            mark("The name is empty."),
            mark("Enter a name, or keep the present one."),
        )
    if len(cleaned) > NAME_LENGTH:
        raise StoreError(
            mark("The name has {length} characters, but may have at most {limit}."),
            mark("Shorten the name."),
            length=len(cleaned),
            limit=NAME_LENGTH,
        )
    return cleaned


def clean_notes(notes: str) -> str:
    """Return notes without surrounding white space.

    Raises:
        StoreError: The notes are too long.
    """
    cleaned = notes.strip()
    if len(cleaned) > NOTES_LENGTH:
        raise StoreError(
            mark("The notes have {length} characters, but may have at most {limit}."),
            mark("Shorten the notes."),
            length=len(cleaned),
            limit=NOTES_LENGTH,
        )
    return cleaned


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Return tags sorted and with normalised white space, without duplicates and empty tags.

    Raises:
        StoreError: A tag is too long, or there are too many tags.
    """
    cleaned = sorted({" ".join(tag.split()) for tag in tags} - {""})
    longest = max(map(len, cleaned), default=0)
    if len(cleaned) > MOST_TAGS or longest > TAG_LENGTH:
        raise StoreError(
            mark(
                "There are {count} tags, the longest with {length} characters; a run may have at "
                "most {most} tags of at most {limit} characters."
            ),
            mark("Remove or shorten some tags."),
            count=len(cleaned),
            length=longest,
            most=MOST_TAGS,
            limit=TAG_LENGTH,
        )
    return cleaned


def _refuse_example(run: Run) -> None:
    """Raise StoreError if a run is an example, which all users share."""
    if run.example is not None:
        raise StoreError(
            mark("Could not change or delete “{name}”: it is a built-in example."),
            mark("Hide it instead, or export it and import it as a run of your own."),
            name=run.name,
        )


def _unknown(run_id: str) -> UnknownRunError:
    return UnknownRunError(
        mark("Run {run_id} does not exist: it was deleted, or the address is incomplete."),
        mark("Choose a run from the list."),
        run_id=shown(run_id),
    )
