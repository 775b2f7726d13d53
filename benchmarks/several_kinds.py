"""Images of several digits: in rows and columns, in boxes and figures, apart and touching."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from file_kinds import panel
from photo_tools import (
    BLACK,
    BLUE,
    PENS,
    WHITE,
    Box,
    Random,
    Strokes,
    jpeg,
    paper,
    picture,
    saved,
    write,
)
from PIL import Image, ImageDraw


def together(
    rng: Random, several: Sequence[Strokes], places: Sequence[Box], pen: float = 0.06
) -> bytes:
    """Digits at places (0 to 1) on one sheet, in the ink of one pen."""
    sheet = paper(rng)
    height, width = sheet.shape[:2]
    side = min(height, width)
    ink, thick = PENS[rng.integers(len(PENS))], pen * min(box[2] for box in places) * side
    for strokes, (x, y, size) in zip(several, places, strict=False):
        box = (x * side + (width - side) / 2, y * side + (height - side) / 2, size * side)
        sheet = write(rng, sheet, strokes, box=box, ink=ink, width=thick, cover=0.9)
    return jpeg(rng, sheet)


def cells(rng: Random, columns: int, rows: int, fill: float = 0.6) -> list[Box]:
    """Places in rows and columns, each shifted a little."""
    side = 0.9 / max(columns, rows)
    return [
        (
            0.05 + (column + 0.15) * side + rng.uniform(0, 0.1) * side,
            0.05 + (row + 0.15) * side + rng.uniform(0, 0.1) * side,
            fill * side,
        )
        for row in range(rows)
        for column in range(columns)
    ]


def two_side_by_side(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, [(0.1, 0.3, 0.4), (0.55, 0.3 + rng.uniform(-0.05, 0.05), 0.4)])


def one_above_another(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(
        rng, several, [(0.35, 0.06, 0.38), (0.35 + rng.uniform(-0.08, 0.08), 0.55, 0.38)]
    )


def column_of_three(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, [(0.4, 0.04 + 0.32 * row, 0.26) for row in range(3)])


def column_touching(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, [(0.4, 0.06 + 0.4 * row, 0.41) for row in range(2)], 0.07)


def row_touching(rng: Random, several: Sequence[Strokes]) -> bytes:
    """The second digit begins where the first ends."""
    points = np.array([point for stroke in several[0] for point in stroke], float)
    extent = np.ptp(points, axis=0)
    wide = 0.4 * extent[0] / max(extent[1], extent[0], 1)
    return together(rng, several, [(0.15, 0.3, 0.4), (0.15 + wide, 0.3, 0.4)], 0.09)


def differing_size(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, [(0.1, 0.2, 0.6), (0.68, rng.uniform(0.1, 0.6), 0.28)], 0.09)


def two_rows(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, cells(rng, 5, 2))


def grid_of_nine(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, cells(rng, 3, 3))


def four(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, cells(rng, 2, 2, 0.7))


def diagonal(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, [(0.08, 0.06, 0.4), (0.55, 0.52, 0.4)])


def number_of_four(rng: Random, several: Sequence[Strokes]) -> bytes:
    return together(rng, several, [(0.04 + 0.24 * n, 0.4, 0.22) for n in range(4)])


def several_in_boxes(rng: Random, several: Sequence[Strokes]) -> bytes:
    sheet = paper(rng, WHITE)
    image = picture(sheet)
    pen = ImageDraw.Draw(image)
    side = image.width / 4
    sheet_boxes = [
        (n * side + 0.4 * side, 100, (n + 1) * side + 0.4 * side, 100 + 1.3 * side)
        for n in range(3)
    ]
    for corners in sheet_boxes:
        pen.rectangle(corners, outline=BLACK, width=2)
    sheet = np.asarray(image, np.float32)
    for strokes, (left, top, *_rest) in zip(several, sheet_boxes, strict=False):
        sheet = write(
            rng, sheet, strokes, box=(left + 0.2 * side, top + 0.2 * side, 0.85 * side), ink=BLUE
        )
    return jpeg(rng, sheet)


def figure_of_six(rng: Random, several: Sequence[Strokes]) -> bytes:
    """Subplots."""
    name = str(rng.choice(["gray", "viridis", "inverted"]))
    image = Image.new("RGB", (640, 460), "white")
    for number, strokes in enumerate(several[:6]):
        corner = (50 + 200 * (number % 3), 40 + 210 * (number // 3))
        image.paste(panel(rng, strokes, name, 168), corner)
        ImageDraw.Draw(image).text((corner[0] + 60, corner[1] - 14), "Label", "black")
    return saved(image, "PNG")


def mnist_montage(rng: Random, several: Sequence[Strokes]) -> bytes:
    """MNIST's images side by side without a gap."""
    image = Image.new("RGB", (28 * 3, 28 * 3))
    for number, strokes in enumerate(several[:9]):
        image.paste(panel(rng, strokes, "gray", 28), (28 * (number % 3), 28 * (number // 3)))
    return saved(image.resize((420, 420), Image.Resampling.NEAREST), "PNG")


SEVERAL: dict[str, Callable[[Random, Sequence[Strokes]], bytes]] = {
    one.__name__.replace("_", " "): one
    for one in (
        two_side_by_side, one_above_another, column_of_three, column_touching, row_touching,
        differing_size, two_rows, grid_of_nine, four, diagonal, number_of_four, several_in_boxes,
        figure_of_six, mnist_montage,
    )
}  # fmt: skip
