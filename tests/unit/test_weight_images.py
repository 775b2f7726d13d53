"""Weights as pictures, in the form that TensorBoard's Images tab reads."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from tensorboard.compat.proto.summary_pb2 import Summary

from mnist_core.tensorboard.images import MOST_VALUES, add_image, image_epochs, weight_picture


def test_the_sign_of_a_weight_is_its_grey() -> None:
    picture = weight_picture(np.array([[-2.0, 0.0, 1.0], [2.0, -1.0, 0.0]]))
    assert picture.tolist() == [[0, 128, 191], [255, 64, 128]]
    assert weight_picture(np.zeros((3, 2))).shape == (2, 3)


def test_filters_lie_beside_each_other() -> None:
    weights = np.zeros((3, 5, 2, 4))
    weights[1, 2, 1, 3] = 1  # of the second input and the fourth filter
    picture = weight_picture(weights)
    assert picture.shape == (2 * 4, 4 * 6)
    assert picture[4 + 1, 3 * 6 + 2] == 255
    assert not picture[3].any() and not picture[:, 5].any()  # the lines between them


@pytest.mark.parametrize(
    "weights",
    [np.zeros(5), np.full((2, 2), np.nan), np.zeros((1, MOST_VALUES + 1))],
    ids=["bias", "no numbers", "too many"],
)
def test_what_gives_no_picture(weights: np.ndarray) -> None:
    summary = Summary()
    add_image(summary, "dense/kernel", weights)
    assert weight_picture(weights) is None and not summary.value


def test_the_summary_holds_the_sides_and_a_png() -> None:
    summary = Summary()
    add_image(summary, "dense/kernel", np.eye(3, 7))
    (value,) = summary.value
    assert value.tag == "dense/kernel/image"
    assert value.metadata.plugin_data.plugin_name == "images"
    width, height, png = value.tensor.string_val
    assert (width, height) == (b"7", b"3")
    np.testing.assert_array_equal(Image.open(io.BytesIO(png)), weight_picture(np.eye(3, 7)))


@pytest.mark.parametrize("epochs", [1, 5, 10, 1000, 20_000])
def test_pictures_are_spread_over_the_run(epochs: int) -> None:
    chosen = image_epochs(epochs)
    assert {1, epochs} <= chosen and len(chosen) == min(epochs, 10)
