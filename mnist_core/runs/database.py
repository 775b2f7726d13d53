"""Connection pool and transactions of the run store's database, SQLite or PostgreSQL.

SQLite runs in write-ahead-log mode, in which readers and one writer do not block each other. A
writing transaction takes the write lock at its beginning: two transactions that both read first
and then write would otherwise fail.
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
#: Seconds that a writer waits for the lock.
BUSY_SECONDS = 10.0
REPLACED = mark(
    "The run store at {where} was replaced while the app was running; the app now uses the new one."
)
#: SQLite's messages for a damaged or overwritten file.
DAMAGED = ("malformed", "not a database", "no such table", "disk I/O error")
#: Timeouts of PostgreSQL for connecting, for a silent connection and for a statement. Without them
#: the app would wait for hours for a server that was switched off.
POSTGRESQL = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
    "options": "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s",
}
#: Key of the PostgreSQL lock that a process holds while it migrates the schema.
MIGRATION_LOCK = 7_281_936


class Database:
    """Transactions on the store's database; its errors become StoreErrors.

    Args:
        url: SQLAlchemy address, e.g. ``sqlite:////home/me/lab/runs.db``.

    Raises:
        StoreError: The address is invalid, or the database cannot be opened or migrated.
    """

    def __init__(self, url: str) -> None:
        self.url, self._engine = _engine(url)
        self._file = DatabaseFile.of(self.url)
        self._opening = threading.Lock()
        #: Number of openings: 1, plus 1 for each time that its file was replaced.
        self.openings = 0
        #: Message to the administrator, or empty.
        self.notice = ""
        weakref.finalize(self, self._engine.dispose)  # also without a call of close()
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        #: Leases that this process has observed.
        self.leases = LeaseWatch()
        #: Leases that a command found to be abandoned: expiry time by token.
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
        """The present time as SQL, in seconds since 1970 (UTC).

        Machines that share a PostgreSQL database use its clock; SQLite uses this machine's clock.
        """
        if self.is_sqlite:
            return sa.literal(time.time(), sa.Float)
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A read-only transaction."""
        with self._plain_errors():
            self._see_that_it_is_there()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A writing transaction; it is committed as a whole or rolled back."""
        with self._plain_errors():
            self._see_that_it_is_there()
            with self._writing.begin() as connection:
                yield connection
            if self._file is not None and not self._file.is_same():
                raise self._gone()  # the transaction was written to a deleted file

    def is_abandoned(self, token: str, renewal: float | None) -> bool:
        """Whether a lease was found to be abandoned, and has not been renewed since."""
        return token in self.abandoned and self.abandoned[token] == renewal

    def prove_writable(self) -> None:
        """Check that the database is writable, by a write that changes nothing.

        Raises:
            StoreError: It is not.
        """
        with self.writing() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = version_num"))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _open(self) -> None:
        self._migrate()
        if self._file is not None:
            self._file.note_opened()
        self.openings += 1

    def _see_that_it_is_there(self) -> None:
        """Reopen the database if its file was replaced.

        Raises:
            StoreError: The file does not exist or is not a database of this app.
        """
        file = self._file
        if file is None or file.is_same():
            return
        with self._opening:
            if file.is_same():  # another thread has reopened it
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
            mark("The run store at {where} was deleted or replaced while the app was running."),
            mark("Restore the file, or restart the app to start with an empty store."),
            where=self._where(),
        )

    def _migrate(self) -> None:
        with self._engine.begin() as connection:
            if _revision(connection) == REVISION:
                return
        with self._writing.begin() as connection:
            if not self.is_sqlite:  # SQLite's writing transaction is already exclusive
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # may wait for long
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
                self._file.forget()  # the next transaction reopens the file
            raise _as_store_error(error, self._where()) from error

    def _where(self) -> str:
        return self.url.database or "" if self.is_sqlite else self.url.render_as_string()


def _engine(text: str) -> tuple[sa.URL, sa.Engine]:
    """Return the parsed address and an engine, without connecting."""
    try:
        url = sa.engine.make_url(text)
        if url.get_backend_name() == "sqlite":
            return url, sa.create_engine(url)
        arguments = POSTGRESQL if url.get_driver_name().startswith("psycopg") else {}
        # Options in the address take precedence.
        own = {name: value for name, value in arguments.items() if name not in url.query}
        return url, sa.create_engine(url, pool_pre_ping=True, connect_args=own)
    except (SQLAlchemyError, ValueError) as error:  # for example an invalid port
        raise StoreError(
            mark("MNIST_LAB_DATABASE_URL is not a valid database address: {cause}."),
            mark("Write it as postgresql+psycopg://user:password@host/name, or unset it."),
            cause=_cause(error),
        ) from error
    except ImportError as error:
        raise StoreError(
            mark("MNIST_LAB_DATABASE_URL needs the package {module}, which is not installed."),
            mark('Install it (for PostgreSQL: pip install "psycopg[binary]"), or unset it.'),
            module=error.name,
        ) from error


def _from_the_future(where: str) -> StoreError:
    return StoreError(
        mark("The run store at {where} was written by a newer version of the app."),
        mark("Update the app, or set MNIST_LAB_HOME to another folder."),
        where=where,
    )


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


def _build(connection: sa.Connection) -> None:
    """Create all tables in an empty database, without loading Alembic."""
    metadata.create_all(connection)
    connection.execute(
        sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
    )
    connection.execute(
        sa.text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION}
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # _begin_sqlite starts the transactions
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL survives a killed process without an fsync for each commit.
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
            mark("The run store at {where} is read-only."),
            mark("Make the folder writable, or set MNIST_LAB_HOME to another folder."),
        ),
        "disk is full": (
            mark("Could not write to the run store at {where}: the disk is full."),
            mark("Free some space and try again; stored data is safe."),
        ),
        "locked": (
            mark("The run store at {where} is locked by another program."),
            mark("Wait, or close the other program, and try again; no data is lost."),
        ),
        "statement timeout": (
            mark("The database of the run store at {where} did not answer in time."),
            mark("Check the load of its server; workers continue and try again."),
        ),
        "unable to open": (
            mark("Could not open the run store at {where}."),
            mark("Check that its folder exists and is writable, or set MNIST_LAB_HOME to another."),
        ),
        "not a database": (
            mark("The run store at {where} is damaged, or not a database of this app."),
            mark("Move the file away, or set MNIST_LAB_HOME to another folder."),
        ),
    }
    reasons["malformed"] = reasons["not a database"]
    reasons["disk I/O error"] = (
        mark("Could not access the run store at {where}: the disk is full or defective."),
        mark("Free some space, check the disk, and try again."),
    )
    problem, remedy = next(
        (reason for sign, reason in reasons.items() if sign in cause),
        (
            mark("Could not access the run store at {where}: {cause}."),
            mark("Restart the app if this happens again."),
        ),
    )
    return StoreError(problem, remedy, where=where, cause=cause)


def _cause(error: Exception) -> str:
    """The first line of the database's message, without the statement."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
