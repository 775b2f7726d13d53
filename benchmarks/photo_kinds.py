"""Photos of a digit on many kinds of paper, in many kinds of light.

Each kind is a function of a random generator and a digit's strokes (``pen_strokes.py``) that
returns a file's bytes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from photo_tools import (
    BLACK,
    Colour,
    Colours,
    Random,
    Strokes,
    grid,
    jpeg,
    lit,
    mask,
    over,
    paper,
    place,
    shape,
    write,
)
from PIL import ImageDraw
from scipy import ndimage

# ---- paper and light


def clean_paper(rng: Random, strokes: Strokes) -> bytes:
    return jpeg(rng, lit(rng, write(rng, paper(rng), strokes)))


def small_on_a_page(rng: Random, strokes: Strokes) -> bytes:
    sheet = paper(rng)
    return jpeg(rng, write(rng, sheet, strokes, box=place(rng, sheet, 0.1, 0.16)))


def fills_the_photo(rng: Random, strokes: Strokes) -> bytes:
    sheet = paper(rng)
    side = 0.88 * min(sheet.shape[:2])
    left, top = (sheet.shape[1] - side) / 2, (sheet.shape[0] - side) / 2
    return jpeg(rng, write(rng, sheet, strokes, box=(left, top, side)))


def dim_room(rng: Random, strokes: Strokes) -> bytes:
    return jpeg(
        rng, lit(rng, write(rng, paper(rng), strokes) * rng.uniform(0.22, 0.4), 0.5), noise=5
    )


def vignette(rng: Random, strokes: Strokes) -> bytes:
    sheet = write(rng, paper(rng), strokes)
    x, y = grid(sheet)
    fall = 1 - rng.uniform(1, 1.5) * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    return jpeg(rng, sheet * fall[..., None])


def hard_shadow(rng: Random, strokes: Strokes) -> bytes:
    sheet = write(rng, paper(rng), strokes)
    x, y = grid(sheet)
    angle = rng.uniform(0, 2 * np.pi)
    side = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) > rng.uniform(-0.2, 0.2)
    dark = ndimage.gaussian_filter(side.astype(np.float32), rng.uniform(1, 6))
    return jpeg(rng, sheet * (1 - rng.uniform(0.25, 0.45) * dark)[..., None])


def blurred(rng: Random, strokes: Strokes) -> bytes:
    sheet = write(rng, paper(rng), strokes)
    blur = rng.uniform(3, 6)
    return jpeg(rng, ndimage.gaussian_filter(sheet, (blur, blur, 0)), quality=25)


def grainy(rng: Random, strokes: Strokes) -> bytes:
    return jpeg(rng, write(rng, paper(rng), strokes), noise=rng.uniform(15, 28))


def crumpled(rng: Random, strokes: Strokes) -> bytes:
    sheet = write(rng, paper(rng), strokes)
    folds = ndimage.gaussian_filter(rng.normal(0, 1, sheet.shape[:2]), 12)
    return jpeg(rng, sheet * (1 + 0.07 * folds / folds.std())[..., None])


def show_through(rng: Random, strokes: Strokes) -> bytes:
    """Writing on the other side that shines through."""
    sheet = paper(rng)
    for _ in range(3):
        back = mask(strokes, sheet.shape[:2], place(rng, sheet), 6)
        sheet = over(sheet, BLACK, 0.07 * ndimage.gaussian_filter(back[:, ::-1], 2))
    return jpeg(rng, write(rng, sheet, strokes))


# ---- printed paper


def lines_across(
    rng: Random,
    sheet: Colours,
    gap: float,
    colour: Colour,
    *,
    upright: bool,
    tilt: float,
    strength: float,
) -> Colours:
    height, width = sheet.shape[:2]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    along = (x + tilt * y) if upright else (y + tilt * x)
    distance = np.abs((along + rng.uniform(0, gap)) % gap - gap / 2)
    where = np.clip(rng.uniform(0.8, 1.3) - distance + 0.5, 0, 1)
    return over(sheet, colour, (strength * where).astype(np.float32))


def ruled(rng: Random, strokes: Strokes, strength: float = 0.55) -> bytes:
    sheet = paper(rng)
    gap, tilt = rng.uniform(0.06, 0.14) * sheet.shape[0], rng.uniform(-0.03, 0.03)
    sheet = lines_across(
        rng, sheet, gap, (90, 130, 200), upright=False, tilt=tilt, strength=strength
    )
    return jpeg(rng, lit(rng, write(rng, sheet, strokes)))


def strongly_ruled(rng: Random, strokes: Strokes) -> bytes:
    return ruled(rng, strokes, 0.95)


def squared(rng: Random, strokes: Strokes, strength: float = 0.5) -> bytes:
    sheet = paper(rng)
    gap, tilt = rng.uniform(0.045, 0.1) * sheet.shape[0], rng.uniform(-0.02, 0.02)
    for upright in (False, True):
        sheet = lines_across(
            rng,
            sheet,
            gap,
            (110, 130, 180),
            upright=upright,
            tilt=-tilt if upright else tilt,
            strength=strength,
        )
    return jpeg(rng, lit(rng, write(rng, sheet, strokes)))


def strongly_squared(rng: Random, strokes: Strokes) -> bytes:
    return squared(rng, strokes, 0.9)


def red_margin(rng: Random, strokes: Strokes) -> bytes:
    sheet = paper(rng)
    height, width = sheet.shape[:2]
    left, lean = rng.uniform(0.04, 0.12) * width, rng.uniform(-0.02, 0.02) * width
    line = shape(sheet, lambda pen: pen.line((left, -5, left + lean, height + 5), 255, 3))
    sheet = over(sheet, (200, 60, 70), 0.85 * line)
    gap = rng.uniform(0.08, 0.14) * height
    sheet = lines_across(rng, sheet, gap, (120, 150, 210), upright=False, tilt=0.01, strength=0.4)
    return jpeg(rng, write(rng, sheet, strokes))


def form_box(rng: Random, strokes: Strokes) -> bytes:
    sheet = paper(rng)
    left, top, side = place(rng, sheet, 0.3, 0.5)
    room = rng.uniform(0.12, 0.3) * side
    corners = (left - room, top - room, left + side * 0.9 + room, top + side + room)
    width = int(rng.integers(2, 6))
    line = shape(sheet, lambda pen: pen.rectangle(corners, outline=255, width=width))
    sheet = over(sheet, BLACK, line)
    return jpeg(rng, write(rng, sheet, strokes, box=(left, top, side)))


def crossed_box(rng: Random, strokes: Strokes) -> bytes:
    """A digit that crosses an edge of its box."""
    sheet = paper(rng)
    left, top, side = place(rng, sheet, 0.35, 0.5)
    cut = rng.uniform(0.05, 0.12) * side
    corners = (left - 0.2 * side, top + cut, left + 1.1 * side, top + 1.2 * side)
    sheet = over(
        sheet, (70, 70, 75), shape(sheet, lambda pen: pen.rectangle(corners, None, 255, 2))
    )
    return jpeg(rng, write(rng, sheet, strokes, box=(left, top, side)))


def row_of_boxes(rng: Random, strokes: Strokes) -> bytes:
    """A row of boxes in a form, one of them filled in."""
    sheet = paper(rng)
    height, width = sheet.shape[:2]
    side = min(width / 5, height / 2)
    left, top = 0.06 * width, 0.3 * height

    def boxes(pen: ImageDraw.ImageDraw) -> None:
        for number in range(4):
            x = left + number * side
            pen.rectangle((x, top, x + side, top + 1.3 * side), None, 255, 2)

    sheet = over(sheet, (60, 60, 65), shape(sheet, boxes))
    x = left + int(rng.integers(4)) * side
    return jpeg(
        rng, write(rng, sheet, strokes, box=(x + 0.2 * side, top + 0.22 * side, 0.85 * side))
    )


def line_below(rng: Random, strokes: Strokes, over_by: float = 0.0) -> bytes:
    sheet = paper(rng)
    left, top, side = place(rng, sheet, 0.3, 0.5)
    y = top + side * (1 - over_by) + (0.08 * side if not over_by else 0)
    ends = (left - 0.4 * side, y, left + 1.3 * side, y + rng.uniform(-3, 3))
    width = int(rng.integers(2, 5))
    sheet = over(sheet, BLACK, shape(sheet, lambda pen: pen.line(ends, 255, width)))
    return jpeg(rng, write(rng, sheet, strokes, box=(left, top, side)))


def on_a_line(rng: Random, strokes: Strokes) -> bytes:
    return line_below(rng, strokes, over_by=0.02)


def across_a_line(rng: Random, strokes: Strokes) -> bytes:
    return line_below(rng, strokes, over_by=rng.uniform(0.08, 0.2))


def form_text(rng: Random, strokes: Strokes) -> bytes:
    """Small print above the digit."""
    sheet = paper(rng)
    left, top, side = place(rng, sheet, 0.35, 0.5)
    print_ = shape(sheet, lambda pen: pen.text((left, top - 0.16 * side), "Number of rooms:", 255))
    return jpeg(rng, write(rng, over(sheet, BLACK, print_), strokes, box=(left, top, side)))


def punched_holes(rng: Random, strokes: Strokes) -> bytes:
    sheet = paper(rng)
    height, width = sheet.shape[:2]
    radius, x = 0.025 * height, rng.uniform(0.05, 0.09) * width
    level = float(rng.uniform(20, 110))

    def holes(pen: ImageDraw.ImageDraw) -> None:
        for y in (0.25 * height, 0.75 * height):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), 255)

    return jpeg(rng, write(rng, over(sheet, (level, level, level), shape(sheet, holes)), strokes))


#: All kinds by name.
ON_PAPER: dict[str, Callable[[Random, Strokes], bytes]] = {
    one.__name__.replace("_", " "): one
    for one in (
        clean_paper,
        small_on_a_page,
        fills_the_photo,
        dim_room,
        vignette,
        hard_shadow,
        blurred,
        grainy,
        crumpled,
        show_through,
        ruled,
        strongly_ruled,
        squared,
        strongly_squared,
        red_margin,
        form_box,
        crossed_box,
        row_of_boxes,
        line_below,
        on_a_line,
        across_a_line,
        form_text,
        punched_holes,
    )
}
