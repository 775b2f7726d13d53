"""Finds sheets on a table, notes on a wall and plotted squares: what a picture shows a picture of.

Such a region is solid and convex and has straight edges; ink is in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from mnist_core.drawing.ink import otsu

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Regions are looked for at this longest side.
SIDE = 256
#: A region covers at least this share of the picture, and no more than all but its rim.
LEAST, MOST = 0.03, 0.97
#: How much of its convex hull it covers, and how much of its box.
SOLID, OF_BOX = 0.93, 0.6
#: Its rim is left out, this share of its size.
RIM = 0.02


def regions(colours: Floats) -> list[Floats]:
    """The regions of a picture, each as a picture of its own, the largest first.

    Args:
        colours: float32 (height, width, 3), 0 to 255.
    """
    return [_cut_out(colours, one) for one in _found(colours)]


def alike(colours: Floats) -> list[Floats]:
    """Regions beside each other and about as large as the largest, as in a figure of several."""
    chosen: list[Mask] = []
    for one in _found(colours):
        as_large = not chosen or one.sum() > 0.6 * chosen[0].sum()
        if as_large and not any((one & other).any() for other in chosen):
            chosen.append(one)
    return [_cut_out(colours, one) for one in chosen]


def _found(colours: Floats) -> list[Mask]:
    """Where regions are, in the picture made small, the largest first."""
    grey = Image.fromarray(colours.mean(-1))
    grey.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    small = np.asarray(grey)
    found: list[Mask] = []
    for mask in (small > otsu(small), small <= otsu(small)):
        opened = ndimage.binary_opening(ndimage.binary_fill_holes(mask), np.ones((5, 5)))
        labels, _count = ndimage.label(opened)
        for label, box in enumerate(ndimage.find_objects(labels), start=1):
            own = labels == label
            if LEAST < own.mean() < MOST and _is_sheet(own[box]):
                found.append(own)
    return sorted(found, key=lambda one: -int(one.sum()))


def _is_sheet(own: Mask) -> bool:
    height, width = own.shape
    if min(height, width) < 0.4 * max(height, width) or own.mean() < OF_BOX:
        return False
    try:
        hull = ConvexHull(np.argwhere(own ^ ndimage.binary_erosion(own)))
    except QhullError:
        return False
    return bool(own.sum() > SOLID * hull.volume)


def _cut_out(colours: Floats, own: Mask) -> Floats:
    """The region alone; what is not it takes the colour of its nearest pixel."""
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    rim = max(1, round(RIM * max(np.ptp(rows), np.ptp(columns))))
    inner = ndimage.distance_transform_edt(np.pad(own, 1))[1:-1, 1:-1] > rim
    rows, columns = np.flatnonzero(inner.any(1)), np.flatnonzero(inner.any(0))
    if not len(rows):
        return colours[:1, :1]
    ratio = np.array(colours.shape[:2]) / own.shape
    top, left = np.ceil(ratio * (rows[0], columns[0])).astype(int)
    bottom, right = np.floor(ratio * (rows[-1] + 1, columns[-1] + 1)).astype(int)
    part = colours[top:bottom, left:right]
    inside = inner[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if inside.all():
        return part
    large = np.asarray(Image.fromarray(inside).resize(part.shape[1::-1]))
    nearest = ndimage.distance_transform_edt(~large, return_distances=False, return_indices=True)
    filled: Floats = part[tuple(nearest)]
    return filled
