"""Figures and tables as a terminal and JSON show them."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mnist_core.runs import EpochRecord

FIGURES = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")


def figures(record: EpochRecord | None) -> dict[str, float | int | None] | None:
    """An epoch's figures by name, in a form that JSON has."""
    if record is None:
        return None
    values = {name: value for name, value in asdict(record).items() if name in FIGURES}
    return {name: finite(value) for name, value in values.items()}


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
