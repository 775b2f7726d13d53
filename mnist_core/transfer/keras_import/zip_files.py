"""Reading of untrusted zip files: only expected members of limited size.

Nothing is extracted to the disk, so a member's name is only compared and never used as a path.
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

#: Largest directory at the end of a zip file, in bytes; some hundred members need less.
MOST_LIST = 1_000_000
#: The end record: its length with the longest comment, its signature, and that of zip64 files.
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
        """Return the content of a member.

        Raises:
            RefusedError: The member is missing or damaged.
        """
        return b"".join(self.pieces(name))

    def pieces(self, name: str, length: int = 1 << 20) -> Iterator[bytes]:
        """Return an iterator over the content of a member.

        Raises:
            RefusedError: The member is missing or damaged.
        """
        if name not in self.sizes:
            raise RefusedError(
                mark("The file does not contain {name}."),
                mark("Upload the complete file as it was saved, without repacking it."),
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
            raise damaged(
                mark("The file is damaged: one of its members cannot be unpacked.")
            ) from error
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
                mark("The file contains {name} twice."),
                mark("Upload the complete file as it was saved, without repacking it."),
                name=brief(name),
            )
        if member.file_size > limit:
            raise RefusedError(
                mark("{name} in the file unpacks to {size} bytes, but the limit is {most} bytes."),
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
    """Open a zip file and check all its members without reading them.

    Args:
        file: The file.
        limit: Returns the largest size of a member in bytes, by its name; None if the member is
            not expected.
        other: Returns the error for a file with an unexpected member, if its format is known.

    Raises:
        RefusedError: The file is not a zip file, or has members that are unexpected or too large.
    """
    _check_list(file)
    try:
        packed = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        raise damaged() from error
    with packed:
        yield Packed(packed, limit, other)


def _check_list(file: BinaryIO) -> None:
    """Reject a directory of millions of members before it is read."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_LENGTH - _LONGEST_COMMENT - 20))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_LENGTH:
        raise damaged()
    (length,) = struct.unpack("<L", tail[place + 12 : place + 16])
    if length > MOST_LIST or tail[max(0, place - 20) : place].startswith(_HUGE):
        raise RefusedError(
            mark("The file contains far too many members."),
            mark("Upload the complete file as it was saved, without repacking it."),
        )
    file.seek(0)


def _unexpected(name: str) -> RefusedError:
    return RefusedError(
        mark("The file contains {name}, which does not belong in a file of this kind."),
        mark("Upload the complete file as it was saved, without repacking it."),
        name=brief(name),
    )
