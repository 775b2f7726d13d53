"""Tells ink from paper, under uneven light, on paper of any colour, in ink of any colour.

Ink is what there is less of: the median of the surroundings is paper. How much of the paper's
brightness is missing does not depend on the light; Otsu's threshold (1979) divides that into ink
and paper. What differs in hue alone, as a yellow marker on white, is found by hue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Ink and paper that lie closer than this, on a scale of 255, are one.
LEAST_CONTRAST = 5
#: So many times the noise from one pixel to the next must ink stand out.
OVER_NOISE = 5
#: What is missing on darker paper counts as if it were so bright: noise in black is no ink.
DARKEST_PAPER = 24
#: The same for chalk on a board, measured from white: the glow around ink on paper is no chalk.
BRIGHTEST_BOARD = 96
#: Doubt about what stands out half as much as something else.
WEAKER = 1.0
#: Ink is bright only where the skewness of the differences from the surroundings (-1 to 1) exceeds
#: the first; between 0 and it, paper may lie on a dark table: dark and bright get the same doubt.
CERTAINLY_BRIGHT, AS_LIKELY = 0.97, 0.3
#: No pen is thicker than this share of the picture's longer side.
THICKEST_PEN = 0.1
#: Side of the picture in which light and shadow, but no details, are left.
SMALL = 96
#: How much a difference of hue counts, so that a marker's is about as large as a pen's darkness.
HUE = 1.5
#: Colours of a plotted figure: looked for in so many pixels a side, where neighbours differ by less
#: than `FLAT`; those that differ by less than `STEP` are one, and only the most frequent count.
PLOT_SIDE, FLAT, STEP, MOST_COLOURS = 400, 8, 12, 250
#: Ink of a colour map lies so many times farther from paper along its colours than in a straight
#: line. Then brightness and hue alone are misleading.
BENT = 2.0


@dataclass(frozen=True, eq=False)
class Contrast:
    """How far each pixel differs from paper, in one respect.

    Attributes:
        over: float32 (height, width), 0 (paper) to 255.
        threshold: What is above it is ink.
        doubt: How much less likely it is than the likeliest respect.
    """

    over: Floats
    threshold: float
    doubt: float

    def mask(self) -> Mask:
        """Where ink is, with its soft edges."""
        found: Mask = self.over > 0.7 * self.threshold
        return found

    def ink(self, kept: Mask) -> NDArray[np.uint8]:
        """The ink of some pixels: uint8 (height, width), 0 to 255."""
        low = 0.7 * self.threshold
        strong = self.over[kept & (self.over > self.threshold)]
        high = np.percentile(strong, 90) if len(strong) else low + 1
        ink = np.clip((self.over - low) / max(high - low, 1) * 255, 0, 255)
        return np.where(kept, ink, 0).round().astype(np.uint8)


def contrasts(colours: Floats) -> Iterator[Contrast]:
    """In which respects ink may stand out, the likeliest first.

    Args:
        colours: float32 (height, width, 3), 0 to 255.
    """
    colours = _without_noise(colours)
    grey = colours @ np.array([0.299, 0.587, 0.114], np.float32)
    difference = _small(grey) - _surroundings(_small(grey))
    difference = difference - np.median(difference)
    skew = (difference**3).sum() / max((np.abs(difference) ** 3).sum(), 1e-9)
    darker = skew <= CERTAINLY_BRIGHT
    unsure = darker and skew > 0
    dark, bright = (grey, DARKEST_PAPER), (255 - grey, BRIGHTEST_BOARD)
    likely, unlikely = (dark, bright) if darker else (bright, dark)
    respects: tuple[tuple[float, Callable[[], Floats]], ...] = (
        (AS_LIKELY if unsure else 0.0, lambda: missing(*likely)),
        (0.3, lambda: thin(*likely)),
        (1.1, lambda: _hue(colours)),
        (AS_LIKELY if unsure else 1.0, lambda: missing(*unlikely)),
        (1.2, lambda: _difference(colours)),
        (1.3, lambda: thin(*unlikely)),
    )
    found = []
    strongest = 0.0
    if unsure:
        respects = tuple(sorted(respects, key=lambda one: one[0]))
    if (mapped := _along_colours(colours)) is not None:
        respects = ((0.0, lambda: mapped), *respects)
    for doubt, respect in respects:
        over = respect()
        threshold = divide(over)
        if threshold is not None:
            strength = float(over[over > threshold].mean())
            strongest = max(strongest, strength)
            doubt += WEAKER * np.log2(strongest / strength)
            yield Contrast(over, threshold, doubt)
            found.append((over, threshold, doubt))
    # A second threshold within the ink leaves out fainter lines, one below it finds fainter ink
    # beside something black.
    for over, threshold, doubt in found[:2]:
        for part in (over[over > threshold], over[over <= threshold]):
            if (other := divide(part, over)) is not None:
                yield Contrast(over, other, doubt + 0.7)


def missing(grey: Floats, least: float = DARKEST_PAPER) -> Floats:
    """How much of the paper's brightness is missing: float32, 0 to 255.

    Args:
        grey: float32 (height, width), 0 (black) to 255; ink is darker than paper.
        least: Where paper is darker, what is missing counts as if it were so bright.
    """
    return _lack(grey, _paper(grey), least)


def thin(grey: Floats, least: float = DARKEST_PAPER) -> Floats:
    """The same, where paper is what is left when all thin dark things are closed over.

    So edges of shadows, tables and other large things leave nothing.
    """
    width = round(THICKEST_PEN * max(grey.shape)) | 1
    smooth = ndimage.gaussian_filter(grey, max(grey.shape) / 500)
    closed = ndimage.minimum_filter(ndimage.maximum_filter(smooth, width), width)
    return _lack(smooth, ndimage.uniform_filter(closed, max(1, width // 8)), least)


def _lack(grey: Floats, paper: Floats, least: float) -> Floats:
    """The share of the paper's brightness that is missing, in 255ths."""
    found: Floats = np.clip(255 * (paper - grey) / np.maximum(paper, least), 0, 255)
    return found


