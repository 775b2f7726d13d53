"""Metrics and tables for the terminal and for JSON."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_core.experiment.config import TrainingConfig
    from mnist_core.runs import EpochRecord, Run


def figures(record: EpochRecord | None, metric: str) -> dict[str, float | int | None] | None:
    """Return an epoch's metrics by Keras's names, as values for JSON."""
    if record is None:
        return None
    values = {
        "epoch": record.epoch,
        "loss": record.loss,
        metric: record.metric,
        "val_loss": record.val_loss,
        f"val_{metric}": record.val_metric,
    }
    return {name: finite(value) for name, value in values.items()}


def tested(run: Run) -> dict[str, float | None]:
    """Return a run's metrics on the test set by Keras's names, as values for JSON."""
    return {
        "test_loss": finite(run.test_loss),
        f"test_{run.config.metric}": finite(run.test_metric),
    }


def metric_words(value: float, config: TrainingConfig) -> str:
    """Return a task's metric as text: in percent, or in the unit of the task's quantity."""
    return f"{value:.2%}" if config.quantity is None else config.quantity.in_unit(value)


def finite(value: float | None) -> float | None:
    """Return the value, or None if it is not finite, since JSON has no such number."""
    return value if value is not None and math.isfinite(value) else None


def print_table(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print rows as a table; the first row's keys are the headings."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    for name in rows[0] if rows else ():
        # Keys are for copying, so they are never truncated.
        table.add_column(name, no_wrap=name in ("key", "run"), overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
