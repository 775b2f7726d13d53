"""Queue of runs and the leases of their workers.

Several servers, workers and command lines share one store. The worker that trains a run holds its
lease: a random token with an expiry time, renewed each second. Every write of a worker requires
the token, so a worker that lost its lease cannot overwrite its successor's results. When a lease
expires (:mod:`mnist_core.runs.lease_watch`), the run is queued again, and its next worker resumes
from the last checkpoint.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mnist_core.errors import StoreError
from mnist_core.i18n import mark
from mnist_core.runs.database import Database
from mnist_core.runs.lease_watch import GRACE_SECONDS, LeaseWatch
from mnist_core.runs.records import Command, EpochRecord, Progress, Run, RunStatus
from mnist_core.runs.rows import ALL_RUNS, LEASE_SECONDS, held_by, journal_values, read_runs
from mnist_core.runs.schema import commands, journal, runs

#: A run whose worker crashed this often in a row without saving a checkpoint is not tried again.
MAX_STALLS = 3

#: Seconds between two looks at a doubtful lease, for a command.
LOOK_SECONDS = 0.2

_TASK = runs.c.config["task"].as_string()
ACTIVE = (RunStatus.RUNNING, RunStatus.PAUSED)


class LeaseLostError(StoreError):
    """The run was given to another worker, or deleted."""


@dataclass(frozen=True)
class Lease:
    """The right to train one run."""

    run_id: str
    token: str


class RunQueue:
    """Operations of the dispatcher: claim queued runs, recover abandoned ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, run_id: str | None = None, *, without: Collection[str] = ()) -> Lease | None:
        """Take the oldest queued run, or the named one if it is queued.

        Args:
            run_id: The run; None for any.
            without: Tasks whose runs stay in the queue, because their data is being downloaded.

        Returns:
            The lease, or None if no run is queued.
        """
        queued = sa.select(runs.c.id).where(runs.c.status == RunStatus.QUEUED)
        if without:
            queued = queued.where(sa.or_(_TASK.is_(None), _TASK.not_in(without)))
        queued = queued.order_by(runs.c.created_at, runs.c.id).limit(1)
        if run_id is not None:
            queued = queued.where(runs.c.id == run_id)
        with self._database.reading() as connection:
            if connection.scalar(queued) is None:  # the usual case needs no lock
                return None
        with self._database.writing() as connection:
            found = connection.scalar(queued.with_for_update(skip_locked=True))
            if found is None:
                return None
            lease = Lease(found, secrets.token_hex(16))
            again = sa.case((runs.c.started_at.is_not(None), 1), else_=0)
            held = held_by(lease.token, self._database.now)
            held["started_at"] = sa.func.coalesce(runs.c.started_at, held["started_at"])
            connection.execute(
                sa.update(runs)
                .where(runs.c.id == found)
                .values(
                    status=RunStatus.RUNNING,
                    attempt=runs.c.attempt + again,
                    version=runs.c.version + 1,
                    **held,
                )
            )
        return lease

    def waiting_for(self, tasks: Collection[str]) -> dict[str, list[str]]:
        """Return the ids of the queued runs of some tasks, by task; without empty lists."""
        query = sa.select(runs.c.id, _TASK.label("task"))
        query = query.where(runs.c.status == RunStatus.QUEUED, _TASK.in_(tasks))
        found: dict[str, list[str]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.task, []).append(row.id)
        return found

    def refuse(self, run_ids: Sequence[str], message: str) -> None:
        """End queued runs that cannot be trained; a run with epochs can be resumed later.

        Args:
            run_ids: The runs; those that are no longer queued are not changed.
            message: The reason.
        """
        ended = sa.case((runs.c.epochs_done > 0, RunStatus.INTERRUPTED), else_=RunStatus.FAILED)
        queued = sa.and_(runs.c.id.in_(run_ids), runs.c.status == RunStatus.QUEUED)
        values = {"status": ended, "message": message, "ended_at": self._database.now}
        with self._database.writing() as connection:
            change = sa.update(runs).where(queued)
            connection.execute(change.values(version=runs.c.version + 1, **values))

    def queued(self) -> int:
        """Return the number of queued runs."""
        waiting = sa.select(sa.func.count()).where(runs.c.status == RunStatus.QUEUED)
        with self._database.reading() as connection:
            return connection.scalar(waiting) or 0

    def recover(self) -> list[str]:
        """Queue runs with an expired lease again; called once a second.

        An expired lease does not count as a crash: the worker may only have been suspended.

        Returns:
            The ids of these runs.

        Raises:
            StoreError: The store cannot be read or written. The watch then starts again, because
                the workers could not renew their leases either.
        """
        watch = self._database.leases
        try:
            over = watch.look(self._held(), self._database.prove_writable)
            found = [self._take_back(_is_lease(*lease), stalled=0) for lease in over.items()]
        except StoreError:
            watch.begin_anew()
            raise
        return [run_id for run_id in found if run_id is not None]

    def recover_abandoned(self, run_id: str) -> bool:
        """Queue a run again if :meth:`look_for_abandoned` found it.

        Returns:
            Whether the run was queued.

        Raises:
            StoreError: The store cannot be written.
        """
        leases = self._database.abandoned.items()
        found = [
            self._take_back((runs.c.id == run_id) & _is_lease(*lease), stalled=0)
            for lease in leases
        ]
        return any(found)

    def look_for_abandoned(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """Find the runs whose worker is gone, for a command that runs once.

        This takes some seconds, and only if a lease has an impossible expiry time. In this process
        the store then reports the runs as "interrupted"; the database is not changed.

        Args:
            clock: A monotonic clock, in seconds.
            pause: Waits for the given number of seconds.

        Raises:
            StoreError: The store cannot be read or written.
        """
        watch = LeaseWatch(clock, patience=GRACE_SECONDS)
        doubted = self._held(doubtful=True)
        while doubted:
            over = watch.look(doubted, self._database.prove_writable)
            if len(over) == len(doubted):
                self._database.abandoned = over
                return
            pause(LOOK_SECONDS)
            held = self._held()
            doubted = {token: at for token, at in doubted.items() if held.get(token, 0.0) == at}

    def _held(self, *, doubtful: bool = False) -> dict[str, float | None]:
        """The expiry time of each lease, by token; or only of leases with an impossible time."""
        query = sa.select(runs.c.lease_token, runs.c.lease_expires_at)
        query = query.where(runs.c.lease_token.is_not(None))
        if doubtful:
            left = runs.c.lease_expires_at - self._database.now
            query = query.where(sa.or_(left.is_(None), left < 0, left > LEASE_SECONDS))
        with self._database.reading() as connection:
            return {row.lease_token: row.lease_expires_at for row in connection.execute(query)}

    def give_back(self, lease: Lease, *, died: bool) -> None:
        """Queue a run again at once: its worker is gone or has to release it.

        Args:
            lease: The lease of its worker.
            died: Whether the worker crashed, which counts towards :data:`MAX_STALLS`.
        """
        held = sa.and_(runs.c.id == lease.run_id, runs.c.lease_token == lease.token)
        self._take_back(held, stalled=int(died))

    def _take_back(self, which: sa.ColumnElement[bool], *, stalled: int) -> str | None:
        freed: dict[str, Any] = {"lease_token": None, "lease_expires_at": None}
        freed |= {"progress_epoch": None, "version": runs.c.version + 1}
        hopeless = runs.c.stalls + stalled >= MAX_STALLS
        gave_up = mark(
            "The worker crashed {times} times in a row before it saved a checkpoint, most likely "
            "because it ran out of memory. Try a smaller batch, fewer images or a smaller network."
        )
        with self._database.writing() as connection:
            found: str | None = connection.scalar(sa.select(runs.c.id).where(which))
            # The run had ended, and its worker crashed while it evaluated the test set.
            ended = sa.and_(which, runs.c.status.not_in(ACTIVE))
            connection.execute(sa.update(runs).where(ended).values(freed))
            lost = sa.and_(which, runs.c.status.in_(ACTIVE), hopeless)
            connection.execute(
                sa.update(runs)
                .where(lost)
                .values(
                    status=RunStatus.INTERRUPTED,
                    ended_at=self._database.now,
                    message=gave_up.format(times=MAX_STALLS),
                    **freed,
                )
            )
            # A paused run stays paused.
            paused = sa.select(runs.c.id, sa.literal(str(Command.PAUSE)), self._database.now).where(
                which, runs.c.status == RunStatus.PAUSED
            )
            connection.execute(
                sa.insert(commands).from_select(["run_id", "kind", "created_at"], paused)
            )
            again = sa.and_(which, runs.c.status.in_(ACTIVE))
            back = {"status": RunStatus.QUEUED, "stalls": runs.c.stalls + stalled} | freed
            connection.execute(sa.update(runs).where(again).values(back))
        return found


class RunWriter:
    """Writes a worker's measurements while it holds the lease of the run.

    Every method raises LeaseLostError if another worker holds the lease, and StoreError if the
    database cannot be written; the write is then rolled back.
    """

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self.lease = lease

    def run(self) -> Run:
        """Return the run from the store."""
        query = ALL_RUNS.where(runs.c.id == self.lease.run_id)
        with self._database.reading() as connection:
            found = read_runs(connection, query, self._database.is_abandoned)
        if not found:
            raise _lost(self.lease)
        return found[0]

    def renew(self) -> None:
        """Renew the lease; observers of the run are not notified."""
        with self._database.writing() as connection:
            self._set(connection, {})

    def append(
        self,
        records: Sequence[EpochRecord],
        *,
        best_epoch: int | None,
        progress: Progress | None,
        active_seconds: float,
    ) -> None:
        """Write epoch records in order, and the progress of the current epoch.

        Records that the store already has are skipped: they are repeated if the database's answer
        to a commit was lost.
        """
        values: dict[str, Any] = {"active_seconds": active_seconds, "best_epoch": best_epoch}
        values["progress_epoch"] = progress.epoch if progress else None
        values["progress_done"] = progress.done if progress else None
        values["progress_total"] = progress.total if progress else None
        if records:
            values["epochs_done"] = records[-1].epoch
        with self._database.writing() as connection:
            done = connection.scalar(
                sa.select(runs.c.epochs_done).where(runs.c.id == self.lease.run_id)
            )
            records = [record for record in records if record.epoch > (done or 0)]
            seq = self._advance(connection, len(records), values)
            rows = [
                journal_values(self.lease.run_id, seq + place, record)
                for place, record in enumerate(records)
            ]
            if rows:
                connection.execute(sa.insert(journal), rows)

    def reset(self, *, to_epoch: int, best_epoch: int | None, active_seconds: float) -> None:
        """Delete the epochs after a checkpoint, which are trained again."""
        mine = journal.c.run_id == self.lease.run_id
        values = {
            "epochs_done": to_epoch,
            "best_epoch": best_epoch,
            "active_seconds": active_seconds,
            "progress_epoch": None,
        }
        with self._database.writing() as connection:
            seq = self._advance(connection, 1, values)
            connection.execute(sa.delete(journal).where(mine, journal.c.epoch > to_epoch))
            row = {"run_id": self.lease.run_id, "seq": seq, "reset_to": to_epoch}
            connection.execute(sa.insert(journal).values(row))

    def commands(self) -> list[tuple[Command, float | None]]:
        """Return the commands since the last call, oldest first."""
        mine = commands.c.run_id == self.lease.run_id
        query = sa.select(commands).where(mine).order_by(commands.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            return []
        with self._database.writing() as connection:
            self._set(connection, {})
            ids = [row["id"] for row in rows]
            connection.execute(sa.delete(commands).where(commands.c.id.in_(ids)))
        return [(Command(row["kind"]), row["value"]) for row in rows]

    def checkpointed(self) -> None:
        """Reset the crash counter: the next worker can resume from a checkpoint."""
        with self._database.writing() as connection:
            self._set(connection, {"stalls": 0})

    def set_status(self, status: RunStatus, message: str = "") -> None:
        """Set the status of the run."""
        values: dict[str, Any] = {"status": status, "message": message}
        values["version"] = runs.c.version + 1
        if not status.is_active:
            values |= {"ended_at": self._database.now, "progress_epoch": None}
        with self._database.writing() as connection:
            self._set(connection, values)

    def measured(self, *, test_loss: float, test_metric: float) -> None:
        """Write the results of the best model on the test set."""
        values = {"test_loss": test_loss, "test_metric": test_metric}
        with self._database.writing() as connection:
            self._set(connection, values | {"version": runs.c.version + 1})

    def taught(self, lesson: dict[str, Any]) -> None:
        """Write the result of fine-tuning."""
        with self._database.writing() as connection:
            self._set(connection, {"lesson": lesson, "version": runs.c.version + 1})

    def release(self) -> None:
        """Release the lease: the run ended."""
        with self._database.writing() as connection:
            values = {"lease_token": None, "version": runs.c.version + 1}
            self._set(connection, values)

    def park(self, unfinished: Sequence[tuple[Command, float | None]]) -> None:
        """Release a paused run, or queue it if a command to continue has arrived.

        Args:
            unfinished: Commands that were read but not yet executed; the next worker receives them.
        """
        now = self._database.now
        rows = [
            {"run_id": self.lease.run_id, "kind": kind, "value": value, "created_at": now}
            for kind, value in unfinished
        ]
        mine = commands.c.run_id == self.lease.run_id
        going_on = mine & commands.c.kind.in_([Command.RESUME, Command.STEP, Command.STOP])
        with self._database.writing() as connection:
            self._set(connection, {"progress_epoch": None})  # locks the row against new commands
            if rows:
                connection.execute(sa.insert(commands).values(rows))
            wanted = connection.scalar(sa.select(sa.func.count()).where(going_on))
            status = RunStatus.QUEUED if wanted else RunStatus.PAUSED
            values = {"lease_token": None, "version": runs.c.version + 1, "status": status}
            self._set(connection, values)

    def _advance(self, connection: sa.Connection, rows: int, values: dict[str, Any]) -> int:
        """Reserve rows in the journal; return the position of the first."""
        values = values | {"last_seq": runs.c.last_seq + rows, "version": runs.c.version + 1}
        self._set(connection, values)
        mine = sa.select(runs.c.last_seq).where(runs.c.id == self.lease.run_id)
        last: int = connection.execute(mine).scalar_one()
        return last - rows + 1

    def _set(self, connection: sa.Connection, values: dict[str, Any]) -> None:
        held = sa.and_(runs.c.id == self.lease.run_id, runs.c.lease_token == self.lease.token)
        values = {"lease_expires_at": self._database.now + LEASE_SECONDS} | values
        if connection.execute(sa.update(runs).where(held).values(values)).rowcount == 0:
            raise _lost(self.lease)


def _is_lease(token: str, renewal: float | None) -> sa.ColumnElement[bool]:
    """The run with this lease, unless the lease was renewed since."""
    unchanged = runs.c.lease_expires_at.is_not_distinct_from(renewal)
    return sa.and_(runs.c.lease_token == token, unchanged)


def _lost(lease: Lease) -> LeaseLostError:
    return LeaseLostError(
        mark(
            "Could not write to run {run_id}: another worker has taken it over, or it was deleted."
        ),
        mark("No action is needed: the other worker resumes from the last checkpoint."),
        run_id=lease.run_id,
    )
