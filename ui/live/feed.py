"""What the server remembers of one run while somebody watches it.

A *feed* holds the curves of one run in memory, ready to be sent. Whoever watches says up to
which position of the run's journal it has drawn (its *cursor*) and gets what came after it. A
cursor is a position, not a queue: a slow browser costs no memory, it simply gets more epochs
in its next message, and thirty browsers share one copy.
"""

from __future__ import annotations

import json
import math
import secrets
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from mnist_core.evaluation.outcome import is_guessing
from mnist_core.evaluation.overfitting import CRITERIA, Curves
from mnist_core.runs import EpochRecord, JournalRow, Run
from mnist_core.runs.records import RECORD_FIELDS

#: Most epochs in one message: some 150 kB, which a browser takes in within a few milliseconds.
CHUNK_ROWS = 2_000
#: Judging a long curve may take at most this share of one processor.
JUDGING_SHARE = 0.2
#: The curves that the overfitting criteria read, in the order of the feed's array.
_CURVES = tuple(field.name for field in fields(Curves))
#: The fields of a record in each row of a message: all but those that no chart draws.
ROW_FIELDS = tuple(name for name in RECORD_FIELDS if name not in ("val_loss_se", "val_rise_se"))
_FIRST_CAPACITY = 1_024
#: Another one after each start of the server, whose sessions did not outlive it.
SERVER = secrets.token_hex(4)


