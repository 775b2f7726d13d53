"""Which leases are over, told without comparing clocks.

A worker renews its lease each second. Whether one still does is seen from the lease itself: one
that has stood unchanged for :data:`~mnist_core.runs.rows.LEASE_SECONDS` of the observer's own
monotonic clock is over. What time it names is not asked, so neither a clock that is set while runs
are trained nor another machine's wrong clock ends or prolongs one.

Two things are no silence of the worker. While the observer itself stood still (a closed laptop, a
busy machine) nobody can say what the workers did, so only time between close looks counts. And
while the database cannot be written (locked, a full disk), no lease can be renewed: before one
counts as over, the observer has itself written, and has given the worker some seconds more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mnist_core.runs.rows import LEASE_SECONDS

#: From one look to the next at most so much counts, in seconds.
MOST_BETWEEN_LOOKS = 2.0
#: A worker that could not write has so many seconds to renew its lease when writing works again.
GRACE_SECONDS = 3.0


@dataclass
class _Seen:
    """A lease, as it has stood unchanged."""

    renewal: float | None
    silent: float = 0.0
    #: For how long it had been silent when the database was last known to take a write.
    written: float | None = None


class LeaseWatch:
    """What one process has seen of the leases in a store.

    Args:
        clock: A monotonic clock, in seconds.
        patience: Seconds after which a silent lease is over.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, patience: float = LEASE_SECONDS
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._looked_at = clock()
        self._seen: Mapping[str, _Seen] = {}  # replaced as a whole

    def look(
        self, leases: Mapping[str, float | None], prove: Callable[[], None]
    ) -> dict[str, float | None]:
        """Take in all leases that there are now.

        Args:
            leases: What each names as its end, by its token.
            prove: Writes to the database; raises StoreError where that cannot be done.

        Returns:
            Those that are over.

        Raises:
            StoreError: From ``prove``.
        """
        passed = self._clock() - self._looked_at
        if passed > LEASE_SECONDS:  # the machine slept
            self.begin_anew()
        passed = min(passed, MOST_BETWEEN_LOOKS)
        now = {}
        for token, renewal in leases.items():
            seen = self._seen.get(token)
            if seen is None or seen.renewal != renewal:
                now[token] = _Seen(renewal)
            else:
                now[token] = replace(seen, silent=seen.silent + passed)
        doubted = [seen for seen in now.values() if seen.written is None and self._is_late(seen)]
        if doubted:
            prove()
            for seen in doubted:
                seen.written = seen.silent
        self._seen = now
        self._looked_at = self._clock()  # waiting for the database is no silence of a worker
        return {token: seen.renewal for token, seen in now.items() if self._is_over(seen)}

    def _is_late(self, seen: _Seen) -> bool:
        return seen.silent >= self._patience - GRACE_SECONDS

    def _is_over(self, seen: _Seen) -> bool:
        proved = seen.written is not None and seen.silent >= seen.written + GRACE_SECONDS
        return proved and seen.silent >= self._patience

    def begin_anew(self) -> None:
        """Forget what was seen: the store could not be read or written for a while."""
        self._seen = {}
