"""A checkpoint comes back bit for bit, and one that is not whole is not taken for one."""

from __future__ import annotations

import io
import zipfile
from dataclasses import fields

import numpy as np
import pytest

from mnist_core.training.checkpoint import Checkpoint
from tests.damage import damaged

generator = np.random.default_rng(0)

CHECKPOINT = Checkpoint(
    epoch=7,
    seconds=1 / 3,
    best_epoch=5,
    best_val_loss=0.1 + 0.2,
    best_losses=generator.random(30, dtype=np.float32),
    # More than ten, so that their order as numbers and as words differs.
    best_weights=[generator.random((place, 2), dtype=np.float32) for place in range(12)],
    model=[np.array([1, 2], np.uint32), generator.random((3, 2), dtype=np.float32)],
    optimizer=[np.array(41, np.int32), np.array(0.01, np.float32), np.zeros((0, 2), np.float32)],
)


def test_a_checkpoint_comes_back_bit_for_bit():
    again = Checkpoint.from_bytes(CHECKPOINT.to_bytes())
    assert again is not None
    for field in fields(Checkpoint):
        old, new = getattr(CHECKPOINT, field.name), getattr(again, field.name)
        if not isinstance(old, list):
            old, new = [old], [new]
        assert len(old) == len(new)
        for one, other in zip(old, new, strict=True):
            assert np.asarray(one).dtype == np.asarray(other).dtype
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_checkpoint_cut_short_is_none(share):
    content = CHECKPOINT.to_bytes()
    assert Checkpoint.from_bytes(content[: int(share * len(content))]) is None


def unsealed(content: bytes) -> bytes:
    """The file as an earlier version of the lab wrote it."""
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a") as packed:
        packed.comment = b""
    return file.getvalue()


def test_a_damaged_checkpoint_is_none_and_no_fault():
    content = CHECKPOINT.to_bytes()
    assert [Checkpoint.from_bytes(other) for other in damaged(content, 700)] == [None] * 700


def test_an_earlier_version_s_checkpoint_is_read_and_a_damaged_one_is_no_fault():
    content = unsealed(CHECKPOINT.to_bytes())
    assert Checkpoint.from_bytes(content).epoch == CHECKPOINT.epoch
    for other in damaged(content, 300):
        Checkpoint.from_bytes(other)  # whatever it is, it raises nothing


def test_a_checkpoint_that_lacks_something_is_none():
    file = io.BytesIO()
    np.savez(file, epochs=np.array([7, 5]), best_losses=np.zeros(3))
    assert Checkpoint.from_bytes(file.getvalue()) is None


def test_nothing_in_a_checkpoint_is_unpickled():
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("it was unpickled",)

    content = CHECKPOINT.to_bytes()
    trapped = io.BytesIO()
    np.save(trapped, np.array([Trap()], dtype=object), allow_pickle=True)
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            inner = trapped.getvalue() if name == "best_losses.npy" else old.read(name)
            new.writestr(name, inner)
    assert Checkpoint.from_bytes(file.getvalue()) is None


@pytest.mark.parametrize("content", [b"", b"PK", b"not a checkpoint", bytes(1000)])
def test_another_file_is_no_checkpoint(content):
    assert Checkpoint.from_bytes(content) is None
