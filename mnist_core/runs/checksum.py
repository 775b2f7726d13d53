"""One checksum over a whole zip file, kept as the file's own comment.

Models (.keras) and checkpoints (.npz) are zip files. A zip file has a checksum for the content of
each part, but none for its headers, and none that says that no part is missing; and a reader that
takes only what it needs never compares them. A *sealed* file ends with the SHA-256 of all bytes
before it, in the place of a comment: every program opens it as before, it is one file that is
renamed as a whole, and it takes its seal along when it is copied.
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
#: Bytes that are read at a time.
PIECE = 1 << 20
_SEAL_BYTES = len(_MARK) + hashlib.sha256().digest_size * 2


def sealed(content: bytes) -> bytes:
    """A zip file with its seal; one that has a seal, or is no zip file, stays as it is."""
    if not _has_no_comment(content):
        return content
    body = content[:-2] + _SEAL_BYTES.to_bytes(2, "little")
    return body + _MARK + hashlib.sha256(body).hexdigest().encode()


def is_whole(content: bytes) -> bool:
    """Whether a zip file is as it was written.

    One without a comment was written by an earlier version of the lab, or by Keras itself: of
    that, the checksums of its parts are compared.
    """
    return is_whole_file(io.BytesIO(content))


def is_whole_file(file: BinaryIO) -> bool:
    """The same of an open file, read piece by piece."""
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
