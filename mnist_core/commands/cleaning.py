"""``clean``: remove what is old and not pinned."""

from __future__ import annotations

import argparse
import json
import re

from mnist_core.commands.arguments import Commands, look_for_abandoned
from mnist_core.commands.tables import print_table
from mnist_core.errors import ConfigError, shown
from mnist_core.runs import Store
from mnist_core.runs.arrivals import forget_abandoned
from mnist_core.runs.cleaning import old_runs, remove_old
from mnist_core.words import mark


def add(commands: Commands) -> argparse.ArgumentParser:
    """Add the command."""
    parser = commands.add_parser("clean", help="remove runs that are old and not pinned")
    parser.set_defaults(run=_clean)
    parser.add_argument(
        "--older-than", required=True, metavar="DAYS", help="ended so many days ago, such as 30d"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    return parser


def _clean(options: argparse.Namespace) -> int:
    store = Store.open()
    look_for_abandoned(store)
    old = old_runs(store, _days(options.older_than))
    if not options.dry_run:
        remove_old(store, old)
        forget_abandoned(store)
    rows = [
        {"run": one.run.id, "name": one.run.name, "days": round(one.days, 1), "bytes": one.bytes}
        for one in old
    ]
    if options.json:
        total = sum(one.bytes for one in old)
        print(json.dumps({"removed": not options.dry_run, "bytes": total, "runs": rows}))
    elif rows:
        print_table("Would be removed" if options.dry_run else "Removed", rows)
    else:
        print("There is nothing to remove.")
    return 0


def _days(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)d?", text)
    if found is None:
        raise ConfigError(
            mark("--older-than is {text}."),
            mark("It has to be a number of days."),
            mark("Write it as 30d, for example."),
            text=shown(text),
        )
    return float(found[1])
