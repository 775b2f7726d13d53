"""SHA-256 checksum of a zip file, stored as its comment.

Models (.keras) and checkpoints (.npz) are zip files. A zip file has a checksum for each part, but
none for its headers or for the list of parts, and a reader that loads only some parts does not
verify the others. A *sealed* file ends with the SHA-256 of all bytes before it, as its comment:
every program can still open it, and a copy of the file includes the checksum.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from typing import BinaryIO

#: How the end of a zip file begins: 22 bytes, the last two of which are the comment's length.
_END, _END_BYTES = b"PK\x05\x06", 22
_MARK = b"sha256:"
#: Bytes read at a time.
PIECE = 1 << 20
_SEAL_BYTES = len(_MARK) + hashlib.sha256().digest_size * 2


def sealed(content: bytes) -> bytes:
    """Return a zip file with a checksum; sealed files and other data are returned unchanged."""
    if not _has_no_comment(content):
        return content
    body = content[:-2] + _SEAL_BYTES.to_bytes(2, "little")
    return body + _MARK + hashlib.sha256(body).hexdigest().encode()


def is_whole(content: bytes) -> bool:
    """Whether the checksum of a zip file is right.

    A file without a comment was written by an earlier version of the app or by Keras; then the
    checksums of its parts are verified.
    """
    return is_whole_file(io.BytesIO(content))


def is_whole_file(file: BinaryIO) -> bool:
    """Like `is_whole`, for an open file, which is read in pieces."""
    left = file.seek(0, io.SEEK_END) - _SEAL_BYTES
    file.seek(max(0, left + _SEAL_BYTES - _END_BYTES))
    end = file.read()
    file.seek(0)
    if file.read(2) != b"PK":
        return False
    if _is_end_without_comment(end):
        return _parts_are_whole(file)
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (piece := file.read(min(left, PIECE))):
        digest.update(piece)
        left -= len(piece)
    return file.read() == _MARK + digest.hexdigest().encode()


def _has_no_comment(content: bytes) -> bool:
    return content.startswith(b"PK") and _is_end_without_comment(content[-_END_BYTES:])


def _is_end_without_comment(end: bytes) -> bool:
    return end.startswith(_END) and end.endswith(b"\0\0")


def _parts_are_whole(file: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(file) as parts:
            return parts.testzip() is None
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, zlib.error):
        return False  # RuntimeError: what says that it is encrypted; its subclass: an unknown form
