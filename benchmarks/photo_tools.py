"""Simulation of photos of handwritten digits: paper, pen, light, and the file."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

Strokes = Sequence[Sequence[Sequence[float]]]
Colours = NDArray[np.float32]
Random = np.random.Generator
Colour = tuple[float, float, float]
Box = tuple[float, float, float]
"""Left, top and size of a digit, in pixels."""

BLUE, BLACK, RED, GREEN = (30, 45, 140), (35, 35, 40), (190, 35, 40), (25, 120, 60)
PENS = (BLUE, BLACK, BLUE, BLACK, RED, GREEN)
WHITE = (228, 226, 220)


def mask(strokes: Strokes, size: tuple[int, int], box: Box, width: float) -> Colours:
    """Return the ink: float32 (height, width), 0 to 1, with smooth edges."""
    points = np.array([point for stroke in strokes for point in stroke], float)
    low, extent = points.min(0), np.ptp(points, axis=0)
    factor = box[2] / max(extent[1], extent[0], 1)
    image = Image.new("L", (2 * size[1], 2 * size[0]))
    pen, radius = ImageDraw.Draw(image), width
    for stroke in strokes:
        moved = (np.array(stroke) - low) * factor + box[:2]
        line = [(2 * x, 2 * y) for x, y in moved]
        pen.line(line, fill=255, width=max(1, round(2 * radius)), joint="curve")
        for x, y in (line[0], line[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    smooth = image.resize(size[::-1], Image.Resampling.BOX)
    return np.asarray(smooth, np.float32) / 255


def paper(rng: Random, colour: Colour = WHITE, grain: float = 2.5) -> Colours:
    """Return a sheet that fills the photo: float32 (height, width, 3), 0 to 255."""
    height, width = (int(side) for side in rng.integers(420, 800, 2))
    fine = rng.normal(0, grain, (height, width, 1))
    coarse = ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), 20)[..., None] * 25
    return (np.array(colour) + fine + coarse).astype(np.float32)


def place(rng: Random, sheet: Colours, low: float = 0.3, high: float = 0.6) -> Box:
    """Return a random place for a digit, away from the edge."""
    height, width = sheet.shape[:2]
    side = rng.uniform(low, high) * min(height, width)
    left = rng.uniform(0.14 * width, max(0.15 * width, 0.86 * width - side))
    top = rng.uniform(0.14 * height, max(0.15 * height, 0.86 * height - side))
    return left, top, side


def write(
    rng: Random,
    sheet: Colours,
    strokes: Strokes,
    *,
    box: Box | None = None,
    ink: Colour | None = None,
    cover: float | None = None,
    width: float | None = None,
) -> Colours:
    """Write a digit on the sheet."""
    box = box or place(rng, sheet)
    ink = ink or PENS[rng.integers(len(PENS))]
    where = mask(strokes, sheet.shape[:2], box, width or rng.uniform(0.03, 0.09) * box[2])
    cover = cover or rng.uniform(0.75, 0.95)
    return over(sheet, ink, cover * where)


def over(sheet: Colours, colour: Colour, where: Colours) -> Colours:
    """Add a colour, with an opacity of 0 to 1."""
    return (
        sheet * (1 - where[..., None]) + np.array(colour, np.float32) * where[..., None]
    ).astype(np.float32)


def shape(
    sheet: Colours, draw: Callable[[ImageDraw.ImageDraw], None], blur: float = 0.7
) -> Colours:
    """Return the mask of a shape drawn with Pillow, with smooth edges."""
    image = Image.new("L", sheet.shape[1::-1])
    draw(ImageDraw.Draw(image))
    return ndimage.gaussian_filter(np.asarray(image, np.float32) / 255, blur)


def grid(sheet: Colours) -> tuple[Colours, Colours]:
    """Return x and y of each pixel, 0 to 1."""
    y, x = np.mgrid[0 : sheet.shape[0], 0 : sheet.shape[1]]
    return x / sheet.shape[1], y / sheet.shape[0]


def lit(rng: Random, sheet: Colours, strength: float = 0.25) -> Colours:
    """Add light that decreases towards one side."""
    x, y = grid(sheet)
    angle = rng.uniform(0, 2 * np.pi)
    slope = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    return (sheet * (1 - strength * (0.5 + slope))[..., None]).astype(np.float32)


def jpeg(rng: Random, sheet: Colours, *, quality: int | None = None, noise: float = 2) -> bytes:
    """Return the sheet as a photo of a phone."""
    seen = ndimage.gaussian_filter(sheet, (0.7, 0.7, 0)) + rng.normal(0, noise, sheet.shape)
    return saved(picture(seen), "JPEG", quality=quality or int(rng.integers(70, 93)))


def picture(sheet: Colours) -> Image.Image:
    return Image.fromarray(sheet.clip(0, 255).round().astype(np.uint8))


def saved(image: Image.Image, format: str, **options) -> bytes:
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()
