"""Detection of expired leases without comparing clocks.

A worker renews its lease each second. A lease that has not changed for
:data:`~mnist_core.runs.rows.LEASE_SECONDS` of the observer's monotonic clock has expired. The
expiry time in the lease is not used, so clock changes and wrong clocks of other machines have no
effect.

Two situations do not count against a worker. If the observer itself was suspended (a closed
laptop, a busy machine), only the time between close looks counts. If the database cannot be written
(locked, a full disk), no worker can renew its lease: before a lease expires, the observer itself
has to write to the database and give the worker some more seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mnist_core.runs.rows import LEASE_SECONDS

#: Largest time that counts between two looks, in seconds.
MOST_BETWEEN_LOOKS = 2.0
#: Seconds for a worker to renew its lease after the database has become writable.
GRACE_SECONDS = 3.0


@dataclass
class _Seen:
    """An observed lease."""

    renewal: float | None
    silent: float = 0.0
    #: Value of ``silent`` when the observer last wrote to the database.
    written: float | None = None


class LeaseWatch:
    """The leases of a store, as observed by one process.

    Args:
        clock: A monotonic clock, in seconds.
        patience: Seconds after which an unchanged lease expires.
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
        """Observe the present leases.

        Args:
            leases: The expiry time of each lease, by token.
            prove: Writes to the database; raises StoreError if it cannot be written.

        Returns:
            The expired leases.

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
        self._looked_at = self._clock()  # the wait for the database does not count
        return {token: seen.renewal for token, seen in now.items() if self._is_over(seen)}

    def _is_late(self, seen: _Seen) -> bool:
        return seen.silent >= self._patience - GRACE_SECONDS

    def _is_over(self, seen: _Seen) -> bool:
        proved = seen.written is not None and seen.silent >= seen.written + GRACE_SECONDS
        return proved and seen.silent >= self._patience

    def begin_anew(self) -> None:
        """Forget all observations, because the store was not accessible for a while."""
        self._seen = {}
