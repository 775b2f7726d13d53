"""``restore``: import a run from an archive that ``archive`` or the page Models has written."""

from __future__ import annotations

import argparse
from pathlib import Path

from mnist_core.cli.import_ import keep_file, print_run
from mnist_core.runs import Store


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_restore)
    parser.add_argument("file", type=Path, metavar="FILE", help="an archive from `archive`")


def _restore(options: argparse.Namespace) -> int:
    store = Store.open()
    run_id, file = keep_file(store, options.file)
    from mnist_core.transfer.restore import restore

    restore(store, run_id, file)
    print_run(store.get(run_id), as_json=options.json)
    return 0
