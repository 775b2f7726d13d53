"""Pictures in rows: one image that holds them all."""

import numpy as np

from ui.common.image_grid import sheet


def test_the_sheet_holds_each_picture_in_its_place() -> None:
    images = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3)
    made = sheet(images, 2)
    assert made.shape == (3 * 2, 2 * 3)
    for place, image in enumerate(images):
        y, x = 2 * (place // 2), 3 * (place % 2)
        np.testing.assert_array_equal(made[y : y + 2, x : x + 3], image)
    assert not made[4:, 3:].any()


def test_no_picture_at_all_is_an_empty_sheet() -> None:
    assert not sheet(np.empty((0, 28, 28), np.uint8)).any()
