"""``export``: write a run's model to a file for another tool, or code that trains it again."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from mnist_core.cli.arguments import add_checkpoint, add_run, note_failure, run_named
from mnist_core.cli.output import check_output, output_file
from mnist_core.examples import open_store
from mnist_core.transfer.formats import FORMATS, Format, file_name


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_export)
    add_run(parser)
    parser.add_argument("--format", required=True, choices=FORMATS, help="file format")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write (default: the run's name, here)"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    add_checkpoint(parser)


def _export(options: argparse.Namespace) -> int:
    store = open_store()
    run = run_named(store, options.run_name)
    note_failure(run)
    form = FORMATS[options.format]
    path: Path = options.output or Path(file_name(run, form, options.checkpoint))
    check_output(path, force=options.force)  # before the model is loaded
    from mnist_core.transfer.export import export

    began = time.perf_counter()
    content = export(store, run.id, form.key, options.checkpoint)
    seconds = time.perf_counter() - began
    with output_file(path) as file:
        file.write(content)
    result = {
        "run_id": run.id,
        "format": form.key,
        "checkpoint": None if form.is_code else options.checkpoint,
        "file": str(path),
        "bytes": len(content),
        "seconds": round(seconds, 3),
    }
    print(json.dumps(result) if options.json else f"{path}: {form.label}, {len(content):,} bytes")
    _warn_of_ending(path, form)
    return 0


def _warn_of_ending(path: Path, form: Format) -> None:
    if not path.name.endswith(form.ending):
        print(
            f"Note: tools recognise this format by the extension {form.ending}; "
            f"rename the file before you open it.",
            file=sys.stderr,
        )
