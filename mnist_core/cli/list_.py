"""``list``: list the presets and architectures."""

from __future__ import annotations

import argparse
import json
from typing import Any

from mnist_core.cli.tables import print_table
from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.experiment.presets import PRESETS


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_list)


def _list(options: argparse.Namespace) -> int:
    if options.json:
        print(json.dumps({"presets": _preset_rows(), "architectures": _architecture_rows()}))
        return 0
    # A terminal is too narrow for the summaries, which are for --json and the pages.
    for title, rows in (("Presets", _preset_rows()), ("Architectures", _architecture_rows())):
        print_table(title, [{k: v for k, v in row.items() if k != "summary"} for row in rows])
    return 0


def _preset_rows() -> list[dict[str, Any]]:
    return [
        {"key": entry.key, "label": entry.label, "summary": entry.summary}
        | {"architecture": entry.config.architecture, "epochs": entry.config.epochs}
        for entry in PRESETS.values()
    ]


def _architecture_rows() -> list[dict[str, Any]]:
    return [
        {"key": entry.key, "label": entry.label, "summary": entry.summary}
        | {"parameters": entry.parameters}
        for entry in ARCHITECTURES.values()
    ]
