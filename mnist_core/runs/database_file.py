"""Which file a SQLite database is, so that a deleted or replaced one is noticed.

An open file outlives its name: whoever holds a database that was deleted goes on reading from it,
and what he writes is lost with it. So the file that has the name now is compared with the one
that was opened, before each transaction and after each that wrote.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa

#: Device and number of a file; None where there is none.
Identity: TypeAlias = tuple[int, int] | None

log = logging.getLogger(__name__)


class DatabaseFile:
    """The file of a SQLite database.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: Identity = None
        self._log: Identity = None
        #: Whether it may be made where there is none: a database that is gone is not begun anew.
        self.may_be_made = True

    @classmethod
    def of(cls, url: sa.URL) -> DatabaseFile | None:
        """The file that an address names; None for other databases and for SQLite's own URIs."""
        if url.get_backend_name() != "sqlite" or not url.database:
            return None
        if url.database == ":memory:" or url.database.startswith("file:"):
            return None
        return cls(Path(url.database).absolute())

    def is_same(self) -> bool:
        """Whether the file that was opened still has its name."""
        found = _identity(self.path)
        if found is None or found != self._opened:
            return False
        self._log = _identity(self._log_path)
        return True

    def exists(self) -> bool:
        """Whether there is a file of this name."""
        return _identity(self.path) is not None

    def note_opened(self) -> None:
        """Note that the file of this name is the one that is open."""
        self._opened = _identity(self.path)
        self._log = _identity(self._log_path)
        self.may_be_made = False

    def forget(self) -> None:
        """Note that no file is open."""
        self._opened = self._log = None

    def remove_old_log(self) -> None:
        """Remove the log of the database that had this name before.

        SQLite takes whatever log lies beside a database for its own, and would play pages of the
        old one into the new. To be called while the old one is still open: only then is a file of
        that number surely the old log.
        """
        if self._log is not None and _identity(self._log_path) == self._log:
            for ending in ("-wal", "-shm"):
                with suppress(OSError):
                    Path(f"{self.path}{ending}").unlink()
            log.warning("removed the log of the database that was at %s before", self.path)

    def connect(
        self, _dialect: object, _record: object, arguments: list[Any], keywords: dict[str, Any]
    ) -> None:
        """Let SQLAlchemy open the file, and make none unless that is wanted (``do_connect``)."""
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
