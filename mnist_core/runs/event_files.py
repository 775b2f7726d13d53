"""Where the runs' event files are, the files that TensorBoard reads.

Each run has its own below its folder, so that they go when it goes::

    runs/<id>/events/              settings and final figures, for the HParams tab
    runs/<id>/events/train/        loss, accuracy, learning rate, weight histograms, the graph
    runs/<id>/events/validation/   loss, accuracy

TensorBoard calls a run by its folder, and nobody knows a run by 32 hexadecimal digits. So one
folder beside the runs, ``tensorboard/``, has a link for each run under its name and the beginning
of its id. ``tensorboard --logdir`` takes that folder. Where links cannot be made, the runs' own
folder serves, with the long names.
"""

from __future__ import annotations

import logging
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_core.runs.artifacts import Artifacts

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event

#: A run's folder for them, and the two in it.
EVENTS = "events"
TRAIN = "train"
VALIDATION = "validation"
#: How the tag of an array of weights ends.
HISTOGRAM = "/histogram"
#: The folder with a link for each run.
LOGDIR = "tensorboard"
#: First characters of an id that tell runs of one name apart.
SHORT_ID = 8
#: Longest name in a label, in bytes: file systems end at 255, and the id is to fit in.
NAME_BYTES = 200
#: What no file system takes in a name on all systems.
_FORBIDDEN = frozenset('/\\<>:"|?*')

log = logging.getLogger(__name__)


class EventFiles:
    """The event files of all runs. They need a folder of this machine or its network.

    Args:
        artifacts: The runs' files.
    """

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self._root = artifacts.local_root

    def check(self) -> None:
        """See that the lab's folder is still there.

        Raises:
            StoreGoneError: It is not.
        """
        self._artifacts.check()

    def folder(self, run_id: str) -> Path | None:
        """The folder of a run's event files, there or not; None where files are kept elsewhere."""
        return self._root / "runs" / run_id / EVENTS if self._root else None

    def exist(self, run_id: str) -> bool:
        """Whether a run has any."""
        folder = self.folder(run_id)
        return folder is not None and folder.is_dir()

    def paths(self, run_id: str) -> list[Path]:
        """A run's event files; below ``folder``, in order."""
        folder = self.folder(run_id)
        return sorted(folder.rglob("*tfevents*")) if folder else []

    @property
    def logdir(self) -> Path | None:
        """What ``tensorboard --logdir`` takes; None where files are kept elsewhere."""
        return self._root / LOGDIR if self._root else None

    def show(self, run_id: str, name: str) -> None:
        """Let TensorBoard find a run under its name; what cannot be linked is only logged."""
        folder = self.folder(run_id)
        if self.logdir is None or folder is None or not folder.is_dir():
            return
        wanted = self.logdir / label(run_id, name)
        try:
            self.logdir.mkdir(exist_ok=True)
            for link in self._links(run_id):
                if link == wanted:
                    return
                link.unlink()
            target = os.path.relpath(folder, self.logdir)  # the home may be moved
            wanted.symlink_to(target, target_is_directory=True)
        except FileExistsError:  # another process was a moment faster
            return
        except OSError as error:
            log.warning("TensorBoard will not show run %s by its name: %s", run_id, error)

    def hide(self, run_id: str) -> None:
        """Let TensorBoard forget a run; a link that cannot be removed is logged."""
        try:
            for link in self._links(run_id):
                link.unlink(missing_ok=True)
        except OSError as error:
            log.warning("TensorBoard goes on listing run %s: %s", run_id, error)

    def refresh(self, names: Mapping[str, str]) -> Path | None:
        """Make the links fit the runs.

        Args:
            names: What each run is called, by its id.

        Returns:
            The folder for TensorBoard, or None where files are kept elsewhere.
        """
        if self.logdir is None or self._root is None:
            return None
        try:
            links = {link.name for link in self._all_links()}
            for run_id, name in names.items():
                if label(run_id, name) not in links:  # one look at the folder, however many runs
                    self.show(run_id, name)
            for link in self._all_links():
                if not link.exists():
                    link.unlink(missing_ok=True)
            linked = bool(self._all_links())
        except OSError as error:  # a folder that may only be read, say
            log.warning("TensorBoard's list of runs is not up to date: %s", error)
            linked = self.logdir.is_dir()
        return self.logdir if linked or not self._has_events() else self._root / "runs"

    def _links(self, run_id: str) -> list[Path]:
        end = f" {run_id[:SHORT_ID]}"
        return [
            link
            for link in self._all_links()
            if link.name.endswith(end) and run_id in link.readlink().parts
        ]

    def _all_links(self) -> list[Path]:
        if self.logdir is None or not self.logdir.is_dir():
            return []
        return [link for link in self.logdir.iterdir() if link.is_symlink()]

    def _has_events(self) -> bool:
        assert self._root is not None
        return any(self._root.glob(f"runs/*/{EVENTS}"))


def label(run_id: str, name: str) -> str:
    """What TensorBoard calls a run: its name, as far as a folder can be called so, and its id."""
    plain = "".join(
        "_" if sign in _FORBIDDEN or not sign.isprintable() else sign for sign in name
    ).lstrip(".")
    cut = plain.encode()[:NAME_BYTES].decode(errors="ignore").strip()
    return f"{cut} {run_id[:SHORT_ID]}"


def read_events(path: Path) -> Iterator[Event]:
    """The events of a file, in order, up to where it is whole: a killed worker leaves half of one.

    TensorBoard's own readers load TensorFlow, which the web process must not.

    Raises:
        OSError: The file cannot be read.
    """
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto.event_pb2 import Event

    size = path.stat().st_size
    with path.open("rb") as file:
        # A record: its length (8 bytes), a checksum (4), the event, a checksum (4).
        while len(header := file.read(12)) == 12:
            (length,) = struct.unpack("<Q", header[:8])
            if file.tell() + length + 4 > size:
                return
            content = file.read(length)
            file.read(4)
            try:
                yield Event.FromString(content)
            except DecodeError:
                return
