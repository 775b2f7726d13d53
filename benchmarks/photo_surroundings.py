"""Photos of a digit with objects at the edge, on other backgrounds and in other inks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from photo_tools import (
    BLACK,
    BLUE,
    Colours,
    Random,
    Strokes,
    grid,
    jpeg,
    lit,
    mask,
    over,
    paper,
    picture,
    place,
    saved,
    shape,
    write,
)
from scipy import ndimage

# ---- objects at the edge


def at_an_edge(rng: Random, sheet: Colours) -> tuple[float, float]:
    height, width = sheet.shape[:2]
    along = rng.uniform(0.15, 0.85)
    ends = [
        (0, along * height),
        (width, along * height),
        (along * width, 0),
        (along * width, height),
    ]
    return ends[rng.integers(4)]


def fingertip(rng: Random, strokes: Strokes) -> bytes:
    sheet = write(rng, paper(rng), strokes)
    x, y = at_an_edge(rng, sheet)
    a, b = rng.uniform(0.06, 0.12, 2) * min(sheet.shape[:2])
    tip = shape(sheet, lambda pen: pen.ellipse((x - a, y - b, x + a, y + b), 255), 2)
    return jpeg(rng, over(sheet, (rng.uniform(110, 205), 130, 105), tip))


def pen_beside(rng: Random, strokes: Strokes) -> bytes:
    sheet = write(rng, paper(rng), strokes)
    height, width = sheet.shape[:2]
    thick, lean = rng.uniform(0.015, 0.03) * width, rng.uniform(-0.05, 0.05) * width
    x = 0.06 * width + max(0, -lean)
    body = shape(
        sheet, lambda pen: pen.line((x, 0.3 * height, x + lean, height + 9), 255, round(2 * thick))
    )
    return jpeg(rng, over(sheet, (40, 50, 60), body))


def dark_bits(rng: Random, strokes: Strokes) -> bytes:
    sheet = write(rng, paper(rng), strokes)
    for _ in range(int(rng.integers(1, 4))):
        x, y = at_an_edge(rng, sheet)
        a, b = rng.uniform(0.01, 0.05, 2) * min(sheet.shape[:2])
        bit = shape(sheet, lambda pen: pen.ellipse((x - a, y - b, x + a, y + b), 255))  # noqa: B023
        sheet = over(sheet, (70, 62, 58), bit)
    return jpeg(rng, sheet)


def table(rng: Random, sheet: Colours, corners: list[tuple[float, float]]) -> Colours:
    """A sheet with these corners (0 to 1) on a wooden table."""
    height, width = sheet.shape[:2]
    page = shape(sheet, lambda pen: pen.polygon([(a * width, b * height) for a, b in corners], 255))
    _, y = grid(sheet)
    wood = np.array(rng.uniform(30, 130) * np.array([1.1, 0.85, 0.65]), np.float32)
    veins = 1 + 0.12 * np.sin(60 * y + 3 * ndimage.gaussian_filter(rng.normal(0, 9, y.shape), 9))
    return (sheet * page[..., None] + wood * (veins * (1 - page))[..., None]).astype(np.float32)


def table_edge(rng: Random, strokes: Strokes) -> bytes:
    cut = rng.uniform(0.04, 0.12, 2)
    corners = [(cut[0], -1), (2, -1), (2, 2), (cut[1], 2)]
    turned = rng.integers(4)
    corners = [[(a, b), (1 - a, b), (b, a), (b, 1 - a)][turned] for a, b in corners]
    return jpeg(rng, table(rng, write(rng, paper(rng), strokes), corners))


def table_corner(rng: Random, strokes: Strokes) -> bytes:
    a, b = rng.uniform(0.05, 0.12, 2)
    corners = [(a, -1), (2, -1), (2, 1 - b), (a + 0.02, 1 - b)]
    return jpeg(rng, table(rng, write(rng, paper(rng), strokes), corners))


def sheet_on_table(rng: Random, strokes: Strokes) -> bytes:
    sheet = paper(rng)
    height, width = sheet.shape[:2]
    near = np.array([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]) + rng.uniform(
        -0.06, 0.06, (4, 2)
    )
    side = 0.45 * min(height, width)
    box = (rng.uniform(0.25, 0.6) * width - 0.2 * side, rng.uniform(0.25, 0.35) * height, side)
    return jpeg(rng, table(rng, write(rng, sheet, strokes, box=box), [(a, b) for a, b in near]))


def sticky_note(rng: Random, strokes: Strokes) -> bytes:
    sheet = paper(rng, (240, 225, 110))
    height, width = sheet.shape[:2]
    box = (0.4 * width, 0.33 * height, 0.3 * min(height, width))
    near = [(0.25, 0.2), (0.78, 0.22), (0.77, 0.8), (0.24, 0.78)]
    return jpeg(rng, table(rng, write(rng, sheet, strokes, box=box), near))


# ---- other backgrounds and inks


def whiteboard(rng: Random, strokes: Strokes) -> bytes:
    sheet = lit(rng, write(rng, paper(rng, (205, 210, 215), 1), strokes, cover=0.85), 0.4)
    x, y = grid(sheet)
    a, b = rng.uniform(0.05, 0.95, 2)
    glare = np.exp(-((x - a) ** 2 + (y - b) ** 2) / rng.uniform(0.005, 0.02))
    return jpeg(rng, over(sheet, (255, 255, 255), 0.7 * glare))


def blackboard(rng: Random, strokes: Strokes) -> bytes:
    sheet = paper(rng, (45, 60, 52), 4)
    sheet = sheet + 14 * ndimage.gaussian_filter(rng.normal(0, 9, sheet.shape[:2]), 9)[..., None]
    box = place(rng, sheet)
    chalk = mask(strokes, sheet.shape[:2], box, rng.uniform(0.05, 0.09) * box[2])
    chalk = chalk * rng.uniform(0.35, 1, chalk.shape)
    return jpeg(rng, over(sheet, (225, 225, 215), chalk.astype(np.float32)))


def pencil(rng: Random, strokes: Strokes) -> bytes:
    sheet = lit(rng, write(rng, paper(rng), strokes, ink=(90, 90, 92), cover=rng.uniform(0.3, 0.5)))
    return jpeg(rng, sheet)


def highlighter(rng: Random, strokes: Strokes) -> bytes:
    ink = [(250, 245, 60), (255, 150, 190), (150, 245, 130), (255, 190, 80)][rng.integers(4)]
    sheet = paper(rng)
    box = place(rng, sheet)
    return jpeg(rng, write(rng, sheet, strokes, ink=ink, box=box, width=0.09 * box[2], cover=0.9))


def same_brightness(rng: Random, strokes: Strokes) -> bytes:
    """Ink and paper that differ in hue only."""
    pairs = [
        ((190, 215, 240), (240, 200, 200)),
        ((240, 215, 225), (195, 235, 215)),
        ((235, 225, 180), (215, 222, 250)),
        ((200, 230, 200), (240, 212, 215)),
    ]
    ground, ink = pairs[rng.integers(4)]
    return jpeg(rng, write(rng, paper(rng, ground, 1.5), strokes, ink=ink, cover=1), noise=1)


def coloured_paper(rng: Random, strokes: Strokes) -> bytes:
    ground = [(240, 220, 90), (120, 190, 120), (110, 160, 220), (240, 150, 170)][rng.integers(4)]
    return jpeg(rng, lit(rng, write(rng, paper(rng, ground), strokes, ink=BLACK)))


def kraft_paper(rng: Random, strokes: Strokes) -> bytes:
    ink = [(245, 243, 235), BLACK][rng.integers(2)]
    return jpeg(rng, write(rng, paper(rng, (165, 125, 85), 6), strokes, ink=ink))


def light_on_light(rng: Random, strokes: Strokes) -> bytes:
    """A contrast of a few per cent, in a file without noise."""
    sheet = paper(rng, (250, 250, 250), 0)
    sheet[:] = 250
    level = float(rng.uniform(224, 238))
    sheet = write(rng, sheet, strokes, ink=(level, level, level), cover=1)
    return saved(picture(sheet), "PNG")


def dotted_pen(rng: Random, strokes: Strokes) -> bytes:
    """A pen with gaps in its line."""
    sheet = paper(rng)
    box = place(rng, sheet)
    where = mask(strokes, sheet.shape[:2], box, 0.07 * box[2])
    gaps = ndimage.gaussian_filter(rng.normal(0, 1, where.shape), 0.02 * box[2])
    where = where * (gaps > -0.9 * gaps.std())
    return jpeg(rng, over(sheet, BLUE, 0.9 * ndimage.gaussian_filter(where, 1)))


#: All kinds by name.
ELSEWHERE: dict[str, Callable[[Random, Strokes], bytes]] = {
    one.__name__.replace("_", " "): one
    for one in (
        fingertip,
        pen_beside,
        dark_bits,
        table_edge,
        table_corner,
        sheet_on_table,
        sticky_note,
        whiteboard,
        blackboard,
        pencil,
        highlighter,
        same_brightness,
        coloured_paper,
        kraft_paper,
        light_on_light,
        dotted_pen,
    )
}
