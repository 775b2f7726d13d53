"""Live feed of one run: its curves in memory, as messages for the browsers that watch it.

A browser sends the journal position up to which it has drawn the run (its *cursor*) and receives
the epochs after it. A cursor is a position, not a queue: a slow browser needs no memory, its next
message has more epochs, and all browsers share one copy.
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

#: Maximal number of epochs per message: about 150 kB, which a browser parses in milliseconds.
CHUNK_ROWS = 2_000
#: Maximal share of one processor for the overfitting criteria.
DETECTION_SHARE = 0.2
#: The curves that the overfitting criteria need, in the order of the feed's array.
_CURVES = tuple(field.name for field in fields(Curves))
#: The fields of a record in each row of a message: those that the chart needs.
ROW_FIELDS = tuple(name for name in RECORD_FIELDS if name not in ("val_loss_se", "val_rise_se"))
_FIRST_CAPACITY = 1_024
#: Identifies this server process, with which its browser sessions end.
SERVER = secrets.token_hex(4)


class LiveFeed:
    """The curves and the state of one run, and the messages made from them.

    Not thread-safe: only the event loop's thread calls the methods. Arrays returned by `curves` do
    not change, so another thread may read them.

    Attributes:
        run: The run as last read; None before.
        deleted: Whether the run was deleted from the store.
        position: Journal position up to which the feed has the run's epochs.
        edition: Incremented with each change that watchers must receive.
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.run: Run | None = None
        self.deleted = False
        self.queue_position: int | None = None
        self.position = 0
        self.edition = 0
        self._rows: list[str] = []  # one JSON array per epoch, encoded once for all watchers
        self._seqs: list[int] = []
        self._resets: list[tuple[int, int]] = []
        self._curves = np.empty((len(_CURVES), _FIRST_CAPACITY))
        self._overfitting: dict[str, list[int | None]] = {}
        self._detection_epochs = 0
        self._detect_after = 0.0

    @property
    def epochs(self) -> int:
        """Number of epochs in memory."""
        return len(self._rows)

    @property
    def classes(self) -> int:
        """Number of classes of the run's task; 0 for regression or if the run is unknown."""
        return self.run.config.classes if self.run else 0

    @property
    def is_over(self) -> bool:
        """Whether no more news can follow."""
        return self.deleted or (self.run is not None and self.run.settled)

    def take(self, run: Run, rows: Sequence[JournalRow], queue_position: int | None) -> None:
        """Update the feed with news from the store.

        Args:
            run: The run, read before ``rows``, so that they contain all its epochs.
            rows: The journal after ``position``, in order.
            queue_position: Place among the queued runs, from 1; None if it is not queued.
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

    def clear(self) -> None:
        """Discard all epochs, so that the whole journal is read again."""
        self.position = 0
        self._resets.clear()
        self._forget_after(0)

    def mark_deleted(self) -> None:
        """Note that the run was deleted."""
        if not self.deleted:
            self.deleted = True
            self.edition += 1

    def detection_due(self, now: float) -> bool:
        """Whether the criteria should evaluate the curves again.

        Long curves are not evaluated at each epoch, but always at the end of the run.

        Args:
            now: Time in seconds of the monotonic clock.
        """
        if self._detection_epochs == self.epochs:
            return False
        return now >= self._detect_after or self.is_over

    def curves(self) -> Curves:
        """Return the current curves: views that later epochs do not change."""
        rows = self._curves[:, : self.epochs]
        return Curves(**dict(zip(_CURVES, rows, strict=True)))

    def set_overfitting(
        self, overfitting: dict[str, list[int | None]], epochs: int, seconds: float
    ) -> None:
        """Store the result of the criteria.

        Args:
            overfitting: What ``detect_overfitting`` returned.
            epochs: Number of epochs that it evaluated.
            seconds: Duration of the evaluation, which determines the next one.
        """
        self._overfitting = overfitting
        self._detection_epochs = epochs
        self._detect_after = time.monotonic() + seconds / DETECTION_SHARE
        self.edition += 1

    def has_rows_after(self, cursor: int) -> bool:
        """Whether there are epochs after a cursor."""
        return cursor != self.position

    def message(self, cursor: int, extra: Callable[[Run], dict[str, Any]]) -> tuple[int, str]:
        """Return the next message after a cursor.

        Args:
            cursor: Journal position; 0 before the first epoch.
            extra: Returns additional fields of the run's state.

        Returns:
            The cursor after the message, and the message as JSON.
        """
        if self.run is None or self.deleted:
            return self.position, json.dumps({"run": self.run_id, "rows": [], "status": "deleted"})
        state = self._state(self.run) | extra(self.run)
        if cursor > self.position:  # a cursor of another database: draw everything again
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
            "overfitting": self._overfitting,
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
            raise ValueError(f"epoch {record.epoch} follows epoch {self.epochs}")
        if self.epochs == self._curves.shape[1]:
            self._curves = np.concatenate([self._curves, np.empty_like(self._curves)], axis=1)
        self._curves[:, self.epochs] = [getattr(record, name) for name in _CURVES]
        self._rows.append(_row(record))
        self._seqs.append(seq)

    def _forget_after(self, epoch: int) -> None:
        del self._rows[epoch:], self._seqs[epoch:]
        # A copy, because another thread may be reading the old array.
        self._curves = self._curves.copy()
        self._detection_epochs, self._detect_after = -1, 0.0


def detect_overfitting(curves: Curves, classes: int) -> dict[str, list[int | None]]:
    """Apply every overfitting criterion, so that the browser can switch without a request.

    Args:
        curves: The curves so far.
        classes: Number of classes; 0 for regression.

    Returns:
        Criterion key → [best epoch, epoch of detection], both from 1, or both None if the
        criterion detects no overfitting or the network only guesses.
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
    # float32 has seven significant digits; JSON has no infinity.
    return float(f"{value:.7g}") if math.isfinite(value) else None
