"""One connection pool to the run store's database, for SQLite or PostgreSQL.

SQLite runs in write-ahead-log mode, so that many readers and one writer do not wait for each
other. A transaction that will write says so when it begins: two that both read first and then
want to write would otherwise refuse each other.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from mnist_core.errors import StoreError, StoreGoneError
from mnist_core.i18n import mark
from mnist_core.runs.database_file import DatabaseFile
from mnist_core.runs.lease_watch import LeaseWatch
from mnist_core.runs.schema import REVISION, metadata

log = logging.getLogger(__name__)
#: How long a writer waits for another one, in seconds.
BUSY_SECONDS = 10.0
REPLACED = mark(
    "The run store at {where} was replaced while the lab was open; this is the new one."
)
#: What SQLite says of a file that is damaged, or was overwritten by something else.
DAMAGED = ("malformed", "not a database", "no such table", "disk I/O error")
#: How long PostgreSQL may take: to be reached, to be silent, and for a statement. Without these a
#: server that is switched off in mid-sentence would be waited for for hours.
POSTGRESQL = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
    "options": "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s",
}
#: Key of the PostgreSQL lock under which one process at a time changes the schema.
MIGRATION_LOCK = 7_281_936


class Database:
    """Transactions on the store's database, with its errors put into plain words.

    Args:
        url: SQLAlchemy address, e.g. ``sqlite:////home/me/lab/runs.db``.

    Raises:
        StoreError: The address is none, or the database cannot be opened or brought up to date.
    """

    def __init__(self, url: str) -> None:
        self.url, self._engine = _engine(url)
        self._file = DatabaseFile.of(self.url)
        self._opening = threading.Lock()
        #: How often it was opened: once, and again each time that its file was replaced.
        self.openings = 0
        #: What somebody who looks after the lab has to know of it.
        self.notice = ""
        weakref.finalize(self, self._engine.dispose)  # also where nobody calls close()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        #: What this process has seen of the leases in it.
        self.leases = LeaseWatch()
        #: Leases that a command has found to be abandoned: their ends, by token.
        self.abandoned: Mapping[str, float | None] = {}
        with self._plain_errors():
            if self.is_sqlite:
                sa.event.listen(self._engine, "connect", _prepare_sqlite)
                sa.event.listen(self._engine, "begin", _begin_sqlite)
            if self._file is not None:
                sa.event.listen(self._engine, "do_connect", self._file.connect)
            self._writing = self._engine.execution_options(writes=True)
            self._open()

    @property
    def now(self) -> sa.ColumnElement[float]:
        """The present as seconds since 1970 (UTC), for a statement.

        Machines that share a database share its clock. SQLite has none but that of this machine.
        """
        if self.is_sqlite:
            return sa.literal(time.time(), sa.Float)
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads."""
        with self._plain_errors():
            self._see_that_it_is_there()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes; all of it happens, or none."""
        with self._plain_errors():
            self._see_that_it_is_there()
            with self._writing.begin() as connection:
                yield connection
            if self._file is not None and not self._file.is_same():
                raise self._gone()  # what was written is not where it will be looked for

    def is_abandoned(self, token: str, renewal: float | None) -> bool:
        """Whether a lease was found to be abandoned, and has not been renewed since."""
        return token in self.abandoned and self.abandoned[token] == renewal

    def prove_writable(self) -> None:
        """Write something as it is.

        Raises:
            StoreError: Nothing can be written at the moment.
        """
        with self.writing() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = version_num"))

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def _open(self) -> None:
        self._migrate()
        if self._file is not None:
            self._file.note_opened()
        self.openings += 1

    def _see_that_it_is_there(self) -> None:
        """Open the database anew where another file has its name now.

        Raises:
            StoreError: There is none, or it is no database of this lab.
        """
        file = self._file
        if file is None or file.is_same():
            return
        with self._opening:
            if file.is_same():  # another thread was quicker
                return
            if file.exists():
                file.remove_old_log()
            file.forget()
            self._engine.dispose()
            self.leases.begin_anew()
            if not file.exists():
                raise self._gone()
            self._open()
            self.notice = REPLACED.format(where=file.path)
            log.warning("%s", self.notice)

    def _gone(self) -> StoreGoneError:
        return StoreGoneError(
            mark("The run store at {where} is gone."),
            mark("Its file was deleted, moved or replaced while the lab was open."),
            mark("Put it back, or restart the lab to begin with an empty one."),
            where=self._where(),
        )

    def _migrate(self) -> None:
        with self._engine.begin() as connection:
            if _revision(connection) == REVISION:
                return
        with self._writing.begin() as connection:
            if not self.is_sqlite:  # SQLite's writing transaction is a lock already
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # others wait too
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            if not sa.inspect(connection).get_table_names():
                _build(connection)
                return
            from alembic import command
            from alembic.config import Config
            from alembic.util import CommandError

            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise _from_the_future(self._where()) from error

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            if self._file is not None and any(sign in _cause(error) for sign in DAMAGED):
                self._file.forget()  # the next transaction looks at the file anew
            raise _as_store_error(error, self._where()) from error

    def _where(self) -> str:
        return self.url.database or "" if self.is_sqlite else self.url.render_as_string()


def _engine(text: str) -> tuple[sa.URL, sa.Engine]:
    """The address and what connects to it, which it does not do yet."""
    try:
        url = sa.engine.make_url(text)
        if url.get_backend_name() == "sqlite":
            return url, sa.create_engine(url)
        arguments = POSTGRESQL if url.get_driver_name().startswith("psycopg") else {}
        # What the address itself says comes first.
        own = {name: value for name, value in arguments.items() if name not in url.query}
        return url, sa.create_engine(url, pool_pre_ping=True, connect_args=own)
    except (SQLAlchemyError, ValueError) as error:  # a port that is no number, say
        raise StoreError(
            mark("MNIST_LAB_DATABASE_URL is no address of a database that is known here."),
            mark("The database library says: {cause}."),
            mark("Write it as postgresql+psycopg://user:password@host/name, or unset it."),
            cause=_cause(error),
        ) from error
    except ImportError as error:
        raise StoreError(
            mark("MNIST_LAB_DATABASE_URL names a database that needs {module}."),
            mark("That package is not installed."),
            mark('Install it (for PostgreSQL: pip install "psycopg[binary]"), or unset it.'),
            module=error.name,
        ) from error


def _from_the_future(where: str) -> StoreError:
    return StoreError(
        mark("The run store at {where} was opened."),
        mark("A newer version of this lab wrote it, in a form that this one does not know."),
        mark("Update this lab, or set MNIST_LAB_HOME to another folder."),
        where=where,
    )


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


def _build(connection: sa.Connection) -> None:
    """Give an empty database all tables at once, without loading Alembic."""
    metadata.create_all(connection)
    connection.execute(
        sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
    )
    connection.execute(
        sa.text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION}
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL survives a killed process without a sync for each commit.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _as_store_error(error: SQLAlchemyError, where: str) -> StoreError:
    cause = _cause(error)
    reasons = {
        "readonly": (
            mark("It may only be read, so nothing new can be kept."),
            mark("Make the folder writable, or set MNIST_LAB_HOME to one that is, and try again."),
        ),
        "disk is full": (
            mark("The disk is full, so nothing new can be kept."),
            mark("Free some space and try again; what was written before is safe."),
        ),
        "locked": (
            mark("Another program keeps the database locked."),
            mark("Wait until it is done, or close it, and try again; nothing is lost meanwhile."),
        ),
        "statement timeout": (
            mark("The database did not answer in time."),
            mark("See that its server is not overloaded; what trains goes on, and tries again."),
        ),
        "unable to open": (
            mark("It cannot be opened."),
            mark("See that its folder exists and is writable, or set MNIST_LAB_HOME to another."),
        ),
        "not a database": (
            mark("It is damaged, or no database of this lab."),
            mark("Move it out of the way, or set MNIST_LAB_HOME to another folder."),
        ),
    }
    reasons["malformed"] = reasons["not a database"]
    reasons["disk I/O error"] = (
        mark("The disk is full, or it fails."),
        mark("Free some space, see that the disk works, and try again."),
    )
    why, remedy = next(
        (reason for sign, reason in reasons.items() if sign in cause),
        (
            mark("The database answered: {cause}."),
            mark("If it happens again, restart the lab."),
        ),
    )
    received = mark("The run store at {where} did not take this.")
    return StoreError(received, why, remedy, where=where, cause=cause)


def _cause(error: Exception) -> str:
    """The first line of what the database said, without the statement that was sent."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
