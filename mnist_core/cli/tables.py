"""Figures and tables as a terminal and JSON show them."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_core.runs import EpochRecord, Run


def figures(record: EpochRecord | None, metric: str) -> dict[str, float | int | None] | None:
    """An epoch's figures by Keras's names, in a form that JSON has."""
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
    """A run's figures on the test set by Keras's names."""
    return {
        "test_loss": finite(run.test_loss),
        f"test_{run.config.metric}": finite(run.test_metric),
    }


def metric_words(value: float, metric: str) -> str:
    """A task's second figure as a person reads it."""
    return f"{value:.2%}" if metric == "accuracy" else f"{value:.3f}"


def finite(value: float | None) -> float | None:
    """The value, or None for what JSON has no number for."""
    return value if value is not None and math.isfinite(value) else None


def print_table(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print rows as a table; the first one's keys are the headings."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left")
    for name in rows[0] if rows else ():
        # Keys are to be copied: they are never cut.
        table.add_column(name, no_wrap=name in ("key", "run"), overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
