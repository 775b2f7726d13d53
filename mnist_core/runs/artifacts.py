"""Files that belong to runs: checkpoints and models, below one root.

A file is written under a temporary name and then renamed, so that a reader, or a worker that
takes over from a killed one, finds either the old file whole or the new one whole.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from mnist_core.errors import DamagedFileError, StoreError, StoreGoneError
from mnist_core.i18n import mark
from mnist_core.runs.checksum import is_whole, sealed

#: What a worker needs to go on training: weights, optimizer state, best weights so far.
CHECKPOINT = "checkpoint.npz"
#: The Keras models a run leaves: with the lowest validation loss, and as it was at its end. A run
#: that was stopped in mid-epoch ends some batches after its last record.
BEST_MODEL = "best.keras"
LAST_MODEL = "last.keras"
#: What a run begins with that is taught a class's handwriting: the model and the drawings.
BASE_MODEL = "base.keras"
LESSON = "lesson.npz"
#: Endings of the files that carry a checksum over the whole.
SEALED = (".keras", ".npz")
#: A disk with fewer free bytes is full: the smallest model takes more.
LEAST_FREE = 100_000
#: Bytes that are copied at a time.
PIECE = 1 << 20


class Artifacts:
    """The files of all runs.

    Args:
        root: A folder, or any address that fsspec opens.
        folder: Where below it they are, each run's in a folder of its own.

    Raises:
        StoreError: fsspec does not know addresses of this kind.
    """

    def __init__(self, root: str, folder: str = "runs") -> None:
        self.root = root
        try:
            self._files, path = fsspec.core.url_to_fs(root)
        except (ImportError, ValueError) as error:
            raise StoreError(
                mark("MNIST_LAB_HOME is {root}."),
                mark("Files cannot be kept there: {cause}."),
                mark("Set it to a folder, or install what this kind of address needs."),
                root=root,
                cause=str(error).rstrip("."),
            ) from error
        self._path = f"{path}/{folder}"
        self._seen = False

    @property
    def local_root(self) -> Path | None:
        """The root as a folder of this machine, or None where it is none."""
        if not isinstance(self._files, LocalFileSystem):
            return None
        return Path(self._path).parent

    def prepare(self) -> None:
        """Make the root folder.

        Raises:
            StoreError: It cannot be made.
        """
        with self._plain_errors(self._path):
            self._files.makedirs(self._path, exist_ok=True)
            self._seen = True

    def check(self) -> None:
        """See that the root folder, where it is one of this machine, is still there.

        Raises:
            StoreGoneError: It was there before and is not now. It is not made anew: a disk that
                was taken away may come back.
        """
        root = self.local_root
        if root is None:
            return
        if root.is_dir():
            self._seen = True
        elif self._seen:
            raise StoreGoneError(
                mark("The lab's folder {path} is gone."),
                mark("It was deleted or moved while the lab was open."),
                mark("Put it back, or restart the lab to begin with an empty one."),
                path=str(root),
            )

    def check_writable(self) -> None:
        """See that the root folder takes new files; of this machine's own folders alone.

        Raises:
            StoreError: It is gone, may only be read, or its disk is full.
        """
        self.check()
        root = self.local_root
        if root is None or not root.is_dir():
            return
        with self._plain_errors(str(root)):
            if not os.access(root, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            if shutil.disk_usage(root).free < LEAST_FREE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(self, run_id: str, name: str, content: bytes) -> None:
        """Write a file of a run, whole or not at all; a model or a checkpoint with its seal.

        Raises:
            StoreError: The disk is full or may not be written.
        """
        if name.endswith(SEALED):
            content = sealed(content)
        self.write_from(run_id, name, io.BytesIO(content))

    def write_from(self, run_id: str, name: str, source: BinaryIO) -> None:
        """Write a file of a run from an open one, piece by piece, whole or not at all.

        Raises:
            StoreError: The disk is full or may not be written.
        """
        folder = f"{self._path}/{run_id}"
        path, temporary = f"{folder}/{name}", f"{folder}/.{name}.{secrets.token_hex(4)}"
        self.check()
        with self._plain_errors(path):
            try:
                self._files.makedirs(folder, exist_ok=True)
                with self._files.open(temporary, "wb") as file:
                    shutil.copyfileobj(source, file, PIECE)
                self._rename(temporary, path)
            except BaseException:  # also Ctrl+C, and what the source itself raises
                if self._files.exists(temporary):
                    self._files.rm(temporary)
                raise

    def read(self, run_id: str, name: str) -> bytes | None:
        """A file of a run, or None where it has none of this name.

        Raises:
            StoreError: It is there, but cannot be read.
        """
        path = f"{self._path}/{run_id}/{name}"
        self.check()
        try:
            content: bytes = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        return content

    def read_whole(self, run_id: str, name: str) -> bytes | None:
        """A model or a checkpoint of a run as it was written, or None where it has none.

        Raises:
            DamagedFileError: It is damaged.
            StoreError: It is there, but cannot be read.
        """
        content = self.read(run_id, name)
        if content is not None and not is_whole(content):
            raise DamagedFileError(
                mark("The file {path} is to be read."),
                mark("It is damaged: its content is not what was written."),
                mark("Restore it from a copy, or train the run again."),
                path=f"{self._path}/{run_id}/{name}",
            )
        return content

    @contextmanager
    def opened(self, run_id: str, name: str) -> Iterator[BinaryIO]:
        """A file of a run, to be read piece by piece.

        Raises:
            StoreError: It is not there or cannot be read.
        """
        path = f"{self._path}/{run_id}/{name}"
        self.check()
        try:
            file = self._files.open(path, "rb")
        except OSError as error:
            raise _unreadable(path, error) from error
        with file:
            yield file

    def size(self, run_id: str) -> int:
        """How many bytes the files of a run take.

        Raises:
            StoreError: They cannot be listed.
        """
        return sum(entry["size"] for entry in self._found(f"{self._path}/{run_id}").values())

    def sizes(self) -> dict[str, int]:
        """How many bytes the files of each run take, by its id.

        Raises:
            StoreError: They cannot be listed.
        """
        found = self._found(self._path)
        sizes: Counter[str] = Counter()
        for path, entry in found.items():
            run_id, below, _ = path.removeprefix(f"{self._path}/").partition("/")
            if below:
                sizes[run_id] += entry["size"]
        return dict(sizes)

    def _found(self, path: str) -> dict[str, Any]:
        """The files below a folder; none where it is not there."""
        try:
            found: dict[str, Any] = self._files.find(path, detail=True)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _unreadable(path, error) from error
        return found

    def last_written(self, run_ids: Iterable[str] | None = None) -> dict[str, float]:
        """When the newest file of each run was written, by its id; as ``time.time()`` says it.

        Args:
            run_ids: Only of these runs; None for all that have a folder.

        Raises:
            StoreError: The folder cannot be read.
        """
        found = {}
        try:
            if run_ids is None:
                folders = self._files.ls(self._path, detail=False)
            else:
                folders = [f"{self._path}/{run_id}" for run_id in run_ids]
            for folder in folders:
                with suppress(FileNotFoundError):  # removed meanwhile
                    paths = self._files.find(folder) or [folder]
                    newest = max(self._files.modified(path).timestamp() for path in paths)
                    found[Path(folder).name] = newest
        except FileNotFoundError:  # nothing was ever kept there
            return {}
        except OSError as error:
            raise _unreadable(self._path, error) from error
        return found

    def names(self, run_id: str) -> list[str]:
        """The files that a run has, without those in folders of their own."""
        self.check()
        try:
            found = self._files.ls(f"{self._path}/{run_id}", detail=True)
        except FileNotFoundError:
            return []
        names = (Path(entry["name"]).name for entry in found if entry["type"] == "file")
        return sorted(name for name in names if not name.startswith("."))

    def remove(self, run_id: str, name: str | None = None) -> None:
        """Delete a file of a run, or all of them; what is not there is no error."""
        path = f"{self._path}/{run_id}" + (f"/{name}" if name else "")
        with self._plain_errors(path):
            if self._files.exists(path):
                self._files.rm(path, recursive=True)

    def _rename(self, temporary: str, path: str) -> None:
        if isinstance(self._files, LocalFileSystem):
            Path(temporary).replace(path)  # `mv` would copy on Windows, and be seen half-way
        else:
            self._files.mv(temporary, path)

    @contextmanager
    def _plain_errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            why = mark("The disk is full.") if full else mark("The system says: {cause}.")
            raise StoreError(
                mark("The file {path} is to be written."),
                why,
                mark("Free some space or make the folder writable, or set MNIST_LAB_HOME."),
                path=path,
                cause=error.strerror or str(error),
            ) from error


def _unreadable(path: str, error: OSError) -> StoreError:
    return StoreError(
        mark("The file {path} is to be read."),
        mark("The system says: {cause}."),
        mark("See that the folder is there and readable, or set MNIST_LAB_HOME."),
        path=path,
        cause=error.strerror or str(error),
    )
