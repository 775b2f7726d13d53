"""One connection pool to the run store's database, for SQLite or PostgreSQL.

SQLite runs in write-ahead-log mode, so that many readers and one writer do not wait for each
other. A transaction that will write says so when it begins: two that both read first and then
want to write would otherwise refuse each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from mnist_core.errors import StoreError
from mnist_core.runs.schema import REVISION
from mnist_core.words import mark

#: How long a writer waits for another one, in seconds.
BUSY_SECONDS = 10.0
#: Key of the PostgreSQL lock under which one process at a time changes the schema.
MIGRATION_LOCK = 7_281_936


class Database:
    """Transactions on the store's database, with its errors put into plain words.

    Args:
        url: SQLAlchemy address, e.g. ``sqlite:////home/me/lab/runs.db``.

    Raises:
        StoreError: The database cannot be opened or brought up to date.
    """

    def __init__(self, url: str) -> None:
        self.url = sa.engine.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        with self._plain_errors():
            self._engine = sa.create_engine(self.url, pool_pre_ping=not self.is_sqlite)
            if self.is_sqlite:
                sa.event.listen(self._engine, "connect", _prepare_sqlite)
                sa.event.listen(self._engine, "begin", _begin_sqlite)
            self._writing = self._engine.execution_options(writes=True)
            self._migrate()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads."""
        with self._plain_errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes; all of it happens, or none."""
        with self._plain_errors(), self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def _migrate(self) -> None:
        with self._engine.begin() as connection:
            if _revision(connection) == REVISION:
                return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._writing.begin() as connection:
            if not self.is_sqlite:  # SQLite's writing transaction is a lock already
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise _as_store_error(error, self._where()) from error

    def _where(self) -> str:
        return self.url.database or "" if self.is_sqlite else self.url.render_as_string()


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return version


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
    cause = str(getattr(error, "orig", None) or error).splitlines()[0]
    reasons = {
        "readonly": (
            mark("It may only be read, so nothing new can be kept."),
            mark("Make the folder writable, or set MNIST_LAB_HOME to one that is, and try again."),
        ),
        "disk is full": (
            mark("The disk is full, so nothing new can be kept."),
            mark("Free some space and try again; what was written before is safe."),
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
    reasons["disk I/O error"] = reasons["readonly"]
    why, remedy = next(
        (reason for sign, reason in reasons.items() if sign in cause),
        (
            mark("The database answered: {cause}."),
            mark("If it happens again, restart the lab."),
        ),
    )
    received = mark("The run store at {where} did not take this.")
    passing = isinstance(error, OperationalError)
    return StoreError(received, why, remedy, where=where, cause=cause, passing=passing)