def divide(values: Floats, picture: Floats | None = None) -> float | None:
    """Otsu's threshold, None where what lies above it does not stand out of the noise.

    Args:
        values: What is divided, 0 to 255.
        picture: float32 (height, width), in which noise is measured; `values` itself by default.
    """
    picture = values if picture is None else picture
    if values.size < 2:
        return None
    threshold = otsu(values)
    above, below = values[values > threshold], values[values <= threshold]
    if not len(above) or not len(below):
        return None
    noise = 1.5 * float(np.median(np.abs(picture - ndimage.uniform_filter(picture, 3))))
    contrast = float(above.mean() - below.mean())
    return threshold if contrast > max(LEAST_CONTRAST, OVER_NOISE * noise) else None


def otsu(values: Floats) -> float:
    """The level that divides values from 0 to 255 into the two groups that lie farthest apart."""
    counts, edges = np.histogram(values, bins=256, range=(0, 256))
    levels = edges[:-1]
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * levels)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = sums / below - (sums[-1] - sums) / above
        spread = np.nan_to_num(below * above * gap**2)
    return float(edges[int(np.argmax(spread)) + 1])


def _without_noise(colours: Floats) -> Floats:
    """The grain of a large picture smoothed away; a small one has no pixel to spare."""
    width = max(colours.shape[:2]) / 1000
    smooth: Floats = ndimage.gaussian_filter(colours, (width, width, 0))
    return smooth


def _hue(colours: Floats) -> Floats:
    """How far each pixel's hue lies from the paper's: float32, 0 to 255.

    Shadow takes as much from red as from green and blue: what differs between them is hue.
    """
    shares = colours / _around(colours)
    apart = shares - shares.mean(-1, keepdims=True)
    found: Floats = np.clip(255 * HUE * np.sqrt((apart**2).sum(-1)), 0, 255)
    return found


