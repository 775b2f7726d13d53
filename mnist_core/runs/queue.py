"""The right to train a run: a lease that its worker renews each second.

Several servers, workers and command lines share one store. Whoever trains a run holds its lease,
a random token with an end; every write of a worker names the token, so that one which was given
up for dead and wakes again cannot disturb its successor. A lease that is renewed no more
(:mod:`mnist_core.runs.lease_watch`) is the sign that a worker is gone: the run goes back into the
queue and its next worker takes up the last checkpoint.
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

#: A run whose worker died so often in a row without saving anything is not tried again.
MAX_STALLS = 3

#: A command looks at a doubtful lease this often, in seconds.
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
    """What a dispatcher does with the store: hand out queued runs, take up abandoned ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, run_id: str | None = None, *, without: Collection[str] = ()) -> Lease | None:
        """Take the oldest queued run, or the named one if it is queued.

        Args:
            run_id: The run; None for any.
            without: Tasks whose runs stay in the queue: their data is not here yet.

        Returns:
            The lease, or None where nothing is queued.
        """
        queued = sa.select(runs.c.id).where(runs.c.status == RunStatus.QUEUED)
        if without:
            queued = queued.where(sa.or_(_TASK.is_(None), _TASK.not_in(without)))
        queued = queued.order_by(runs.c.created_at, runs.c.id).limit(1)
        if run_id is not None:
            queued = queued.where(runs.c.id == run_id)
        with self._database.reading() as connection:
            if connection.scalar(queued) is None:  # the usual case, and no lock for it
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
        """The ids of the queued runs of some tasks, by task; tasks without any are left out."""
        query = sa.select(runs.c.id, _TASK.label("task"))
        query = query.where(runs.c.status == RunStatus.QUEUED, _TASK.in_(tasks))
        found: dict[str, list[str]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.task, []).append(row.id)
        return found

    def refuse(self, run_ids: Sequence[str], message: str) -> None:
        """End queued runs that cannot be trained; what has trained before can be resumed.

        Args:
            run_ids: The runs; those that are queued no more are left alone.
            message: Why.
        """
        ended = sa.case((runs.c.epochs_done > 0, RunStatus.INTERRUPTED), else_=RunStatus.FAILED)
        queued = sa.and_(runs.c.id.in_(run_ids), runs.c.status == RunStatus.QUEUED)
        values = {"status": ended, "message": message, "ended_at": self._database.now}
        with self._database.writing() as connection:
            change = sa.update(runs).where(queued)
            connection.execute(change.values(version=runs.c.version + 1, **values))

    def queued(self) -> int:
        """How many runs wait."""
        waiting = sa.select(sa.func.count()).where(runs.c.status == RunStatus.QUEUED)
        with self._database.reading() as connection:
            return connection.scalar(waiting) or 0

    def recover(self) -> list[str]:
        """Put runs whose lease is over back into the queue; to be called once a second.

        A lost lease is no crash: whoever held it may live, and only have stood still.

        Returns:
            The ids of the runs concerned.

        Raises:
            StoreError: The store cannot be read or written. The leases are then watched anew:
                their holders could not renew them either.
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
        """Put one run back into the queue, if :meth:`look_for_abandoned` has found it.

        Returns:
            Whether it was.

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
        """Find out which runs have lost their worker, for a command that runs once.

        Only where a lease names a time that cannot be is that worth a wait of some seconds. The
        store then calls the run "interrupted" in this process; nothing is changed.

        Args:
            clock: A monotonic clock, in seconds.
            pause: Waits for so many seconds.

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
        """The end of each lease by its token; perhaps only those that name an impossible time."""
        query = sa.select(runs.c.lease_token, runs.c.lease_expires_at)
        query = query.where(runs.c.lease_token.is_not(None))
        if doubtful:
            left = runs.c.lease_expires_at - self._database.now
            query = query.where(sa.or_(left.is_(None), left < 0, left > LEASE_SECONDS))
        with self._database.reading() as connection:
            return {row.lease_token: row.lease_expires_at for row in connection.execute(query)}

    def give_back(self, lease: Lease, *, died: bool) -> None:
        """Put one run back into the queue at once: its worker is gone, or is asked to leave.

        Args:
            lease: The lease that its worker held.
            died: Whether the worker died by itself, which counts towards :data:`MAX_STALLS`.
        """
        held = sa.and_(runs.c.id == lease.run_id, runs.c.lease_token == lease.token)
        self._take_back(held, stalled=int(died))

    def _take_back(self, which: sa.ColumnElement[bool], *, stalled: int) -> str | None:
        freed: dict[str, Any] = {"lease_token": None, "lease_expires_at": None}
        freed |= {"progress_epoch": None, "version": runs.c.version + 1}
        hopeless = runs.c.stalls + stalled >= MAX_STALLS
        gave_up = mark(
            "Its worker ended {times} times in a row before anything could be saved. Most often "
            "the memory did not suffice. Try a smaller batch, fewer images or a smaller network."
        )
        with self._database.writing() as connection:
            found: str | None = connection.scalar(sa.select(runs.c.id).where(which))
            # Ended already, and its worker died while it measured the test set.
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
            # A paused run comes back paused.
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
    """A worker's pen: writes what a run measured, as long as it holds the lease.

    Every method raises LeaseLostError once the lease is somebody else's, and StoreError when
    the database cannot be written; nothing of that write has then happened.
    """

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self.lease = lease

    def run(self) -> Run:
        """The run as the store has it now."""
        query = ALL_RUNS.where(runs.c.id == self.lease.run_id)
        with self._database.reading() as connection:
            found = read_runs(connection, query, self._database.is_abandoned)
        if not found:
            raise _lost(self.lease)
        return found[0]

    def renew(self) -> None:
        """Hold the run for another while. Says nothing to those who watch it."""
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
        """Write epochs in order, and how far the next one has come.

        Epochs that the store has already are left out: where a database's answer to a commit
        was lost, they come a second time.
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
        """Forget the epochs after a checkpoint, which come again."""
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
        """The commands since the last call, oldest first; each is handed out once."""
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
        """Note that a new worker would not have to begin from nothing."""
        with self._database.writing() as connection:
            self._set(connection, {"stalls": 0})

    def set_status(self, status: RunStatus, message: str = "") -> None:
        """Say what the run is doing now, or how it ended."""
        values: dict[str, Any] = {"status": status, "message": message}
        values["version"] = runs.c.version + 1
        if not status.is_active:
            values |= {"ended_at": self._database.now, "progress_epoch": None}
        with self._database.writing() as connection:
            self._set(connection, values)

    def measured(self, *, test_loss: float, test_metric: float) -> None:
        """Write what the best model reaches on the test set."""
        values = {"test_loss": test_loss, "test_metric": test_metric}
        with self._database.writing() as connection:
            self._set(connection, values | {"version": runs.c.version + 1})

    def taught(self, lesson: dict[str, Any]) -> None:
        """Write what came of teaching it a class's handwriting."""
        with self._database.writing() as connection:
            self._set(connection, {"lesson": lesson, "version": runs.c.version + 1})

    def release(self) -> None:
        """Put the pen down: the run ended."""
        with self._database.writing() as connection:
            values = {"lease_token": None, "version": runs.c.version + 1}
            self._set(connection, values)

    def park(self, unfinished: Sequence[tuple[Command, float | None]]) -> None:
        """Put a paused run aside; into the queue, if a person wants it to go on after all.

        Args:
            unfinished: Commands that were read and have had no effect yet. Its next worker gets
                them again.
        """
        now = self._database.now
        rows = [
            {"run_id": self.lease.run_id, "kind": kind, "value": value, "created_at": now}
            for kind, value in unfinished
        ]
        mine = commands.c.run_id == self.lease.run_id
        going_on = mine & commands.c.kind.in_([Command.RESUME, Command.STEP, Command.STOP])
        with self._database.writing() as connection:
            self._set(connection, {"progress_epoch": None})  # holds the row: no command slips by
            if rows:
                connection.execute(sa.insert(commands).values(rows))
            wanted = connection.scalar(sa.select(sa.func.count()).where(going_on))
            status = RunStatus.QUEUED if wanted else RunStatus.PAUSED
            values = {"lease_token": None, "version": runs.c.version + 1, "status": status}
            self._set(connection, values)

    def _advance(self, connection: sa.Connection, rows: int, values: dict[str, Any]) -> int:
        """Reserve places in the journal; the first of them."""
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
    """The run that has this lease, if it was not renewed since."""
    unchanged = runs.c.lease_expires_at.is_not_distinct_from(renewal)
    return sa.and_(runs.c.lease_token == token, unchanged)


def _lost(lease: Lease) -> LeaseLostError:
    return LeaseLostError(
        mark("A record for run {run_id}."),
        mark("Another worker has taken the run over, or it was deleted."),
        mark("Nothing is to be done: the other worker goes on from the last checkpoint."),
        run_id=lease.run_id,
    )