class LiveFeed:
    """The curves and the state of one run, and the messages made of them.

    Only the event loop's thread calls its methods, except ``judge``, which reads arrays that
    nobody changes meanwhile.

    Attributes:
        run: The run as last read, None before the first reading.
        deleted: The run is gone from the store.
        position: Journal position up to which the feed knows the run.
        edition: Grows with each change that watchers have to hear of.
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.run: Run | None = None
        self.deleted = False
        self.queue_position: int | None = None
        self.position = 0
        self.edition = 0
        self._rows: list[str] = []  # one JSON array an epoch, made once for all watchers
        self._seqs: list[int] = []
        self._resets: list[tuple[int, int]] = []
        self._curves = np.empty((len(_CURVES), _FIRST_CAPACITY))
        self._verdicts: dict[str, list[int | None]] = {}
        self._judged_epochs = 0
        self._judge_after = 0.0

    @property
    def epochs(self) -> int:
        """Number of epochs known."""
        return len(self._rows)

    @property
    def classes(self) -> int:
        """Number of classes of the run's task; 0 where that is not known."""
        return self.run.config.classes if self.run else 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come."""
        return self.deleted or (self.run is not None and self.run.settled)

    def take(self, run: Run, rows: Sequence[JournalRow], queue_position: int | None) -> None:
        """Add what the store said.

        Args:
            run: The run, read before ``rows``, so that they hold at least its epochs.
            rows: The journal after ``position``, in order.
            queue_position: Its place among the queued runs, from 1, or None.
        """
        for row in rows:
            if row.reset_to is not None:
                self._forget_after(row.reset_to)
                self._resets.append((row.seq, row.reset_to))
            if row.record is not None:
                self._append(row.seq, row.record)
            self.position = row.seq
        self.run = run
        self.queue_position = queue_position
        self.edition += 1

    def begin_again(self) -> None:
        """Forget the epochs, so that the whole journal is read anew."""
        self.position = 0
        self._resets.clear()
        self._forget_after(0)

    def lose(self) -> None:
        """Note that the run was deleted."""
        if not self.deleted:
            self.deleted = True
            self.edition += 1

    def judging_due(self, now: float) -> bool:
        """Whether the criteria should look at the curves again.

        A long curve is judged less often than it grows, except at the end of the run.

        Args:
            now: Seconds on the monotonic clock.
        """
        if self._judged_epochs == self.epochs:
            return False
        return now >= self._judge_after or self.is_over

    def curves(self) -> Curves:
        """The curves known now: views that later epochs do not change."""
        rows = self._curves[:, : self.epochs]
        return Curves(**dict(zip(_CURVES, rows, strict=True)))

    def rule(self, verdicts: dict[str, list[int | None]], epochs: int, seconds: float) -> None:
        """Keep what the criteria found.

        Args:
            verdicts: What ``judge`` returned.
            epochs: How many epochs it saw.
            seconds: How long it took, which decides when it may run again.
        """
        self._verdicts = verdicts
        self._judged_epochs = epochs
        self._judge_after = time.monotonic() + seconds / JUDGING_SHARE
        self.edition += 1

    def has_rows_after(self, cursor: int) -> bool:
        """Whether there is more to draw for one who has drawn up to ``cursor``."""
        return cursor != self.position

    def message(self, cursor: int, extra: Callable[[Run], dict[str, Any]]) -> tuple[int, str]:
        """The next message for one who has drawn up to a position.

        Args:
            cursor: Journal position, 0 for nothing drawn yet.
            extra: What else belongs to the state of the run, for the message.

        Returns:
            The position after it, and the message as JSON.
        """
        if self.run is None or self.deleted:
            return self.position, json.dumps({"run": self.run_id, "rows": [], "status": "deleted"})
        state = self._state(self.run) | extra(self.run)
        if cursor > self.position:  # of another database: draw everything again
            cursor = 0
            state["reset_to"] = 0
        resets = [reset_to for seq, reset_to in self._resets if seq > cursor]
        if resets:
            state["reset_to"] = min(resets)
        begin = bisect_right(self._seqs, cursor)
        end = min(begin + CHUNK_ROWS, len(self._seqs))
        after = self._seqs[end - 1] if end < len(self._seqs) else self.position
        state["more"] = end < len(self._seqs)
        text = json.dumps(state, allow_nan=False, separators=(",", ":"))
        return after, f'{text[:-1]},"rows":[{",".join(self._rows[begin:end])}]}}'

    def _state(self, run: Run) -> dict[str, Any]:
        progress = run.progress
        return {
            "run": run.id,
            "overfitting": self._verdicts,
            "best": _figures(run.best),
            "status": run.status.value,
            "settled": run.settled,
            "version": run.version,
            "message": run.message,
            "attempt": run.attempt,
            "progress": progress and [progress.epoch, progress.done, progress.total],
            "seconds": round(run.active_seconds, 3),
            "epochs": run.config.epochs,
            "server": SERVER,
            "queue_position": self.queue_position,
            "at": round(time.time(), 3),
        }

    def _append(self, seq: int, record: EpochRecord) -> None:
        if record.epoch != self.epochs + 1:
            raise ValueError(f"epoch {record.epoch} came after epoch {self.epochs}")
        if self.epochs == self._curves.shape[1]:
            self._curves = np.concatenate([self._curves, np.empty_like(self._curves)], axis=1)
        self._curves[:, self.epochs] = [getattr(record, name) for name in _CURVES]
        self._rows.append(_row(record))
        self._seqs.append(seq)

    def _forget_after(self, epoch: int) -> None:
        del self._rows[epoch:], self._seqs[epoch:]
        # A copy, because a criterion may be reading the old array.
        self._curves = self._curves.copy()
        self._judged_epochs, self._judge_after = -1, 0.0


def judge(curves: Curves, classes: int) -> dict[str, list[int | None]]:
    """Ask every criterion where overfitting begins, so that switching needs no server.

    Args:
        curves: The curves so far.
        classes: Number of classes; 0 where the answer is a number.

    Returns:
        Criterion key → [best epoch, epoch at which that could be known], both from 1, both
        None where it found nothing. A network that only guesses has nothing to overfit.
    """
    if len(curves.metric) and is_guessing(curves, classes):
        return {key: [None, None] for key in CRITERIA}
    points = {key: criterion.find(curves) for key, criterion in CRITERIA.items()}
    return {key: [point.best_epoch, point.detected_epoch] for key, point in points.items()}


def _row(record: EpochRecord) -> str:
    exact = {"epoch": record.epoch, "recorded_at": round(record.recorded_at, 3)}
    values = [
        exact[name] if name in exact else _finite(getattr(record, name)) for name in ROW_FIELDS
    ]
    return json.dumps(values, separators=(",", ":"))


def _figures(record: EpochRecord | None) -> dict[str, float | None] | None:
    if record is None:
        return None
    names = ("loss", "metric", "val_loss", "val_metric")
    return {"epoch": record.epoch} | {name: _finite(getattr(record, name)) for name in names}


def _finite(value: float) -> float | None:
    # Training computes in 32 bits, seven digits; JSON knows no infinity.
    return float(f"{value:.7g}") if math.isfinite(value) else None
