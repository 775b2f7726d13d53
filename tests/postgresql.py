"""A PostgreSQL cluster for tests, in a temporary folder."""

from __future__ import annotations

import getpass
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Time limit in seconds for the start and the stop of the cluster.
PATIENCE = 60

_numbers = itertools.count(1)


class Cluster:
    """A running cluster that listens on a Unix socket only.

    Args:
        binaries: The folder with ``initdb`` and ``pg_ctl``.
        folder: Folder of its files and its socket.
        user: The system user that runs it, since PostgreSQL refuses to run as root.
    """

    def __init__(self, binaries: Path, folder: Path, user: str) -> None:
        self._binaries = binaries
        self._folder = folder
        self._user = user

    def run(self, program: str, *arguments: str) -> None:
        become = {"user": self._user} if os.getuid() == 0 else {}
        subprocess.run(
            [str(self._binaries / program), *arguments],
            check=True,
            timeout=PATIENCE,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            **become,
        )

    def start(self) -> None:
        log = str(self._folder / "log")
        options = f"-c listen_addresses='' -c fsync=off -k {self._folder}"
        self.run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", log, "-o", options)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self._data))

    def create(self) -> None:
        self.run("initdb", "-D", str(self._data), "-U", "lab", "-A", "trust", "-E", "UTF8")

    def new_database(self) -> str:
        """Create a database and return its address."""
        import psycopg

        name = f"lab_{next(_numbers)}"
        where = f"host={self._folder} user=lab dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://lab@/{name}?host={self._folder}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a cluster during the block; skips the test if PostgreSQL is not installed."""
    pytest.importorskip("psycopg", reason="PostgreSQL is tested with psycopg[binary] installed")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server (initdb, pg_ctl) is installed")
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    # Other users have no access to pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="lab-pg-"))
    if os.getuid() == 0:
        shutil.chown(folder, user)
    server = Cluster(binaries, folder, user)
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return debian[-1].parent if debian else None
