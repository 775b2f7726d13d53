"""``reproduce``: train the sources' experiments and compare with their results."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile

from mnist_core.cli.tables import print_table
from mnist_core.errors import ConfigError, LabError
from mnist_core.i18n import mark
from mnist_core.runs import Store
from mnist_core.studies.reproduction import (
    EXPERIMENTS,
    SEEDS,
    Reproduced,
    experiment,
    markdown,
    percent,
    written,
)

MOST_SEEDS = 100


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_reproduce)
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="KEY",
        help="experiments to train (default: all): " + ", ".join(EXPERIMENTS),
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help="number of trainings of each")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument("--keep", action="store_true", help="keep the runs in the lab")


def _reproduce(options: argparse.Namespace) -> int:
    if not 1 <= options.seeds <= MOST_SEEDS:
        raise ConfigError(
            mark("--seeds is {seeds}, but has to be a whole number from 1 to {most}."),
            mark("Choose a number in this range."),
            seeds=options.seeds,
            most=MOST_SEEDS,
        )
    for key in options.only:
        experiment(key)
    from mnist_core.studies.reproduction_runs import reproduce

    found, complete = [], True
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open() if options.keep else Store(folder)
        for key in options.only or EXPERIMENTS:
            try:
                found.append(reproduce(store, key, seeds=options.seeds, on_start=_announce))
                print(json.dumps(found[-1].to_dict()), file=sys.stderr, flush=True)
            except LabError as error:  # the other experiments may have taken an hour
                print(f"{key}: {error.sentence()}", file=sys.stderr, flush=True)
                complete = False
    if options.json:
        print(json.dumps([one.to_dict() for one in found]))
    elif options.markdown:
        print(markdown(found))
    else:
        print_table("", [_row(one) for one in found])
    return 0 if complete and all(one.within for one in found) else 1


def _announce(key: str, seed: int) -> None:
    print(f"{key}, seed {seed} …", file=sys.stderr, flush=True)


def _row(one: Reproduced) -> dict[str, str]:
    known = EXPERIMENTS[one.key]
    mean, low, high = (written(value, known.unit) for value in (one.mean, one.low, one.high))
    return {
        "key": one.key,
        "source": f"{known.figure:g}",
        "our mean": mean,
        "from … to": f"{low} … {high}",
        "unit": known.unit,
        "chance": percent(one.chance),
        "within": "yes" if one.within else "no",
        "seconds": f"{one.seconds:.0f}",
    }
