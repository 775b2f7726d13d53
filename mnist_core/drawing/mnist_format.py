"""MNIST's own steps, from ink of any size to a picture of 28 by 28 pixels.

MNIST's makers cropped every digit, scaled its longer side to 20 pixels with anti-aliasing and laid
its centre of mass in the middle of 28 by 28 pixels (Y. LeCun, C. Cortes, C. Burges, The MNIST
database; LeCun et al., Gradient-based learning applied to document recognition, 1998). The same
steps here, one function each, straight from the full size.

"Ink" is always bright on black, 0 to 255, whatever the colours were.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mnist_core.errors import DrawingError
from mnist_core.i18n import mark
from mnist_core.tasks.base import SIDE

Ink = NDArray[np.uint8]
"""Ink on black: uint8, shape (height, width), 0 (none) to 255."""

#: Side of the box within MNIST's images that a digit fills.
BOX = 20
#: Less ink than this is anti-aliasing or dust, and decides no edge of the crop.
FAINTEST = 32
#: Strokes thinner than this in the scaled digit, in pixels, are thickened: MNIST has none.
THINNEST = 1.6


def crop(ink: Ink) -> tuple[Ink, bool]:
    """Cut out the part that holds ink.

    Returns:
        The part, and whether it reaches the drawing's edge.

    Raises:
        DrawingError: If there is none.
    """
    rows = np.flatnonzero((ink >= FAINTEST).any(axis=1))
    columns = np.flatnonzero((ink >= FAINTEST).any(axis=0))
    if not len(rows):
        raise DrawingError(
            mark("The drawing is empty. There is nothing to read."),
            mark("Draw one digit, large, in the middle."),
        )
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    touches = top == 0 or left == 0 or bottom == ink.shape[0] or right == ink.shape[1]
    return ink[top:bottom, left:right], bool(touches)


def scale(cropped: Ink) -> Ink:
    """Bring the longer side to 20 pixels, each the average of those that it covers.

    Returns:
        uint8, its longer side 20; its brightest pixel is 255.
    """
    factor = BOX / max(cropped.shape)
    height, width = (max(1, round(side * factor)) for side in cropped.shape)
    image = Image.fromarray(_thickened(cropped, THINNEST / factor))
    scaled = np.asarray(image.resize((width, height), Image.Resampling.BOX), np.float32)
    result: Ink = (scaled * (255 / max(scaled.max(), 1))).round().astype(np.uint8)
    return result


def place(scaled: Ink) -> Ink:
    """Lay a scaled digit into 28 by 28 pixels, its centre of mass in the middle."""
    image = np.zeros((SIDE, SIDE), np.uint8)
    corner = []
    for centre, length in zip(ndimage.center_of_mass(scaled), scaled.shape, strict=True):
        start = round(SIDE / 2 - centre)  # where it lies in MNIST, by pixel number
        corner.append(min(max(start, 0), SIDE - length))
    (top, left), (height, width) = corner, scaled.shape
    image[top : top + height, left : left + width] = scaled
    return image


def _thickened(ink: Ink, width: float) -> Ink:
    """Ink whose strokes are at least so wide, in pixels."""
    mask = np.pad(ink >= 128, 1)
    if not mask.any():
        return ink
    depth = ndimage.distance_transform_edt(mask)
    ridge = depth[(depth == ndimage.maximum_filter(depth, 3)) & mask]
    missing = round((width - (2 * float(np.median(ridge)) - 1)) / 2)
    if missing < 1:
        return ink
    room = np.pad(ink, missing)
    # By distance, not by a dilation, which takes minutes where a thin pen fills a photo.
    near = ndimage.distance_transform_edt(room < 128) <= missing
    return np.where(near, 255, room).astype(np.uint8)
