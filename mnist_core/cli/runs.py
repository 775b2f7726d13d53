"""``runs``: list the runs in the store, newest first."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any

from mnist_core.cli.arguments import MOST_RUNS, look_for_abandoned
from mnist_core.cli.tables import figures, metric_words, print_table, tested
from mnist_core.errors import ConfigError, shown
from mnist_core.examples import listed_examples, open_store
from mnist_core.i18n import mark
from mnist_core.runs import RateChange, Run


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_runs)
    parser.add_argument("--limit", type=int, default=50, help="maximum number of runs")
    parser.add_argument(
        "--examples", action="store_true", help="also the networks that come with the lab"
    )


def _runs(options: argparse.Namespace) -> int:
    if not 1 <= options.limit <= MOST_RUNS:
        raise ConfigError(
            mark("--limit is {limit}, but has to be a whole number from 1 to {most}."),
            mark("Choose a number in this range."),
            limit=shown(options.limit),
            most=MOST_RUNS,
        )
    store = open_store()
    look_for_abandoned(store)
    runs = store.list_runs(limit=options.limit)
    if options.examples:
        runs += listed_examples(store, hidden=True)
    if options.json:
        changes = store.rate_changes(runs)
        print(json.dumps([_run_row(run) | _changed(changes[run.id]) for run in runs]))
        return 0
    rows = []
    for run in runs:
        row = _run_row(run)
        rows.append(
            {
                "run": row["run_id"][:8],
                "name": row["name"],
                "status": row["status"],
                "epochs": f"{row['epochs']}/{run.config.epochs}",
                "best": _best_words(run),
                "test": _test_words(run),
                "created": datetime.fromtimestamp(run.created_at).strftime("%m-%d %H:%M"),
            }
        )
    print_table("", rows) if rows else print("There are no runs yet.")
    return 0


def _run_row(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "name": run.name,
        "preset": run.preset,
        "example": run.example,
        "status": run.status.value,
        "message": run.message,
        "created_at": run.created_at,
        "epochs": run.epochs_done,
        "seconds": round(run.active_seconds, 3),
        "config": run.config.to_dict(),
        "best": figures(run.best, run.config.metric),
        "last": figures(run.last, run.config.metric),
        **tested(run),
    }


def _changed(changes: list[RateChange]) -> dict[str, Any]:
    """Return the changes that somebody made to a run during its training."""
    return {"learning_rate_changes": [asdict(change) for change in changes]}


def _best_words(run: Run) -> str:
    # Without a validation set, the validation loss is NaN and the last epoch counts as the best.
    best = run.best
    if best is None:
        return ""
    return f"{best.val_loss:.4g} at {best.epoch}" if isfinite(best.val_loss) else "-"


def _test_words(run: Run) -> str:
    return "" if run.test_metric is None else metric_words(run.test_metric, run.config)
