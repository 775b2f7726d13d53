"""Output files of commands: checked before the work, and written completely or not at all."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mnist_core.errors import ConfigError, shown
from mnist_core.i18n import mark


def check_output(path: Path, *, force: bool) -> None:
    """Check that a file can be written, before the work for its content.

    Args:
        path: The file.
        force: Whether to replace an existing file.

    Raises:
        ConfigError: The file cannot be written.
    """
    with _plain_errors(path):
        if path.is_dir():
            raise _error(
                path, mark("{path} is a folder."), mark("Give the name of a file in the folder.")
            )
        if path.exists() and not force:
            raise _error(
                path,
                mark("The file {path} already exists."),
                mark("Choose another name, or replace it with --force."),
            )
        if not path.parent.is_dir():
            raise _error(
                path,
                mark("The folder of the file {path} does not exist."),
                mark("Create the folder, or choose another one."),
            )


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing; the file appears under its name when it is complete.

    Raises:
        ConfigError: The file cannot be written.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    with _plain_errors(path):
        try:
            with temporary.open("wb") as file:
                yield file
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise _error(
            path,
            mark("Could not write {path}: the disk is full.")
            if full
            else mark("Could not write {path}: {cause}."),
            mark("Free some space, or choose a place on another disk with --output.")
            if full
            else mark("Choose another place with --output, or make the folder writable."),
            cause=error.strerror or str(error),
        ) from error


def _error(path: Path, problem: str, remedy: str, **values: object) -> ConfigError:
    return ConfigError(problem, remedy, path=shown(str(path)), **values)
