"""Files that are brought in wait in the store, and none is so long that it fills the disk."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from mnist_core.errors import DataError, StoreError
from mnist_core.runs import Store
from mnist_core.runs.artifacts import BEST_MODEL
from mnist_core.transfer import uploads
from mnist_core.transfer.uploads import (
    EndedRun,
    add_ended,
    arrived,
    forget_abandoned,
    imported_config,
    keep_arrived,
)

ROOT = Path(__file__).parents[2]


class Endless(io.RawIOBase):
    """A file without an end, such as /dev/zero."""

    read_so_far = 0

    def seek(self, *_: Any) -> int:
        return 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "read in one go"
        self.read_so_far += size
        return bytes(size)


class Interrupted(Endless):
    def read(self, size: int = -1) -> bytes:
        if self.read_so_far:
            raise KeyboardInterrupt
        return super().read(size)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def left(store: Store) -> list[Path]:
    return [*Path(store.home, "runs").iterdir(), *Path(store.home, "arriving").iterdir()]


def test_a_file_waits_as_it_was_sent(store: Store) -> None:
    content = bytes(range(256)) * 10_000
    assert arrived(store, keep_arrived(store, io.BytesIO(content))) == content


def test_a_file_without_an_end_is_refused_and_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 5_000_000)
    endless = Endless()
    with pytest.raises(DataError, match="larger than 5 MB"):
        keep_arrived(store, cast("Any", endless))
    assert endless.read_so_far < 8_000_000
    assert left(store) == []


def test_ctrl_c_leaves_no_half_of_a_file(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        keep_arrived(store, cast("Any", Interrupted()))
    assert left(store) == []


KEEP_AND_DIE = """
import os, signal, sys
from mnist_core.runs import Store
from mnist_core.transfer.uploads import keep_arrived

class Cut:
    read_before = False
    def seek(self, *_): pass
    def read(self, size):
        if self.read_before:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        self.read_before = True
        return bytes(size)

keep_arrived(Store(sys.argv[1]), Cut())
"""


def grow_old(store: Store) -> None:
    for path in Path(store.home, "arriving").rglob("*"):
        os.utime(path, (1e9, 1e9))


def test_what_a_killed_server_left_is_removed_after_a_while(store: Store) -> None:
    subprocess.run([sys.executable, "-c", KEEP_AND_DIE, store.home], cwd=ROOT, check=False)
    (half,) = left(store)
    assert [path.name[:9] for path in half.iterdir()] == [".arrived."]
    assert forget_abandoned(store) == 0 and left(store) == [half]  # it may be on its way
    grow_old(store)
    waits = keep_arrived(store, io.BytesIO(b"the next one"))
    assert [path.name for path in left(store)] == [waits]


def test_a_folder_that_cannot_be_looked_through_refuses_no_file(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_arguments: Any, **_options: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(store.arriving._files, "ls", forbidden)
    with pytest.raises(StoreError, match="Permission denied"):
        forget_abandoned(store)
    assert arrived(store, keep_arrived(store, io.BytesIO(b"a model"))) == b"a model"


def test_half_of_a_run_goes_with_the_file_that_it_came_from(store: Store) -> None:
    killed = keep_arrived(store, io.BytesIO(b"a worker was killed with it"))
    store.artifacts.write(killed, BEST_MODEL, b"half of a run")
    whole = add_ended(
        store,
        keep_arrived(store, io.BytesIO(b"it was taken, and then the worker was killed")),
        EndedRun(name="whole", config=imported_config("unit")),
    )
    store.artifacts.write(whole.id, BEST_MODEL, b"a model")
    grow_old(store)
    assert forget_abandoned(store) == 2
    assert [path.name for path in left(store)] == [whole.id]
    assert store.artifacts.names(whole.id) == [BEST_MODEL]
