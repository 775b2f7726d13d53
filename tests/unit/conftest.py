"""Stores for the tests of what lies below the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core.runs import Store
from tests import postgresql


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[postgresql.Cluster]:
    with postgresql.cluster() as cluster:
        yield cluster


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
)
def any_store(request: pytest.FixtureRequest, lab_home: Path) -> Iterator[Store]:
    """An empty store, on SQLite and, with --all, on PostgreSQL."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_cluster").new_database()
    store = Store(lab_home, url)
    yield store
    store.database.close()
