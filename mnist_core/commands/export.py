"""``export``: a run's model as a file for another tool, or as code that trains it again."""

from __future__ import annotations

import argparse
import errno
import json
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnist_core.commands.arguments import Commands, add_checkpoint, add_run, run_named
from mnist_core.errors import ConfigError, shown
from mnist_core.examples import open_store
from mnist_core.export import export
from mnist_core.formats import FORMATS, Format, file_name
from mnist_core.words import mark


def add(commands: Commands) -> argparse.ArgumentParser:
    """Add the command."""
    parser = commands.add_parser("export", help="write a run's model, or code that trains it again")
    parser.set_defaults(run=_export)
    add_run(parser)
    parser.add_argument("--format", required=True, choices=FORMATS, help="what to write")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where; by default the run's name, here"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_checkpoint(parser)
    return parser


def _export(options: argparse.Namespace) -> int:
    store = open_store()
    run = run_named(store, options.run_name)
    form = FORMATS[options.format]
    path: Path = options.output or Path(file_name(run, form, options.checkpoint))
    _check(path, force=options.force)  # before the work
    began = time.perf_counter()
    content = export(store, run.id, form.key, options.checkpoint)
    seconds = time.perf_counter() - began
    _write(path, content)
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


def _check(path: Path, *, force: bool) -> None:
    with _plain_errors(path):
        if path.is_dir():
            raise _refused(path, mark("It is a folder."), mark("Give the name of a file in it."))
        if path.exists() and not force:
            raise _refused(
                path,
                mark("There is a file of that name already."),
                mark("Choose another name, or say --force to replace it."),
            )
        if not path.parent.is_dir():
            raise _refused(
                path,
                mark("There is no folder for it."),
                mark("Make the folder first, or choose another one."),
            )


def _write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    with _plain_errors(path):
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise _refused(
            path,
            mark("The disk is full.") if full else mark("It cannot be written: {cause}."),
            mark("Choose another place, or make room or the folder writable."),
            cause=error.strerror or str(error),
        ) from error


def _refused(path: Path, why: str, remedy: str, **values: object) -> ConfigError:
    return ConfigError(mark("The output is {path}."), why, remedy, path=shown(str(path)), **values)


def _warn_of_ending(path: Path, form: Format) -> None:
    if not path.name.endswith(form.ending):
        print(
            f"Note: tools know this format by the ending {form.ending}; "
            f"rename the file before you open it with one.",
            file=sys.stderr,
        )
