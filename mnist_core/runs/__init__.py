"""Runs and where they are kept: the store that pages and workers share."""

from mnist_core.runs.records import (
    RUN_ID,
    Command,
    EpochRecord,
    JournalRow,
    Progress,
    RateChange,
    Run,
    RunStatus,
    rate_changes,
)
from mnist_core.runs.store import Store

__all__ = [
    "RUN_ID",
    "Command",
    "EpochRecord",
    "JournalRow",
    "Progress",
    "RateChange",
    "Run",
    "RunStatus",
    "Store",
    "rate_changes",
]
