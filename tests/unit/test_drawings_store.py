"""Labelled drawings in the store: kept, counted, saved to a file, removed."""

from __future__ import annotations

import io

import numpy as np
import pytest

from mnist_core.errors import StoreError
from mnist_core.runs import Store
from mnist_core.runs import drawings as module
from mnist_core.runs.drawings import pack, unpack


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (28, 28), np.uint8)


def test_drawings_come_back_as_they_were_kept(any_store: Store) -> None:
    numbers = [any_store.drawings.add(picture(k), k % 3, read_as=k or None) for k in range(4)]
    found = any_store.drawings.all()
    assert [one.id for one in found] == numbers and len(set(numbers)) == 4
    assert [one.label for one in found] == [0, 1, 2, 0]
    assert [one.read_as for one in found] == [None, 1, 2, 3]
    for k, one in enumerate(found):
        np.testing.assert_array_equal(one.image_u8, picture(k))
    newest = any_store.drawings.newest(3)
    assert [one.id for one in newest] == numbers[:0:-1]
    np.testing.assert_array_equal(newest[0].image_u8, picture(3))
    assert any_store.drawings.counts() == [2, 1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_one_drawing_or_all_are_removed(any_store: Store) -> None:
    first, second, third = (any_store.drawings.add(picture(k), 7) for k in range(3))
    any_store.drawings.remove(second)
    any_store.drawings.remove(second)  # twice, by two tabs
    assert [one.id for one in any_store.drawings.all()] == [first, third]
    any_store.drawings.remove()
    assert any_store.drawings.all() == [] and sum(any_store.drawings.counts()) == 0


def test_a_file_of_drawings_is_plain_numpy(any_store: Store) -> None:
    any_store.drawings.add(picture(1), 4, read_as=9)
    any_store.drawings.add(picture(2), 5)
    with np.load(io.BytesIO(any_store.drawings.export()), allow_pickle=False) as arrays:
        assert arrays["x"].dtype == np.uint8 and arrays["x"].shape == (2, 28, 28)
        assert arrays["y"].tolist() == [4, 5] and arrays["read_as"].tolist() == [9, -1]
        np.testing.assert_array_equal(arrays["x"][0], picture(1))


def test_no_drawings_are_an_empty_file(any_store: Store) -> None:
    x, y = unpack(any_store.drawings.export())
    assert x.shape == (0, 28, 28) and y.shape == (0,)


@pytest.mark.parametrize(
    ("image", "label"),
    [
        (np.zeros((28, 28), np.float32), 1),
        (np.zeros((27, 28), np.uint8), 1),
        (np.zeros((28, 28), np.uint8), 10),
        (np.zeros((28, 28), np.uint8), -1),
    ],
)
def test_what_is_no_labelled_digit_is_refused(any_store: Store, image, label) -> None:
    with pytest.raises(StoreError, match=f"label {label}"):
        any_store.drawings.add(image, label)
    assert any_store.drawings.all() == []


def test_a_full_store_says_so(any_store: Store, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_DRAWINGS", 2)
    any_store.drawings.add(picture(1), 1)
    any_store.drawings.add(picture(2), 2)
    with pytest.raises(StoreError) as caught:
        any_store.drawings.add(picture(3), 3)
    assert caught.value.values == {"most": 2}
    assert len(any_store.drawings.all()) == 2


def test_packed_pictures_come_back() -> None:
    x, y = np.stack([picture(1), picture(2)]), np.array([3, 8], np.int64)
    again_x, again_y = unpack(pack(x, y))
    np.testing.assert_array_equal(again_x, x)
    np.testing.assert_array_equal(again_y, y)


def test_a_damaged_row_is_passed_over_and_named_once(
    any_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    kept = any_store.drawings.add(picture(0), 3)
    with any_store.database.writing() as connection:
        for image, label in ((b"\0" * 100, 4), (picture(1).tobytes(), 12)):
            row = {"image": image, "label": label, "created_at": 0.0}
            connection.execute(module.drawings.insert().values(row))
    for _ in range(2):
        assert [one.id for one in any_store.drawings.all()] == [kept]
    assert [one.id for one in any_store.drawings.newest(1)] == [kept]
    assert sum(any_store.drawings.counts()) == 1
    assert len(caplog.records) == 1
