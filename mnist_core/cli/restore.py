"""``restore``: a run that ``archive`` or the page Models has written comes in."""

from __future__ import annotations

import argparse
from pathlib import Path

from mnist_core.cli.arguments import Commands
from mnist_core.cli.import_ import bring, print_run
from mnist_core.transfer.restore import restore


def add(commands: Commands) -> argparse.ArgumentParser:
    """Add the command."""
    parser = commands.add_parser("restore", help="bring in a run that was written as a .zip")
    parser.set_defaults(run=_restore)
    parser.add_argument("file", type=Path, metavar="FILE", help="what `archive` wrote")
    return parser


def _restore(options: argparse.Namespace) -> int:
    print_run(bring(options.file, restore), as_json=options.json)
    return 0
