"""Finds the one digit in a photo, a scan, a screenshot or a plotted figure.

Ink may stand out by darkness, brightness or hue; the picture may show a sheet on a table or a
square in a figure; lines may have to be taken out. Each of these readings is tried, the plainest
first, until one shows what looks like a digit. If none does, the file is refused.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mnist_core.drawing.ink import Contrast, contrasts
from mnist_core.drawing.ink_pieces import DIGIT, GOOD, SEVERAL, Finding, find
from mnist_core.drawing.mnist_format import Ink
from mnist_core.drawing.regions import alike, regions
from mnist_core.drawing.straight_lines import without_lines
from mnist_core.errors import DrawingError
from mnist_core.i18n import mark

Floats = NDArray[np.float32]

#: The least that what is read is worth: its likeness to a digit, less its doubts.
LEAST_WORTH = 0.5
#: The least likeness itself. Of a hundred digits that people wrote two lie below it, of a hundred
#: pairs of digits that touch each other ninety. So what stands alone and has a digit's proportions,
#: height to width, may look less like one.
LEAST_LIKENESS, LEAST_ALONE = -0.7, -2.5
PROPORTIONS = (1.15, 1.8)
#: It is worth more if there is nothing else; half as much with one thing to leave out.
ALONE = 2.5
#: Nothing else is tried after something that is worth this.
CLEAR = 3.4
#: Doubts about what is found in a picture within the picture, and about what is left when lines
#: are taken out.
WITHIN, WITHOUT_LINES = 0.5, 1.5
#: One more if lines in another direction are left in.
SOME = 1.0
#: More doubts about the rest of such a picture.
AROUND = 2.0
#: A reading with less doubt than this is plain, and shows whatever it shows.
PLAIN = 0.2
#: So much may one be in doubt that shows one straight stroke, in a square for example.
PLAIN_WITHIN = 0.6
#: A digit that is smaller than this share of the picture has to be plain.
SMALLEST = 0.08
#: What looks less like a digit is no ink of one, and tells nothing of its size; else a reading
#: that is smaller than this share of it is a bit of it.
WORTHLESS, PART = -0.7, 0.4
#: One straight stroke may be a 1 or a bit of anything. So much narrower than long it is straight.
ONE_STROKE, STRAIGHT = 4.0, 0.025
#: So many regions of a picture are looked at, each in so many respects; and lines are taken out
#: in so many.
MOST_REGIONS, FIRST, MOST_RESPECTS = 2, 5, 4


def ink_on_paper(colours: Floats) -> Ink:
    """The ink of the one digit in a picture.

    Args:
        colours: float32 (height, width, 3) or grey (height, width), 0 (black) to 255.

    Raises:
        DrawingError: If nothing stands out, or no single digit.
    """
    if colours.ndim == 2:
        colours = np.repeat(colours[..., None], 3, axis=2)
    best: Reading | None = None
    for reading in _readings(colours):
        if best is not None and reading.is_bit_of(best):
            continue
        if best is None or reading.worth > best.worth:
            best = reading
        if reading.is_clear:
            break
    if best is None:
        raise DrawingError(
            mark(
                "No digit was found in the picture, because ink and paper have nearly the same "
                "brightness and colour."
            ),
            mark("Use a dark pen on light paper and even light, and let the digit fill the photo."),
        )
    if best.finding.digits > 1:
        raise _several(best.finding.digits)
    if not best.is_acceptable:
        raise DrawingError(
            mark(
                "No single digit was found in the picture: its dark shapes do not look like a digit."
            ),
            mark("Crop the picture to the digit, or write one digit alone on plain paper."),
        )
    return best.contrast.ink(best.finding.mask)


@dataclass(frozen=True, eq=False)
class Reading:
    """What may be the digit.

    Attributes:
        contrast: In which respect it stands out.
        finding: Which pieces of the ink it is.
        doubt: How far-fetched that is, from 0, measured by likeness to a digit.
    """

    contrast: Contrast
    finding: Finding
    doubt: float

    @cached_property
    def worth(self) -> float:
        """Its likeness to a digit, less all doubts."""
        beside = self.finding.beside
        alone = 0.0 if beside is None else ALONE / (1 + beside)
        return self.finding.score - self.doubt - self._as_bit + alone

    @property
    def is_clear(self) -> bool:
        """Whether nothing else has to be tried."""
        likeness = self.finding.score - self.doubt - self._as_bit
        return bool(likeness >= GOOD or self.worth >= CLEAR)

    @property
    def is_acceptable(self) -> bool:
        """Whether it is read if nothing better was found."""
        rows, columns = np.nonzero(self.finding.mask)
        proportion = (np.ptp(rows) + 1) / (np.ptp(columns) + 1)
        alone = self.doubt <= PLAIN and self.finding.beside == 0
        if alone and PROPORTIONS[0] < proportion < PROPORTIONS[1]:
            return bool(self.finding.score >= LEAST_ALONE)
        return bool(self.worth >= LEAST_WORTH and self.finding.score >= LEAST_LIKENESS)

    def is_bit_of(self, other: Reading) -> bool:
        """Whether it may be a bit of what another reading shows, or a mere speck."""
        if self.doubt <= PLAIN:
            return False
        least = SMALLEST * max(self.finding.mask.shape)
        if other.finding.score > WORTHLESS:
            least = max(least, PART * other.finding.size)
        return bool(self.finding.size < least)

    @cached_property
    def _as_bit(self) -> float:
        """Doubt about one straight stroke, above all one from the frame."""
        mask = self.finding.mask
        rows, columns = np.nonzero(mask)
        spread = np.linalg.eigvalsh(np.cov(rows, columns)) if len(rows) > 2 else np.zeros(2)
        if spread[0] > STRAIGHT * spread[1]:
            return 0
        if np.ptp(columns) > np.ptp(rows):  # no digit lies
            return 2 * ONE_STROKE
        at_frame = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        return ONE_STROKE * (float(self.doubt > PLAIN_WITHIN) + float(at_frame))


def _readings(colours: Floats) -> Iterator[Reading]:
    """What may be the digit, the plainest reading first."""
    respects: list[tuple[Contrast, float]] = []
    for contrast, doubt in _respects(colours):
        respects.append((contrast, doubt))
        if (finding := find(contrast.ink(contrast.mask()))) is not None:
            yield Reading(contrast, finding, doubt)
        if len(respects) == 1 and (several := _in_squares(colours)) is not None:
            yield several
    for contrast, doubt in sorted(respects, key=lambda one: one[1])[:MOST_RESPECTS]:
        for place, mask in enumerate(without_lines(contrast.mask())):
            if (finding := find(contrast.ink(mask))) is not None:
                yield Reading(contrast, finding, doubt + WITHOUT_LINES + SOME * (place > 0))


def _in_squares(colours: Floats) -> Reading | None:
    """Several digits, each in a square of its own; None if there are fewer than two."""
    parts = alike(colours)
    found = []
    for part in parts if len(parts) > 1 else []:
        for contrast in itertools.islice(contrasts(part), 1):
            finding = find(contrast.ink(contrast.mask()))
            if finding is not None and finding.score >= DIGIT:
                found.append(Reading(contrast, finding, 0))
    if len(found) < 2:
        return None
    several = replace(found[0].finding, digits=len(found), score=SEVERAL, beside=None)
    return replace(found[0], finding=several)


def _respects(colours: Floats) -> Iterator[tuple[Contrast, float]]:
    """How ink may stand out in the picture and in the regions that it shows, with the doubts."""
    whole = contrasts(colours)
    if (plainest := next(whole, None)) is not None:
        yield plainest, plainest.doubt
    inner = regions(colours)[:MOST_REGIONS]
    more = AROUND if inner else 0.0
    inner += [part for region in inner for part in regions(region)[:MOST_REGIONS]]
    parts = (
        ((one, one.doubt + WITHIN) for one in itertools.islice(contrasts(part), FIRST))
        for part in inner
    )
    # Where the picture shows a sheet, its own hues are those of table and sheet.
    others = ((one, one.doubt + more * (one.doubt > PLAIN_WITHIN)) for one in whole)
    yield from heapq.merge(others, *parts, key=lambda one: one[1])


def _several(count: int) -> DrawingError:
    return DrawingError(
        mark("The picture seems to show {count} digits, but a prediction is made for one digit."),
        mark("Crop the picture to one digit. If it shows one, draw its lines so that they meet."),
        count=count,
    )
