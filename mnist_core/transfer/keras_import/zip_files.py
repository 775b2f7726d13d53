"""Zip files from outside: only members that are expected, only as large as they may be.

Nothing is ever unpacked to the disk, so a member's name is a word to compare and never a path.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from mnist_core.i18n import mark
from mnist_core.transfer.keras_import.refusal import RefusedError, brief, damaged

#: The list at the end of a zip file; some hundred members take less.
MOST_LIST = 1_000_000
#: The end record: its length with the longest comment, and the sign of one for huge files.
_END_LENGTH, _LONGEST_COMMENT = 22, 65_535
_END, _HUGE = b"PK\x05\x06", b"PK\x06\x07"


class Packed:
    """The checked members of a zip file.

    Attributes:
        sizes: Bytes of each member, by name.
    """

    def __init__(
        self,
        file: zipfile.ZipFile,
        limit: Callable[[str], int | None],
        other: Callable[[str], RefusedError | None],
    ) -> None:
        self._file = file
        self._other = other
        self.sizes: dict[str, int] = {}
        for member in file.infolist():
            self._check(member, limit(member.orig_filename))
            self.sizes[member.filename] = member.file_size

    def read(self, name: str) -> bytes:
        """A member's content.

        Raises:
            RefusedError: It is missing or damaged.
        """
        return b"".join(self.pieces(name))

    def pieces(self, name: str, length: int = 1 << 20) -> Iterator[bytes]:
        """A member's content, piece by piece.

        Raises:
            RefusedError: It is missing or damaged.
        """
        if name not in self.sizes:
            raise RefusedError(
                mark("It has no part called {name}."),
                mark("Give the file as it was saved, whole and not packed again."),
                name=name,
            )
        left = self.sizes[name]
        try:
            with self._file.open(name) as member:
                while piece := member.read(min(length, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        raise damaged()
                    yield piece
        except (zipfile.BadZipFile, OSError, EOFError, zlib.error, struct.error) as error:
            raise damaged(mark("It is damaged: one of its parts cannot be unpacked.")) from error
        except (NotImplementedError, RuntimeError) as error:
            raise _unexpected(name) from error
        if left:
            raise damaged()

    def _check(self, member: zipfile.ZipInfo, limit: int | None) -> None:
        name = member.orig_filename
        mode = member.external_attr >> 16
        plain = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        linked = stat.S_IFMT(mode) not in (0, stat.S_IFREG)
        encrypted = member.flag_bits & 1
        if limit is None or member.filename != name or linked or encrypted or not plain:
            raise self._other(name) or _unexpected(name)
        if name in self.sizes:
            raise RefusedError(
                mark("It has two parts called {name}."),
                mark("Give the file as it was saved, whole and not packed again."),
                name=brief(name),
            )
        if member.file_size > limit:
            raise RefusedError(
                mark("Its part {name} unpacks to {size} bytes, and {most} are the most."),
                mark("Save a smaller model."),
                name=brief(name),
                size=f"{member.file_size:,}",
                most=f"{limit:,}",
            )


@contextmanager
def opened(
    file: BinaryIO,
    limit: Callable[[str], int | None],
    other: Callable[[str], RefusedError | None] = lambda _name: None,
) -> Iterator[Packed]:
    """A zip file whose members have all been checked, and none been read.

    Args:
        file: The file.
        limit: Says how many bytes a member of a name may have; None where none is expected.
        other: Says what a file with a member of a name is, where that is known.

    Raises:
        RefusedError: It is no zip file, or has members that are not expected or too large.
    """
    _check_list(file)
    try:
        packed = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        raise damaged() from error
    with packed:
        yield Packed(packed, limit, other)


def _check_list(file: BinaryIO) -> None:
    """Refuse a list of millions of members before it is read."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_LENGTH - _LONGEST_COMMENT - 20))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_LENGTH:
        raise damaged()
    (length,) = struct.unpack("<L", tail[place + 12 : place + 16])
    if length > MOST_LIST or tail[max(0, place - 20) : place].startswith(_HUGE):
        raise RefusedError(
            mark("It lists far more parts than a file of this kind has."),
            mark("Give the file as it was saved, whole and not packed again."),
        )
    file.seek(0)


def _unexpected(name: str) -> RefusedError:
    return RefusedError(
        mark("It has a part called {name}, which does not belong in such a file."),
        mark("Give the file as it was saved, whole and not packed again."),
        name=brief(name),
    )