def _difference(colours: Floats) -> Floats:
    """How far each pixel's colour lies from the paper's, darker or brighter, 0 to 255."""
    found: Floats = np.abs(colours - _around(colours)).max(-1)
    return found


def _along_colours(colours: Floats) -> Floats | None:
    """How far along a bent colour map, such as jet, each pixel lies from the paper, 0 to 255.

    The way from the paper's colour, the most frequent, leads over many colours that lie close to
    each other. None where colours lie about straight between ink and paper, as in photos.
    """
    every = -(-max(colours.shape) // PLOT_SIDE)
    inner, before, after = (slice(at, at - 2 or None, every) for at in (1, 0, 2))
    some = colours[inner, inner]
    beside = ((before, inner), (after, inner), (inner, before), (inner, after))
    steps = [np.abs(some - colours[place]).max(-1) for place in beside]
    flat = some[np.max(steps, axis=0) < FLAT]
    codes = (flat // STEP).astype(np.int64) @ np.array([1024, 32, 1])
    _codes, which, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(counts) < 3:
        return None
    sums = [np.bincount(which, flat[:, channel]) for channel in range(3)]
    means = (np.stack(sums, axis=-1) / counts[:, None])[np.argsort(-counts)[:MOST_COLOURS]]
    apart = np.linalg.norm(means[:, None] - means, axis=-1)
    # To SciPy, what is nearly 0 is no edge.
    costs, nearer = dijkstra(np.maximum(apart, 1) ** 6, indices=0, return_predecessors=True)
    along = np.zeros(len(means))
    for one in np.argsort(costs)[1:]:
        along[one] = along[nearer[one]] + apart[one, nearer[one]]
    if along.max() < BENT * apart[0, along.argmax()]:
        return None
    found: Floats = along[KDTree(means).query(colours.reshape(-1, 3))[1]].astype(np.float32)
    return (found * np.float32(255 / along.max())).reshape(colours.shape[:2])


def _around(colours: Floats) -> Floats:
    """The surroundings of each pixel, at full size, for each colour."""
    size = colours.shape[1::-1]
    even = [np.maximum(_surroundings(_small(colours[..., c])), DARKEST_PAPER) for c in range(3)]
    large = [Image.fromarray(one).resize(size, Image.Resampling.BILINEAR) for one in even]
    return np.stack([np.asarray(one) for one in large], axis=-1)


def _small(grey: Floats) -> Floats:
    """The picture at a size at which light and shadow, but no details, are left."""
    small = Image.fromarray(grey)
    small.thumbnail((SMALL, SMALL), Image.Resampling.BOX)
    return np.asarray(small)


def _surroundings(small: Floats) -> Floats:
    """The median around each pixel, in a window of half the picture's longer side."""
    window = max(small.shape) // 2 | 1
    median = ndimage.median_filter(small[::2, ::2], window // 2 | 1, mode="nearest")
    even = Image.fromarray(median).resize(small.shape[::-1], Image.Resampling.BILINEAR)
    return np.asarray(even)


def _paper(grey: Floats) -> Floats:
    """The brightness that the picture would have without its ink, which is darker here."""
    small = _small(grey)
    paper = np.maximum(_surroundings(small), 1)
    for _ in range(2):  # where there is ink, the paper beside it tells; and so once more
        lack = np.clip(255 * (1 - small / paper), 0, 255).astype(np.float32)
        blank = (lack <= otsu(lack)).astype(np.float32)
        weights = ndimage.gaussian_filter(blank, max(small.shape) / 24) + 1e-3
        beside = ndimage.gaussian_filter(blank * small, max(small.shape) / 24) + 1e-3 * paper
        paper = np.maximum(beside / weights, 1)
    smooth = Image.fromarray(paper.astype(np.float32))
    return np.asarray(smooth.resize(grey.shape[::-1], Image.Resampling.BILINEAR))
