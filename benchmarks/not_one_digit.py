"""Images that contain more than one MNIST digit: several digits, or a digit with lines or blots.

For a person it is obvious that a 3 above a 7 is not a digit; a network needs such training images.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from mnist_core.drawing.mnist_format import crop, place, scale

Images = NDArray[np.uint8]
#: Factor by which MNIST's digits are enlarged before they are combined.
FINER = 4


def several(images: Images, labels: NDArray[np.uint8], rng: np.random.Generator) -> Images:
    """Return two to eight digits in columns, rows or both, apart or touching: uint8 (28, 28)."""
    columns, rows = [(1, 2), (1, 3), (1, 2), (2, 1), (3, 1), (2, 2), (4, 2), (1, 4)][
        rng.integers(8)
    ]
    touching = rng.random() < 0.5
    gap = rng.uniform(-0.12, 0.0) if touching else rng.uniform(0.0, 0.35)
    drift = rng.uniform(0, 0.4)
    canvas = np.zeros((1200, 1200), np.uint8)
    bottom = np.zeros(columns)
    right = np.zeros(rows)
    chosen = rng.permutation(len(images))[:60]
    if columns == 1:  # a column of 1s looks like a long 1, and two 0s look like an 8
        noughts = chosen[labels[chosen] == 0][:1]
        others = chosen[~np.isin(labels[chosen], [0, 1])][: rows - len(noughts)]
        chosen = rng.permutation(np.concatenate([noughts, others]))
    for number, place_in in enumerate(chosen[: columns * rows]):
        row, column = divmod(number, columns)
        one = _larger(images[place_in], rng)
        wanted = rng.uniform(0.75, 1.3) * 22 * FINER
        top, left = bottom[column], right[row]
        if columns == 1:
            left = 200 + rng.uniform(-drift, drift) * wanted / 2
        if rows == 1:
            top = 200 + rng.uniform(-drift, drift) * wanted / 2
        size = (
            max(1, round(one.shape[1] * wanted / max(one.shape))),
            round(wanted * one.shape[0] / max(one.shape)),
        )
        one = np.asarray(Image.fromarray(one).resize((size[0], max(1, size[1]))))
        y, x = round(max(top, 0)), round(max(left, 0))
        part = canvas[y : y + one.shape[0], x : x + one.shape[1]]
        np.maximum(part, one[: part.shape[0], : part.shape[1]], out=part)
        bottom[column] = y + one.shape[0] + gap * wanted
        right[row] = x + one.shape[1] + gap * wanted
    return place(scale(crop(canvas)[0]))


def cluttered(image: Images, rng: np.random.Generator) -> Images:
    """Return a digit with a line through or under it, a box or a blot: uint8 (28, 28)."""
    one = _larger(image, rng)
    height, width = one.shape
    room = max(one.shape)
    canvas = Image.fromarray(np.pad(one, room))
    pen = ImageDraw.Draw(canvas)
    thick = int(rng.integers(3, 10))
    kind = rng.integers(4)
    if kind == 0:
        y = room + height * rng.uniform(0.75, 1.25)
        if rng.random() < 0.3:
            y = room - height * rng.uniform(0, 0.25)
        ends = rng.uniform(0.35, 0.9, 2) * room
        tilt = rng.uniform(-0.06, 0.06) * room
        pen.line((room - ends[0], y, room + width + ends[1], y + tilt), 255, thick)
    elif kind == 1:
        out = rng.uniform(0.0, 0.35, 4) * room
        corners = (room - out[0], room - out[1], room + width + out[2], room + height + out[3])
        pen.rectangle(corners, None, 255, thick)
    elif kind == 2:
        x, y = rng.uniform(-0.4, 1.4, 2) * (width, height) + room
        if -0.15 * room < x - room < width + 0.15 * room:
            x = room - 0.3 * room
        a, b = rng.uniform(0.12, 0.3, 2) * room
        pen.ellipse((x - a, y - b, x + a, y + b), 255)
    else:
        x = room - width * rng.uniform(0.1, 0.5) if rng.random() < 0.5 else room + 1.2 * width
        over = rng.uniform(0.15, 0.6, 2) * room
        pen.line((x, room - over[0], x, room + height + over[1]), 255, thick)
    return place(scale(crop(np.asarray(canvas))[0]))


def _larger(image: Images, rng: np.random.Generator) -> Images:
    """Return the digit's bounding box, enlarged, with a thicker or thinner pen."""
    cropped, _touches = crop(image)
    size = (cropped.shape[1] * FINER, cropped.shape[0] * FINER)
    larger = np.asarray(Image.fromarray(cropped).resize(size, Image.Resampling.BICUBIC))
    if rng.random() < 0.5:
        change = ndimage.grey_dilation if rng.random() < 0.5 else ndimage.grey_erosion
        width = int(rng.integers(2, 5))
        changed: Images = change(np.pad(larger, 4), (width, width))
        if (changed >= 128).sum() > 60:
            larger = crop(changed)[0]
    return larger
