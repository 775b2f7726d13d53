"""Files that are brought in wait in the store, and none is so long that it fills the disk."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast

import pytest

from mnist_core.errors import DataError
from mnist_core.runs import Store, arrivals
from mnist_core.runs.arrivals import arrived, keep_arrived


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
    return list(Path(store.home, "runs").iterdir())


def test_a_file_waits_as_it_was_sent(store: Store) -> None:
    content = bytes(range(256)) * 10_000
    assert arrived(store, keep_arrived(store, io.BytesIO(content))) == content


def test_a_file_without_an_end_is_refused_and_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MOST_BYTES", 5_000_000)
    endless = Endless()
    with pytest.raises(DataError, match="more than 5 MB"):
        keep_arrived(store, cast("Any", endless))
    assert endless.read_so_far < 8_000_000
    assert left(store) == []


def test_ctrl_c_leaves_no_half_of_a_file(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt):
        keep_arrived(store, cast("Any", Interrupted()))
    assert left(store) == []
