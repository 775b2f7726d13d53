"""Pieces of ink: what hangs together, and which of it can be no digit by its form.

A punched hole, a line below, a bar of a figure and a box around are no part of a digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mnist_core.drawing.straight_lines import without_lines

Mask = NDArray[np.bool_]

#: Smaller than this share of the largest piece, by area, is dust.
DUST = 0.03
#: A piece is one of several digits if it is at least so large, measured by the largest.
COMPARABLE = 0.4
#: A small piece belongs to a digit that is as near as this share of the digit's size.
NEAR = 0.25
#: A line is so many times longer than thick.
LINE = 9
#: What lies in a box is at least so large, measured by the box's shorter side.
INSIDE = 0.25
#: A filled round thing is a blot or a hole if it is smaller than this share of another piece.
BLOT = 0.6
#: Pieces that lie farther apart than this share of the picture's longer side stay apart.
WIDEST_GAP = 0.01


@dataclass(frozen=True, eq=False)
class Piece:
    """Ink that hangs together.

    Attributes:
        mask: bool (height, width).
        box: top, bottom, left and right.
        area: Number of its pixels.
        width: How thick its strokes are, in pixels.
        at_frame: Whether it touches the picture's frame.
    """

    mask: Mask
    box: tuple[int, int, int, int]
    area: int
    width: float
    at_frame: bool

    @property
    def size(self) -> int:
        """Its longer side."""
        top, bottom, left, right = self.box
        return max(bottom - top, right - left)

    @property
    def breadth(self) -> int:
        """Its shorter side."""
        top, bottom, left, right = self.box
        return min(bottom - top, right - left)

    def is_like(self, other: Piece) -> bool:
        """Whether size and thickness are about the other's."""
        large, small = max(self.size, other.size), min(self.size, other.size)
        thick, thin = max(self.width, other.width), min(self.width, other.width)
        return small >= COMPARABLE * large and thick <= 1.7 * thin + 1

    def encloses(self, other: Piece) -> bool:
        """Whether the other lies within its outline."""
        top, bottom, left, right = self.box
        inside = other.box[0] > top and other.box[1] < bottom
        if not (inside and other.box[2] > left and other.box[3] < right):
            return False
        filled = ndimage.binary_fill_holes(self.mask[top:bottom, left:right])
        return bool(filled[other.mask[top:bottom, left:right]].mean() > 0.9)


def pieces_of(mask: Mask) -> list[Piece]:
    """The pieces without dust, largest first; gaps narrower than a stroke part none."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    ridge = depth[(depth == ndimage.maximum_filter(depth, 3)) & mask]
    if not len(ridge):
        return []
    gap = min(float(np.percentile(ridge, 75)), WIDEST_GAP * max(mask.shape))
    joined = ndimage.distance_transform_edt(~mask) <= gap
    labels, count = ndimage.label(joined, structure=np.ones((3, 3)))
    labels = np.where(mask, labels, 0)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    frame = set(labels[0]) | set(labels[-1]) | set(labels[:, 0]) | set(labels[:, -1])
    inner = [areas[label] for label in range(1, count + 1) if label not in frame]
    least = DUST * max([*inner, 0.1 * areas[1:].max()])
    pieces = []
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None or areas[label] < max(least, 3):
            continue
        own = labels == label
        # Twice the depth where it is deepest, but for a few junctions.
        width = 2 * float(np.percentile(depth[box][own[box]], 95))
        pieces.append(
            Piece(
                own,
                (box[0].start, box[0].stop, box[1].start, box[1].stop),
                int(areas[label]),
                width,
                label in frame,
            )
        )
    return sorted(pieces, key=lambda piece: -piece.area)


def sorted_out(pieces: list[Piece]) -> tuple[list[Piece], list[Piece]]:
    """What may be a digit, and what touches the frame."""
    for outer in pieces:  # a box, or the outline of a figure
        within = [one for one in pieces if one is not outer and outer.encloses(one)]
        large = [one for one in within if one.size > INSIDE * outer.breadth and not _is_disc(one)]
        if large:
            inner, at_frame = sorted_out(within)
            return inner + _across_lines(outer, max(piece.size for piece in large)), at_frame
    inner = [piece for piece in pieces if not piece.at_frame]
    lines = [piece for piece in inner if _is_line(piece, inner) or _is_bar(piece)]
    formed = [piece.size for piece in inner if piece not in lines and not _is_disc(piece)]
    largest = max(formed, default=0)
    candidates = [
        piece
        for piece in inner
        if piece not in lines and not (_is_disc(piece) and piece.size < BLOT * largest)
    ]
    return candidates or inner, [piece for piece in pieces if piece.at_frame]


def _across_lines(outer: Piece, size: int) -> list[Piece]:
    """Ink of about this size that hangs together with a box because it runs into its lines."""
    left = next(without_lines(outer.mask), None)
    return [
        piece
        for piece in (pieces_of(left) if left is not None else [])
        if piece.size >= COMPARABLE * size and piece.breadth > 0.3 * piece.size
    ]


def _is_disc(piece: Piece) -> bool:
    """A filled round thing, as a punched hole or a blot."""
    top, bottom, left, right = piece.box
    height, width = bottom - top, right - left
    return min(height, width) > 0.5 * max(height, width) and piece.area > 0.68 * height * width


def _is_line(piece: Piece, others: Sequence[Piece]) -> bool:
    """A straight line that is no 1: it lies, or is much longer than everything else."""
    top, bottom, left, right = piece.box
    height, width = bottom - top, right - left
    if piece.area * LINE > piece.size**2 or min(height, width) > 0.3 * max(height, width):
        return False
    if len(others) < 2:
        return False
    if width > height:
        return True
    return all(one is piece or one.size < 0.5 * height for one in others)


def _is_bar(piece: Piece) -> bool:
    """A printed rectangle, as a figure's bar of colours: no hand draws so straight an edge."""
    top, bottom, left, right = piece.box
    own = piece.mask[top:bottom, left:right]
    if piece.breadth > 0.4 * piece.size or piece.size < 30:
        return False
    own = own if bottom - top > right - left else own.T
    begins, lengths = own.argmax(axis=1), own.sum(axis=1)
    few, many = np.percentile(lengths, (15, 85))
    return bool(few > 0.9 * many and np.ptp(np.percentile(begins, (15, 85))) <= 1)


def near(small: Sequence[Piece], main: Sequence[Piece], share: float = NEAR) -> list[Piece]:
    """Which of the small pieces lie close to one of the large."""
    found = []
    for piece in small:
        for one in main:
            apart = max(
                piece.box[0] - one.box[1],
                one.box[0] - piece.box[1],
                piece.box[2] - one.box[3],
                one.box[2] - piece.box[3],
            )
            if apart < share * one.size:
                found.append(piece)
                break
    return found
