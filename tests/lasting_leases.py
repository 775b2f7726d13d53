"""Leases of runs that a test writes by hand: they last while a slow machine draws a page.

A worker would renew its lease each second; a test's hand writes when it comes to it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mnist_core.runs import leases, rows


# Of a module and not of the session: that would go on in the folders that come after this one.
@pytest.fixture(scope="module", autouse=True)
def leases_last() -> Iterator[None]:
    """For a conftest to import: from there on each run stays at work that a test has claimed."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (leases, rows):
            patch.setattr(module, "LEASE_SECONDS", 3600.0)
        yield
