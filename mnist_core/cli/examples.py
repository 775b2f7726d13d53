"""``examples``: the trained networks that come with the lab; ``--build`` trains them again."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from mnist_core.cli.tables import metric_words, print_table
from mnist_core.examples import Example, known_examples
from mnist_core.experiment.presets import PRESETS


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_examples)
    parser.add_argument(
        "--build",
        nargs="*",
        metavar="PRESET",
        help="train these presets (default: all) and replace the examples in this checkout",
    )
    parser.add_argument(
        "--home", type=Path, help="with --build: train in this run store, and use its runs"
    )


def _examples(options: argparse.Namespace) -> int:
    if options.build is not None:
        from mnist_core.examples import build

        for example in build.build_all(options.build, options.home):
            print(f"{example.preset}: {_figure(example)}, {example.bytes:,} bytes", file=sys.stderr)
        known_examples.cache_clear()
    entries = list(known_examples().values())
    if options.json:
        print(json.dumps([asdict(example) for example in entries]))
        return 0
    print_table(
        "",
        [
            {
                "key": example.preset,
                "test": _figure(example),
                "best epoch": f"{example.best_epoch} of {example.epochs}",
                "seed": example.seed,
                "seconds": example.seconds,
                "bytes": f"{example.bytes:,}",
            }
            for example in entries
        ],
    )
    return 0


def _figure(example: Example) -> str:
    return metric_words(example.test_metric, PRESETS[example.preset].config)
