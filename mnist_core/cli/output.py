"""A file that a command writes: looked at before the work, and written whole or not at all."""

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
    """See that a file can be written, before the work that fills it.

    Args:
        path: The file.
        force: Whether to replace one that is there.

    Raises:
        ConfigError: It cannot be.
    """
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


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it gets its name when all of it is written.

    Raises:
        ConfigError: It cannot be written.
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
        raise _refused(
            path,
            mark("The disk is full.") if full else mark("It cannot be written: {cause}."),
            mark("Free some space, or choose a place on another disk with --output.")
            if full
            else mark("Choose another place with --output, or make the folder writable."),
            cause=error.strerror or str(error),
        ) from error


def _refused(path: Path, why: str, remedy: str, **values: object) -> ConfigError:
    return ConfigError(mark("The output is {path}."), why, remedy, path=shown(str(path)), **values)
