"""The steps from a picture to a network's input are those of training."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.errors import ConfigError
from mnist_core.tasks import prepare, task
from mnist_core.tasks.image_steps import steps
from ui.data import figures
from ui.data.image_steps import STEPS

IMAGE = task("mnist").load().x_train[7]


@pytest.mark.parametrize("scaling", ["unit", "raw"])
@pytest.mark.parametrize("shape", [(784,), (28, 28, 1)])
def test_the_last_picture_is_what_training_sees(scaling: str, shape: tuple[int, ...]) -> None:
    made = steps(IMAGE, 3, scaling=scaling, input_shape=shape, classes=10)
    assert [step.key for step in made] == list(STEPS)
    picture, arranged, scaled, label, one_hot = (step.array for step in made)
    np.testing.assert_array_equal(picture, IMAGE)
    assert (arranged.shape, arranged.dtype) == (shape, np.uint8)
    np.testing.assert_array_equal(
        scaled, prepare(IMAGE[None], scaling=scaling, input_shape=shape)[0]
    )
    assert (label.shape, label.dtype, int(label)) == ((), np.int64, 3)
    np.testing.assert_array_equal(one_hot, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    assert one_hot.dtype == np.float32


@pytest.mark.parametrize("scaling", ["unit", "raw"])
@pytest.mark.parametrize("shape", [(784,), (28, 28, 1)])
def test_the_code_that_is_shown_makes_what_is_shown(scaling: str, shape: tuple[int, ...]) -> None:
    data = task("mnist").load()
    names = {"np": np, "x_train": data.x_train, "y_train": data.y_train, "i": 7}
    made = steps(IMAGE, int(data.y_train[7]), scaling=scaling, input_shape=shape, classes=10)
    for step in made:
        exec(step.code, names)
        result = names[step.code.partition(" =")[0]]
        np.testing.assert_array_equal(result, step.array)
        assert result.dtype == step.array.dtype


def test_an_unknown_scaling_is_refused() -> None:
    with pytest.raises(ConfigError) as raised:
        steps(IMAGE, 3, scaling="loud", input_shape=(784,), classes=10)
    assert raised.value.values["field"] == "pixel_scaling"


def test_the_excerpt_shows_the_same_pixels_in_each_shape() -> None:
    row, column = figures.inkiest_excerpt(IMAGE)
    expected = IMAGE[row, column : column + figures.EXCERPT]
    assert expected.sum() == max(
        IMAGE[r, c : c + figures.EXCERPT].astype(int).sum() for r in range(28) for c in range(17)
    )
    numbers = ", ".join(map(str, expected.tolist()))
    for shape in ((784,), (28, 28, 1), (28, 28)):
        text = figures.excerpt(IMAGE.reshape(shape), (row, column))
        index, _, shown = text.partition("  →  ")
        assert shown == numbers
        np.testing.assert_array_equal(
            eval(f"array{index}", {"array": IMAGE.reshape(shape)}), expected
        )


def test_the_strip_has_a_column_for_each_number() -> None:
    vector = IMAGE.reshape(784) / np.float32(255)
    strip = figures.strip(vector)
    assert strip.shape == (figures.STRIP_HEIGHT, 784)
    np.testing.assert_array_equal(strip[0], (IMAGE.ravel() / IMAGE.max() * 255).round())
    assert not figures.strip(np.zeros(784, np.uint8)).any()


def test_bars_say_their_numbers() -> None:
    html = figures.count_bars(["a", "<b>"], np.array([10, 40]), np.array([0, 8]))
    assert 'aria-label="a: 10, &lt;b&gt;: 40"' in html
    assert "<b>" not in html
    assert "width:25.00%" in html
    assert "width:80.00%" in html
    assert 'class="wrong" style="width:20.00%"' in html
    assert "40 (8)" in html
