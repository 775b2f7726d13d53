"""A drawing or a photo of a digit, made into the picture that MNIST would have made of it.

A network that reads 99 of 100 MNIST digits fails on a drawing that was merely shrunk to 28 by 28
pixels, because no digit that it learned from was small, off centre or cut by the edge: so the
ink is brought into MNIST's own form (:mod:`mnist_core.drawing.mnist_format`). In a photo the digit
has to be found first, among paper, light, lines and whatever else is there
(:mod:`mnist_core.drawing.photos`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnist_core.drawing.image_files import open_photo
from mnist_core.drawing.mnist_format import FAINTEST, Ink, crop, place, scale
from mnist_core.drawing.photos import ink_on_paper
from mnist_core.errors import DrawingError
from mnist_core.i18n import mark

#: A filled blob, small against the drawing, is a dot and not a digit: a disc fills 0.785 of its
#: box, about as wide as high. People write a 0 as small as 0.17 of the canvas, and close its hole.
DOT_SIDE = 0.13
DOT_FILL = 0.7
DOT_WIDTH = 0.5
#: A small thing of fewer pixels than this, in its longer side, has no form: it is a dot, too.
FEWEST_PIXELS = 12


@dataclass(frozen=True, eq=False)
class Digit:
    """A digit on its way from the drawing to what a network sees; every step can be shown.

    Attributes:
        ink: All of the drawing.
        cropped: The part that holds ink.
        scaled: Its longer side brought to 20 pixels.
        image_u8: uint8 (28, 28), placed by its centre of mass; as MNIST's own pictures.
        touches_edge: Whether the drawing runs into the edge, so that a part may be missing.
        photo: uint8 (height, width, 3), the file that it was found in, made small; None for a
            drawing.
        frame: Which frame or page of that file it is, from 1.
    """

    ink: Ink
    cropped: Ink
    scaled: Ink
    image_u8: Ink
    touches_edge: bool
    photo: NDArray[np.uint8] | None = None
    frame: int = 1


def read_drawing(pixels: NDArray[np.uint8]) -> Digit:
    """Read a canvas, white on black.

    Args:
        pixels: uint8 RGBA, shape (height, width, 4); where it is transparent there is no ink.

    Raises:
        DrawingError: If it is empty, one dot, or more than one digit.
    """
    red, green, blue, alpha = (pixels[..., channel].astype(np.float32) for channel in range(4))
    brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    return digit_of((brightness * alpha / 255).round().astype(np.uint8))


def read_picture(content: bytes) -> Digit:
    """Read a picture file or a photo: dark on light or light on dark, which it finds by itself.

    Args:
        content: A file that Pillow can open, such as PNG, JPEG, WebP, GIF, BMP or TIFF.

    Raises:
        DrawingError: If it is no such file, too large, blank, or holds no single digit.
    """
    photo = open_photo(content)
    found = digit_of(ink_on_paper(photo.colours))
    return replace(found, photo=photo.preview, frame=photo.frame)


def digit_of(ink: Ink) -> Digit:
    """Make the picture that MNIST would have made of some ink.

    Args:
        ink: uint8 (height, width), any size.

    Raises:
        DrawingError: If there is no ink, one dot, or more than one digit.
    """
    cropped, touches_edge = crop(ink)
    _refuse_what_is_no_digit(cropped, max(ink.shape))
    scaled = scale(cropped)
    return Digit(ink, cropped, scaled, place(scaled), touches_edge)


def _refuse_what_is_no_digit(cropped: Ink, side: int) -> None:
    mask = cropped >= FAINTEST
    height, width = mask.shape
    longest = max(height, width)
    round_one = mask.mean() > DOT_FILL and min(height, width) > DOT_WIDTH * longest
    formless = longest < FEWEST_PIXELS or round_one
    if formless and longest < DOT_SIDE * side:
        raise DrawingError(
            mark("The drawing is one dot. No digit looks like that."),
            mark("Draw one digit, large, with a line."),
        )
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    boxes = [piece[0:2] for piece in ndimage.find_objects(labels)]
    high = [columns for rows, columns in boxes if rows.stop - rows.start > 0.6 * height]
    high.sort(key=lambda columns: columns.start)
    apart = (left.stop < right.start for left, right in itertools.pairwise(high))
    if count > 1 and width > 0.9 * height and any(apart):
        raise DrawingError(
            mark("There seem to be two digits. A network here reads one at a time."),
            mark("Draw one digit; if it was one, let its lines meet."),
        )
