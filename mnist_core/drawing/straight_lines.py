"""Takes straight lines out of ink: those of ruled and squared paper, of boxes and forms.

A line is long and thin; strokes that cross it go on above and below it, and stay.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]

#: Lines are looked for at this longest side.
SIDE = 400
#: Lines lean at most so far, as a slope.
MOST_SLOPE = 0.09
SLOPES = 15
#: So much of a line must be there.
UNBROKEN = 0.85
#: A line is no thicker than this share of the picture's longer side.
THICKEST = 0.025
#: A line has at least this share of the length of the ink that it is a part of.
LEAST_LENGTH = 0.75


def without_lines(mask: Mask) -> Iterator[Mask]:
    """The ink without all lines, then without those across and without those along alone.

    Args:
        mask: bool (height, width).
    """
    factor = -(-max(mask.shape) // SIDE)
    room = [(0, -side % factor) for side in mask.shape]
    blocks = np.pad(mask, room).reshape(-(-mask.shape[0] // factor), factor, -1, factor)
    small: Mask = np.asarray(blocks.any(axis=(1, 3)))
    across = lines(small)
    along = lines(small.T).T
    both = across.any() and along.any()
    for found in (across | along, across, along) if both else (across | along,):
        if found.any():
            left = _repaired(small & ~found, found)
            large = left.repeat(factor, 0).repeat(factor, 1)[: mask.shape[0], : mask.shape[1]]
            yield mask & large


def lines(mask: Mask) -> Mask:
    """Pixels of ink in lines from left to right, without those of strokes that cross them."""
    found = np.zeros_like(mask)
    columns = np.flatnonzero(mask.any(axis=0))
    if not len(columns):
        return found
    length = max(8, int(LEAST_LENGTH * np.ptp(columns)))
    thickest = max(2, round(THICKEST * max(mask.shape)))
    middle = np.arange(mask.shape[1]) - mask.shape[1] // 2
    rows = np.arange(mask.shape[0])[:, None]
    for slope in np.linspace(-MOST_SLOPE, MOST_SLOPE, SLOPES):
        shift = np.rint(slope * middle).astype(int)
        there = (rows + shift) % mask.shape[0]
        level = np.take_along_axis(mask, there, axis=0)
        # One pixel more or less: a line is not quite straight.
        thick = level | np.roll(level, 1, 0) | np.roll(level, -1, 0)
        share = ndimage.uniform_filter1d(thick.astype(np.float32), length, axis=1, mode="constant")
        core = ndimage.maximum_filter1d(share >= UNBROKEN, length, axis=1)
        np.put_along_axis(found, there, np.take_along_axis(found, there, 0) | (core & level), 0)
    thin: Mask = found & (_heights(mask) <= max(2, min(thickest, 1.6 * _usual(mask, found))))
    return thin


def _usual(mask: Mask, found: Mask) -> float:
    """How thick the lines are."""
    heights = _heights(mask)[found]
    return float(np.median(heights)) if len(heights) else 0.0


def _heights(mask: Mask) -> NDArray[np.int_]:
    """For each pixel of ink how many lie above and below it without a gap, and itself."""
    rows = np.arange(mask.shape[0])[:, None]
    last = np.maximum.accumulate(np.where(mask, -1, rows), axis=0)
    following = np.where(mask, mask.shape[0], rows)[::-1]
    following = np.minimum.accumulate(following, axis=0)[::-1]
    return np.where(mask, following - last - 1, 0)


def _repaired(left: Mask, taken: Mask) -> Mask:
    """The ink that is left, with its strokes closed where a line went through."""
    thick = np.minimum(_heights(taken), _heights(taken.T).T)
    reach = int(np.median(thick[taken])) + 1
    padded = np.pad(left, 2 * reach)
    near = ndimage.distance_transform_edt(~padded) <= reach if padded.any() else padded
    closed = ndimage.distance_transform_edt(np.pad(near, 1))[1:-1, 1:-1] > reach
    inner = closed[2 * reach : -2 * reach, 2 * reach : -2 * reach]
    repaired: Mask = left | (taken & inner)
    # Where two lines crossed, a dot is left.
    labels, _count = ndimage.label(repaired, structure=np.ones((3, 3)))
    whole = np.bincount(labels.ravel()) > (2 * reach) ** 2
    whole[0] = False
    without_dots: Mask = whole[labels]
    return without_dots
