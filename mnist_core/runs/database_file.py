"""Detection of a deleted or replaced SQLite database file.

A deleted file stays open: a process that has it open continues to read and write it, and its
writes are lost. Therefore the file with the name of the database is compared with the open file
before each transaction and after each write.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa

#: Device and inode of a file; None if the file does not exist.
Identity: TypeAlias = tuple[int, int] | None

log = logging.getLogger(__name__)


class DatabaseFile:
    """The file of a SQLite database.

    Args:
        path: Path of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: Identity = None
        self._log: Identity = None
        #: Whether a missing file may be created: not after the first opening.
        self.may_be_made = True

    @classmethod
    def of(cls, url: sa.URL) -> DatabaseFile | None:
        """The file in an address; None for other databases, memory and SQLite URIs."""
        if url.get_backend_name() != "sqlite" or not url.database:
            return None
        if url.database == ":memory:" or url.database.startswith("file:"):
            return None
        return cls(Path(url.database).absolute())

    def is_same(self) -> bool:
        """Whether the file at the path is the open file."""
        found = _identity(self.path)
        if found is None or found != self._opened:
            return False
        self._log = _identity(self._log_path)
        return True

    def exists(self) -> bool:
        """Whether a file exists at the path."""
        return _identity(self.path) is not None

    def note_opened(self) -> None:
        """Record that the file at the path is open."""
        self._opened = _identity(self.path)
        self._log = _identity(self._log_path)
        self.may_be_made = False

    def forget(self) -> None:
        """Record that no file is open."""
        self._opened = self._log = None

    def remove_old_log(self) -> None:
        """Remove the log of the previous database at this path.

        SQLite applies any log beside a database, and would write pages of the previous database
        into the new one. Call this while the previous database is still open: only then does the
        inode identify its log.
        """
        if self._log is not None and _identity(self._log_path) == self._log:
            for ending in ("-wal", "-shm"):
                with suppress(OSError):
                    Path(f"{self.path}{ending}").unlink()
            log.warning("removed the log of the database that was at %s before", self.path)

    def connect(
        self, _dialect: object, _record: object, arguments: list[Any], keywords: dict[str, Any]
    ) -> None:
        """Open the file for SQLAlchemy (event ``do_connect``); create it only if allowed."""
        mode = "rwc" if self.may_be_made else "rw"
        arguments[0] = f"{self.path.as_uri()}?mode={mode}"
        keywords["uri"] = True

    @property
    def _log_path(self) -> Path:
        return Path(f"{self.path}-wal")


def _identity(path: Path) -> Identity:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
