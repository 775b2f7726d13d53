"""``clean``: delete runs that are old and not pinned."""

from __future__ import annotations

import argparse
import json
import re

from mnist_core.cli.arguments import look_for_abandoned
from mnist_core.cli.tables import print_table
from mnist_core.errors import ConfigError, shown
from mnist_core.i18n import mark
from mnist_core.runs import Store
from mnist_core.runs.retention import left_files, old_runs, remove_left_files, remove_old
from mnist_core.transfer.uploads import forget_abandoned


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_clean)
    parser.add_argument(
        "--older-than", required=True, metavar="DAYS", help="ended this many days ago, e.g. 30d"
    )
    parser.add_argument(
        "--left-files", action="store_true", help="also files whose run is not in the database"
    )
    parser.add_argument("--dry-run", action="store_true", help="only list what would be deleted")


def _clean(options: argparse.Namespace) -> int:
    store = Store.open()
    look_for_abandoned(store)
    old, left = old_runs(store, _days(options.older_than)), left_files(store)
    if not options.dry_run:
        remove_old(store, old)
        forget_abandoned(store)
        if options.left_files:
            remove_left_files(store, left)
    rows = [
        {"run": one.run.id, "name": one.run.name, "days": round(one.days, 1), "bytes": one.bytes}
        for one in old
    ]
    files = [{"run": run_id, "bytes": size} for run_id, size in left.items()]
    if options.json:
        total = sum(one.bytes for one in old) + sum(left.values()) * options.left_files
        result = {"removed": not options.dry_run, "bytes": total, "runs": rows}
        print(json.dumps(result | {"left_files": files, "with_left_files": options.left_files}))
        return 0
    title = "Would be removed" if options.dry_run else "Removed"
    if rows:
        print_table(title, rows)
    if files and options.left_files:
        print_table(f"{title}: files without a run", files)
    elif files:
        print(
            f"{sum(left.values()):,} bytes in {len(left)} folders belong to no run of this "
            f"database; --left-files removes them, too."
        )
    elif not rows:
        print("There is nothing to remove.")
    return 0


def _days(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)d?", text)
    if found is None:
        raise ConfigError(
            mark("--older-than is {text}, which is not a number of days."),
            mark("Write it like this: 30d."),
            text=shown(text),
        )
    return float(found[1])
