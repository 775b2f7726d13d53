"""Checkpoint and model files of the runs.

A file is written under a temporary name and then renamed, so a reader, or a worker that resumes
the run of a killed worker, finds a complete file.
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

#: State of a training: weights, optimizer state, best weights so far.
CHECKPOINT = "checkpoint.npz"
#: Keras models of a run: the one with the lowest validation loss and the one at the end. The last
#: model of a run that was stopped within an epoch is some batches ahead of its last record.
BEST_MODEL = "best.keras"
LAST_MODEL = "last.keras"
#: Input of a fine-tuning run: its base model and the drawings.
BASE_MODEL = "base.keras"
LESSON = "lesson.npz"
#: Extensions of the files that contain a checksum.
SEALED = (".keras", ".npz")
#: A disk with fewer free bytes counts as full: no model fits on it.
LEAST_FREE = 100_000
#: Bytes copied at a time.
PIECE = 1 << 20


class Artifacts:
    """The files of all runs.

    Args:
        root: A folder, or any address that fsspec opens.
        folder: Folder below the root; each run has a folder of its own in it.

    Raises:
        StoreError: fsspec does not support this kind of address.
    """

    def __init__(self, root: str, folder: str = "runs") -> None:
        self.root = root
        try:
            self._files, path = fsspec.core.url_to_fs(root)
        except (ImportError, ValueError) as error:
            raise StoreError(
                mark("MNIST_LAB_HOME is {root}, where files cannot be stored: {cause}."),
                mark("Set it to a folder, or install the package for this kind of address."),
                root=root,
                cause=str(error).rstrip("."),
            ) from error
        self._path = f"{path}/{folder}"
        self._seen = False

    @property
    def local_root(self) -> Path | None:
        """The root as a local folder, or None for a remote address."""
        if not isinstance(self._files, LocalFileSystem):
            return None
        return Path(self._path).parent

    def prepare(self) -> None:
        """Create the root folder.

        Raises:
            StoreError: It cannot be created.
        """
        with self._plain_errors(self._path):
            self._files.makedirs(self._path, exist_ok=True)
            self._seen = True

    def check(self) -> None:
        """Check that the root, if it is a local folder, still exists.

        Raises:
            StoreGoneError: It existed before. It is not created again, because a removed disk may
                be mounted again.
        """
        root = self.local_root
        if root is None:
            return
        if root.is_dir():
            self._seen = True
        elif self._seen:
            raise StoreGoneError(
                mark("The app's folder {path} was deleted or moved while the app was running."),
                mark("Restore the folder, or restart the app to start with an empty one."),
                path=str(root),
            )

    def check_writable(self) -> None:
        """Check that the root, if it is a local folder, is writable.

        Raises:
            StoreError: The folder is gone or read-only, or its disk is full.
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
        """Write a file of a run atomically; a model or checkpoint gets its checksum.

        Raises:
            StoreError: The disk is full or read-only.
        """
        if name.endswith(SEALED):
            content = sealed(content)
        self.write_from(run_id, name, io.BytesIO(content))

    def write_from(self, run_id: str, name: str, source: BinaryIO) -> None:
        """Write a file of a run atomically from an open file, in pieces.

        Raises:
            StoreError: The disk is full or read-only.
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
            except BaseException:  # also Ctrl+C, and errors of the source
                if self._files.exists(temporary):
                    self._files.rm(temporary)
                raise

    def read(self, run_id: str, name: str) -> bytes | None:
        """Return the content of a file of a run, or None if the file does not exist.

        Raises:
            StoreError: The file cannot be read.
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
        """Return a model or checkpoint whose checksum is right, or None if it does not exist.

        Raises:
            DamagedFileError: The checksum is wrong.
            StoreError: The file cannot be read.
        """
        content = self.read(run_id, name)
        if content is not None and not is_whole(content):
            raise DamagedFileError(
                mark("The file {path} is damaged: its content does not match its checksum."),
                mark("Restore it from a copy, or train the run again."),
                path=f"{self._path}/{run_id}/{name}",
            )
        return content

    @contextmanager
    def opened(self, run_id: str, name: str) -> Iterator[BinaryIO]:
        """Open a file of a run for reading.

        Raises:
            StoreError: It does not exist or cannot be read.
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
        """Return the size of the files of a run in bytes.

        Raises:
            StoreError: The files cannot be listed.
        """
        return sum(entry["size"] for entry in self._found(f"{self._path}/{run_id}").values())

    def sizes(self) -> dict[str, int]:
        """Return the size of the files of each run in bytes, by run id.

        Raises:
            StoreError: The files cannot be listed.
        """
        found = self._found(self._path)
        sizes: Counter[str] = Counter()
        for path, entry in found.items():
            run_id, below, _ = path.removeprefix(f"{self._path}/").partition("/")
            if below:
                sizes[run_id] += entry["size"]
        return dict(sizes)

    def _found(self, path: str) -> dict[str, Any]:
        """The files below a folder; empty if the folder does not exist."""
        try:
            found: dict[str, Any] = self._files.find(path, detail=True)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _unreadable(path, error) from error
        return found

    def last_written(self, run_ids: Iterable[str] | None = None) -> dict[str, float]:
        """Return when the newest file of each run was written, by run id, in seconds since 1970.

        Args:
            run_ids: The runs; None for all with a folder.

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
        except FileNotFoundError:  # no file was ever written
            return {}
        except OSError as error:
            raise _unreadable(self._path, error) from error
        return found

    def names(self, run_id: str) -> list[str]:
        """Return the names of the files of a run, without subfolders."""
        self.check()
        try:
            found = self._files.ls(f"{self._path}/{run_id}", detail=True)
        except FileNotFoundError:
            return []
        names = (Path(entry["name"]).name for entry in found if entry["type"] == "file")
        return sorted(name for name in names if not name.startswith("."))

    def remove(self, run_id: str, name: str | None = None) -> None:
        """Delete a file of a run, or all of them, if they exist."""
        path = f"{self._path}/{run_id}" + (f"/{name}" if name else "")
        with self._plain_errors(path):
            if self._files.exists(path):
                self._files.rm(path, recursive=True)

    def _rename(self, temporary: str, path: str) -> None:
        if isinstance(self._files, LocalFileSystem):
            Path(temporary).replace(path)  # `mv` copies on Windows, which is not atomic
        else:
            self._files.mv(temporary, path)

    @contextmanager
    def _plain_errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise StoreError(
                mark("Could not write {path}: the disk is full.")
                if full
                else mark("Could not write {path}: {cause}."),
                mark("Free some space or make the folder writable, or set MNIST_LAB_HOME."),
                path=path,
                cause=error.strerror or str(error),
            ) from error


def _unreadable(path: str, error: OSError) -> StoreError:
    return StoreError(
        mark("Could not read {path}: {cause}."),
        mark("Check that the folder exists and is readable, or set MNIST_LAB_HOME."),
        path=path,
        cause=error.strerror or str(error),
    )
