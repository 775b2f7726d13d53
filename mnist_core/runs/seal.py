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

#: How the end of a zip file begins: 22 bytes, the last two of which are the comment's length.
_END, _END_BYTES = b"PK\x05\x06", 22
_MARK = b"sha256:"
_SEAL_BYTES = len(_MARK) + hashlib.sha256().digest_size * 2


def sealed(content: bytes) -> bytes:
    """A zip file with its seal; one that has a seal, or is no zip file, stays as it is."""
    if not _has_no_comment(content):
        return content
    body = content[:-2] + _SEAL_BYTES.to_bytes(2, "little")
    return body + _seal(body)


def is_whole(content: bytes) -> bool:
    """Whether a zip file is as it was written.

    One without a comment was written by an earlier version of the lab, or by Keras itself: of
    that, the checksums of its parts are compared.
    """
    if _has_no_comment(content):
        return _parts_are_whole(content)
    body = content[:-_SEAL_BYTES]
    return content.startswith(b"PK") and content[-_SEAL_BYTES:] == _seal(body)


def _seal(body: bytes) -> bytes:
    return _MARK + hashlib.sha256(body).hexdigest().encode()


def _has_no_comment(content: bytes) -> bool:
    end = content[-_END_BYTES:]
    return content.startswith(b"PK") and end.startswith(_END) and end.endswith(b"\0\0")


def _parts_are_whole(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return file.testzip() is None
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, RuntimeError, zlib.error):
        return False  # RuntimeError: what says that it is encrypted; its subclass: an unknown form
