"""``archive``: write a run to one zip file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mnist_core.cli.arguments import add_run, look_for_abandoned, run_named
from mnist_core.cli.output import check_output, output_file
from mnist_core.examples import open_store
from mnist_core.transfer.archive import file_name, write_archive


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_archive)
    add_run(parser)
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write (default: the run's name, here)"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def _archive(options: argparse.Namespace) -> int:
    store = open_store()
    look_for_abandoned(store)
    run = run_named(store, options.run_name)
    path: Path = options.output or Path(file_name(run))
    check_output(path, force=options.force)
    with output_file(path) as file:
        left_out = write_archive(store, run.id, file)
    size = path.stat().st_size
    result = {"run_id": run.id, "file": str(path), "bytes": size, "left_out": left_out}
    words = f"; without {len(left_out)} event files, which are too large" if left_out else ""
    print(json.dumps(result) if options.json else f"{path}: {run.name}, {size:,} bytes{words}")
    return 0
