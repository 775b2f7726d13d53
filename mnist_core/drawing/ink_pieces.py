"""Which pieces of ink are the digit, or whether they are several.

What touches the frame and lies apart is left out, and so is what is much smaller and far off. One
digit may consist of several pieces (a 5 with its roof apart, a 4 in two strokes), and several
digits do: pieces that together look like a digit (:mod:`mnist_core.drawing.likeness`) are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mnist_core.drawing import likeness
from mnist_core.drawing.mnist_format import FAINTEST, Ink, crop, place, scale
from mnist_core.drawing.pieces import COMPARABLE, Mask, Piece, near, pieces_of, sorted_out

#: A score from which on ink certainly looks like a digit.
GOOD = 1.5
#: The least score at which a piece beside others counts as a digit.
DIGIT = 0.0
#: A score below which small pieces beside a large one are tried without.
UNLIKELY = -0.7
#: Large pieces that are one digit nearly touch.
TOUCHING = 0.12
#: A digit is not so much thicker than the next.
THICKER = 3
#: What several digits are worth, compared with the score of one.
SEVERAL = 1.5
#: What a digit loses that runs into the frame.
AT_FRAME = 1.0
#: What a digit loses that has something as large beside it; four times as much if it is larger.
BESIDE = 1.0
#: And it is never worth more than this.
UNCLEAR = 1.0
#: What covers more than this share of one side of the photo's frame is no digit's stroke.
ALONG_FRAME = 0.3


@dataclass(frozen=True, eq=False)
class Finding:
    """What some ink may be.

    Attributes:
        mask: The pixels of the digit, bool (height, width).
        score: How much it looks like one (:func:`mnist_core.drawing.likeness.score`).
        digits: How many digits there seem to be.
        beside: How many other things there are; None where they might be a part of it.
    """

    mask: Mask
    score: float
    digits: int = 1
    beside: int | None = None

    @property
    def size(self) -> int:
        """The longer side of its box."""
        rows, columns = np.nonzero(self.mask)
        return int(max(np.ptp(rows), np.ptp(columns))) + 1


def find(ink: Ink) -> Finding | None:
    """Find the digit among some ink, or how many there are; None where there is nothing.

    Args:
        ink: uint8 (height, width), 0 to 255.
    """
    pieces = pieces_of(ink > 0)
    inner, at_frame = sorted_out(pieces)
    if not inner:
        return _from_frame(ink, at_frame)
    largest = max(piece.size for piece in inner)
    main = [piece for piece in inner if piece.size >= COMPARABLE * largest]
    small = [piece for piece in inner if piece.size < COMPARABLE * largest]
    best = _finding(ink, main + near(small, main))
    if best.score < UNLIKELY:
        best = max([best, _finding(ink, main)], key=lambda one: one.score)
    if len(main) == 1 or best.score >= GOOD:
        return replace(_with_frame(ink, best, at_frame), beside=len(pieces) - 1)
    if best.score >= DIGIT and len(near(main[1:], main[:1], TOUCHING)) == len(main) - 1:
        return _with_frame(ink, best, at_frame)
    alone = [_finding(ink, [piece, *near(small, [piece])]) for piece in main]
    likeliest = max(range(len(main)), key=lambda place: alone[place].score)
    chosen = main[likeliest]
    alike = [
        piece
        for one, piece in zip(alone, main, strict=True)
        if (one.score >= DIGIT and piece.width <= THICKER * max(chosen.width, 2))
        or piece.is_like(chosen)
    ]
    if len(alike) >= 2 and alone[likeliest].score >= DIGIT:
        return Finding(best.mask, SEVERAL, len(alike))
    small_beside = main[likeliest].area < 0.5 * max(piece.area for piece in main)
    loss = BESIDE * (1 + 3 * small_beside)
    single = replace(alone[likeliest], score=min(alone[likeliest].score - loss, UNCLEAR))
    return _with_frame(ink, max([best, single], key=lambda one: one.score), at_frame)


def _with_frame(ink: Ink, best: Finding, at_frame: Sequence[Piece]) -> Finding:
    """The finding, or if it is no digit, that of what runs into the frame."""
    other = _from_frame(ink, at_frame) if best.score < DIGIT else None
    if other is None or other.mask.sum() < best.mask.sum():
        return best
    both = Finding(best.mask | other.mask, score(ink * (best.mask | other.mask)) - AT_FRAME)
    return max([best, other, both], key=lambda one: one.score)


def _from_frame(ink: Ink, pieces: Sequence[Piece]) -> Finding | None:
    """What runs into the frame, if it does not lie along it or in a corner, as a table does."""
    found = []
    for piece in pieces:
        mask = piece.mask
        edges = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
        in_corner = mask[[0, 0, -1, -1], [0, -1, 0, -1]].any()
        if not in_corner and all(edge.mean() < ALONG_FRAME for edge in edges):
            found.append(piece)
    if not found:
        return None
    best = _finding(ink, [max(found, key=lambda piece: piece.area)])
    return replace(best, score=best.score - AT_FRAME)


def score(ink: Ink) -> float:
    """How much ink looks like a digit."""
    return likeness.score(place(scale(crop(ink)[0]))) if (ink >= FAINTEST).any() else -np.inf


def _finding(ink: Ink, pieces: Sequence[Piece]) -> Finding:
    mask = np.logical_or.reduce([piece.mask for piece in pieces])
    return Finding(mask, score(ink * mask))
