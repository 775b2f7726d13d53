"""Whether a drawing looks like a digit: rates on digits and on drawings that are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.not_digits import ORDINARY, UNSEEN, drawn, letter
from benchmarks.pen_strokes import render
from mnist_core.drawing.digit import digit_of
from mnist_core.drawing.likeness import FILE, looks_like_a_digit
from mnist_core.errors import DrawingError
from mnist_core.tasks import task

PENS = Path(__file__).parents[1] / "browser" / "pen_strokes.json"


def flagged(ink: np.ndarray) -> bool:
    try:
        return not looks_like_a_digit(digit_of(ink).image_u8)
    except DrawingError:  # no model sees it
        return True


def test_few_test_digits_are_flagged() -> None:
    images = task("mnist").load().x_test[::10]
    assert np.mean([not looks_like_a_digit(image) for image in images]) <= 0.02


def test_few_digits_of_people_with_a_pen_are_flagged() -> None:
    pens = json.loads(PENS.read_text())["digits"]
    images = [digit_of(render(pen["strokes"])).image_u8 for pen in pens]
    assert np.mean([not looks_like_a_digit(image) for image in images]) <= 0.07


@pytest.mark.parametrize("families", [ORDINARY, UNSEEN], ids=["ordinary", "unseen"])
def test_most_drawings_that_are_no_digits_are_flagged(families: dict) -> None:
    rng = np.random.default_rng(7)
    found = [flagged(drawn(rng, draw(rng))) for draw in families.values() for _number in range(8)]
    assert np.mean(found) >= 0.8


def test_most_letters_are_flagged() -> None:
    rng = np.random.default_rng(8)
    capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    found = [flagged(drawn(rng, letter(rng, name))) for name in capitals for _number in range(3)]
    assert np.mean(found) >= 0.65  # O, I, S and Z are digits by their shape


def test_its_weights_are_small() -> None:
    assert FILE.stat().st_size < 300_000
