"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, gone afterwards."""

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

#: Seconds that the cluster may take to start or to stop.
PATIENCE = 60

_numbers = itertools.count(1)


class Cluster:
    """A running cluster that answers on a Unix socket alone.

    Args:
        binaries: The folder with ``initdb`` and ``pg_ctl``.
        folder: Where its files and its socket are.
        user: The system's user that it runs as: PostgreSQL refuses to run as root.
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
        """The address of a database that nobody has used yet."""
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
    """A cluster for as long as the block lasts; skips the test where there is no PostgreSQL."""
    pytest.importorskip("psycopg", reason="PostgreSQL is tested with psycopg[binary] installed")
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server (initdb, pg_ctl) is installed")
    user = "nobody" if os.getuid() == 0 else getpass.getuser()
    # Not below pytest's own folder, which other users may not enter.
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
