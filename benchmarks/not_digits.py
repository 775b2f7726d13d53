"""Drawings that are not digits: letters, scribbles, figures and signs, as strokes on the canvas.

Each family is a function that draws random strokes in a square from 0 to 1, with y downwards.
``ORDINARY`` has the families with which the detector is trained, ``UNSEEN`` those that only test
it. A letter with the shape of a digit (O, I, S, Z, ...) is in ``ALIKE``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Stroke = list[tuple[float, float]]
Family = Callable[[np.random.Generator], list[Stroke]]

#: Letters whose shape is that of a digit: 0, 1, 5, 2, 8, 6 and 9.
ALIKE = "OQDIlSZszoBbgqGaiJ"
#: Strokes of letters: points "xy" from 0 to 8; a figure in parentheses is an ellipse's arc.
LETTERS = {
    "A": "08 40 88;15 75",
    "B": "00 08;00 50 72 54 04;54 75 77 58 08",
    "C": "82 60 30 02 06 38 68 86",
    "D": "00 08;00 50 82 86 58 08",
    "E": "80 00 08 88;04 64",
    "F": "80 00 08;04 64",
    "G": "82 60 30 02 06 38 68 86 84 54",
    "H": "00 08;80 88;04 84",
    "I": "40 48",
    "J": "70 76 58 28 06",
    "K": "00 08;80 04 88",
    "L": "00 08 78",
    "M": "08 00 45 80 88",
    "N": "08 00 88 80",
    "O": "40 11 04 17 48 77 84 71 40",
    "P": "08 00 50 82 83 55 05",
    "Q": "40 11 04 17 48 77 84 71 40;56 88",
    "R": "08 00 50 82 83 55 05;45 88",
    "S": "81 50 20 02 13 54 75 76 58 28 07",
    "T": "00 80;40 48",
    "U": "00 05 27 48 67 85 80",
    "V": "00 48 80",
    "W": "00 28 43 68 80",
    "X": "00 88;80 08",
    "Y": "00 44 80;44 48",
    "Z": "00 80 08 88",
    "a": "73 52 33 25 27 48 67 73 78",
    "b": "20 28;24 43 64 76 58 28",
    "d": "60 68;64 43 24 16 38 68",
    "e": "15 75 63 43 15 27 48 77",
    "f": "61 40 22 28;04 64",
    "g": "63 43 24 26 37 66 63 69 58 29",
    "h": "10 18;15 43 64 68",
    "k": "10 18;63 15 68",
    "l": "40 48",
    "m": "03 08;05 23 44 48;45 63 84 88",
    "n": "13 18;15 43 64 68",
    "p": "13 19;14 43 64 66 58 17",
    "q": "63 43 24 26 37 66;63 69",
    "r": "13 18;15 43 63",
    "t": "30 37 58 77;12 62",
    "u": "13 16 38 57 63;63 68",
    "w": "03 28 44 68 83",
    "x": "03 78;73 08",
    "y": "03 37;73 28",
    "\u03b1": "82 48 18 15 33 53 88",
    "\u03b3": "00 45 48 38 34 80",
    "\u03c6": "40 48;42 13 15 46 75 73 42",
    "\u0416": "40 48;00 88;80 08",
    "\u0418": "00 08 80 88",
    "\u0428": "00 08 88 80;40 48",
    "\u042e": "00 08;04 34;50 32 36 58 76 82 60 50",
    "\u5927": "02 82;40 33 08;43 88",
    "\u4e2d": "12 72 75 15 12;40 48",
    "\u6728": "02 82;40 48;42 07;42 87",
    "\u65e5": "10 70 78 18 10;14 74",
}


def letter(rng: np.random.Generator, name: str | None = None) -> list[Stroke]:
    """A letter: its points shifted at random, with sharp or round corners."""
    name = name or str(rng.choice(sorted(set(LETTERS) - set(ALIKE))))
    wobble = rng.uniform(0.01, 0.045)
    strokes = []
    for part in LETTERS[name].split(";"):
        points = np.array([[int(x), int(y)] for x, y in part.split()]) / 8
        points = points + rng.normal(0, wobble, points.shape)
        strokes.append(_smooth(points) if rng.random() < 0.5 else _as_stroke(points))
    return strokes


def walk(rng: np.random.Generator) -> list[Stroke]:
    """One or two lines that change direction at random."""
    strokes = []
    for _number in range(rng.integers(1, 3)):
        count = int(rng.integers(25, 120))
        turns = np.cumsum(rng.normal(0, rng.uniform(0.3, 1.2), count)) + rng.uniform(-0.3, 0.3)
        turns += np.arange(count) * rng.uniform(-0.2, 0.2)
        steps = np.stack([np.cos(turns), np.sin(turns)], axis=1)
        strokes.append(_as_stroke(np.cumsum(steps, axis=0)))
    return strokes


def knots(rng: np.random.Generator) -> list[Stroke]:
    """A curve through random points that crosses itself many times."""
    return [_smooth(rng.random((int(rng.integers(7, 25)), 2)))]


def angles(rng: np.random.Generator) -> list[Stroke]:
    """Straight lines between random points."""
    return [_as_stroke(rng.random((int(rng.integers(6, 20)), 2)))]


def crossing(rng: np.random.Generator) -> list[Stroke]:
    """Crossing straight lines."""
    strokes = []
    for _number in range(rng.integers(3, 11)):
        at, angle = rng.uniform(0.3, 0.7, 2), rng.uniform(0, math.pi)
        reach = rng.uniform(0.3, 0.6) * np.array([math.cos(angle), math.sin(angle)])
        strokes.append(_as_stroke(np.stack([at - reach, at + reach])))
    return strokes


def zigzag(rng: np.random.Generator) -> list[Stroke]:
    """A zigzag, sharp or round."""
    count = int(rng.integers(5, 16))
    x = np.linspace(0, rng.uniform(0.3, 1), count)
    y = np.where(np.arange(count) % 2, rng.uniform(0.3, 1), 0) + rng.normal(0, 0.04, count)
    points = np.stack([x, y], axis=1)
    return [_smooth(points) if rng.random() < 0.5 else _as_stroke(points)]


def spiral(rng: np.random.Generator) -> list[Stroke]:
    """A spiral."""
    turns = rng.uniform(1.8, 5)
    angle = np.linspace(0, 2 * math.pi * turns, 30 * math.ceil(turns))
    radius = np.linspace(rng.uniform(0, 0.2), 1, len(angle)) ** rng.uniform(0.7, 1.3)
    angle = angle * rng.choice([-1, 1]) + rng.uniform(0, 2 * math.pi)
    return [_as_stroke(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))]


def loops(rng: np.random.Generator) -> list[Stroke]:
    """Loops in a row, as for trying a pen."""
    count = rng.uniform(3, 8)
    t = np.linspace(0, 2 * math.pi * count, 140)
    drift = rng.uniform(0.1, 0.6)
    points = np.stack([drift * t / 3 + np.cos(t), rng.uniform(0.6, 2) * np.sin(t)], axis=1)
    return [_as_stroke(points + rng.normal(0, 0.05, points.shape))]


def grid(rng: np.random.Generator) -> list[Stroke]:
    """A grid of lines."""
    across, along = rng.integers(2, 6, 2)
    lines = [[(x, 0.0), (x, 1.0)] for x in np.linspace(0.1, 0.9, across)]
    lines += [[(0.0, y), (1.0, y)] for y in np.linspace(0.1, 0.9, along)]
    return [_as_stroke(np.array(line) + rng.normal(0, 0.02, (2, 2))) for line in lines]


def hatching(rng: np.random.Generator) -> list[Stroke]:
    """Parallel lines."""
    count = int(rng.integers(3, 9))
    return [
        _as_stroke(np.array([(x, 0.0), (x, rng.uniform(0.5, 1.2))]) + rng.normal(0, 0.03, (2, 2)))
        for x in np.linspace(0, 1, count)
    ]


def blob(rng: np.random.Generator) -> list[Stroke]:
    """A filled area."""
    around = np.linspace(0, 2 * math.pi, int(rng.integers(4, 12)), endpoint=False)
    radius = rng.uniform(0.5, 1, len(around))
    edge = np.stack([radius * np.cos(around), rng.uniform(0.5, 1) * radius * np.sin(around)], 1)
    return [_as_stroke(np.concatenate([edge * size for size in np.linspace(1, 0, 12)]))]


def dots(rng: np.random.Generator) -> list[Stroke]:
    """Several dots."""
    return [[tuple(at), tuple(at + 0.001)] for at in rng.random((int(rng.integers(3, 14)), 2))]


def strokes_apart(rng: np.random.Generator) -> list[Stroke]:
    """Short lines at random places and angles."""
    return [
        _as_stroke(np.cumsum(rng.normal(0, 0.25, (int(rng.integers(2, 4)), 2)), 0) + rng.random(2))
        for _number in range(rng.integers(4, 10))
    ]


def polygon(rng: np.random.Generator) -> list[Stroke]:
    """A polygon with three to six corners, with or without its diagonals."""
    count = int(rng.integers(3, 7))
    around = np.linspace(0, 2 * math.pi, count, endpoint=False) + rng.uniform(0, 2 * math.pi)
    corners = np.stack([np.cos(around), np.sin(around)], 1) + rng.normal(0, 0.1, (count, 2))
    strokes = [_as_stroke(np.concatenate([corners, corners[:1]]))]
    if rng.random() < 0.4:
        strokes.append(_as_stroke(corners[[0, count // 2]]))
    return strokes


def circles(rng: np.random.Generator) -> list[Stroke]:
    """Circles: side by side, nested, or crossed out."""
    first = _circle(0.5, 0.5, 0.5, rng.uniform(0.35, 0.5))
    kind = rng.integers(4)
    if kind == 0:
        return [first, _circle(0.5, 0.5, 0.2, 0.2)]
    if kind == 1:
        return [first, [(0.5, 0.0), (0.5, 1.0)], [(0.0, 0.5), (1.0, 0.5)]]
    if kind == 2:
        return [first, _circle(rng.uniform(0.9, 1.4), 0.5, 0.5, 0.5)]
    return [first, [(0.5, 1.0), (0.5, 2.0)], [(0.1, 1.4), (0.9, 1.4)]]


def cross(rng: np.random.Generator) -> list[Stroke]:
    """A plus sign, a hash, an equals sign, or a percent sign."""
    kind = rng.integers(4)
    if kind == 0:
        lines = [[(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)]]
    elif kind == 1:
        lines = [[(0.3, 0), (0.3, 1)], [(0.7, 0), (0.7, 1)], [(0, 0.3), (1, 0.3)]]
        lines.append([(0, 0.7), (1, 0.7)])
    elif kind == 2:
        lines = [[(0, 0.3), (1, 0.3)], [(0, 0.7), (1, 0.7)]]
    else:
        lines = [[(1, 0), (0, 1)], _circle(0.15, 0.2, 0.15, 0.15), _circle(0.85, 0.8, 0.15, 0.15)]
    return [_as_stroke(np.array(one) + rng.normal(0, 0.03, (len(one), 2))) for one in lines]


# Only for testing


def heart(rng: np.random.Generator) -> list[Stroke]:
    """A heart."""
    t = np.linspace(0, 2 * math.pi, 60)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return [_as_stroke(np.stack([16 * np.sin(t) ** 3, -y * rng.uniform(0.8, 1.2)], axis=1) / 16)]


def arrow(rng: np.random.Generator) -> list[Stroke]:
    """An arrow in any direction."""
    turn, head = rng.uniform(0, 2 * math.pi), rng.uniform(0.2, 0.5)
    lines = [[(0, 0), (1, 0)], [(1 - head, -head), (1, 0), (1 - head, head)]]
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return [_as_stroke(np.array(line) @ rotation) for line in lines]


def face(rng: np.random.Generator) -> list[Stroke]:
    """A smiling face."""
    mouth = [(0.5 + 0.25 * math.cos(a), 0.55 + 0.2 * math.sin(a)) for a in np.linspace(0.2, 2.9, 9)]
    eye = rng.uniform(0.3, 0.4)
    eyes = [[(x, eye), (x, eye + 0.05)] for x in (0.33, 0.67)]
    return [_circle(0.5, 0.5, 0.5, 0.5), mouth, *eyes]


def house(rng: np.random.Generator) -> list[Stroke]:
    """A house with a roof and perhaps a door."""
    walls = [(0.0, 1.0), (0.0, 0.4), (0.5, 0.0), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0)]
    door = [(0.4, 1.0), (0.4, 0.65), (0.6, 0.65), (0.6, 1.0)]
    return [walls, [(0.0, 0.4), (1.0, 0.4)], *([door] if rng.random() < 0.5 else [])]


def star(rng: np.random.Generator) -> list[Stroke]:
    """A five-pointed star, drawn in one stroke."""
    around = np.arange(6) * 4 * math.pi / 5 + rng.uniform(-0.3, 0.3)
    return [_as_stroke(np.stack([np.sin(around), -np.cos(around)], axis=1))]


def waves(rng: np.random.Generator) -> list[Stroke]:
    """Two or three waves below each other."""
    x = np.linspace(0, 1, 50)
    height, often = rng.uniform(0.05, 0.15), rng.uniform(2, 4)
    return [
        _as_stroke(np.stack([x, at + height * np.sin(2 * math.pi * often * x)], axis=1))
        for at in np.linspace(0.2, 0.8, int(rng.integers(2, 4)))
    ]


def scrawl(rng: np.random.Generator) -> list[Stroke]:
    """Sums of slow and fast sine waves, as of an unsteady hand."""
    t = np.linspace(0, 1, 200)
    points = np.zeros((200, 2))
    for often in range(1, 9):
        phase = rng.uniform(0, 2 * math.pi, 2)
        points += rng.normal(0, 1 / often**0.6, 2) * np.sin(
            2 * math.pi * often * t[:, None] + phase
        )
    return [_as_stroke(points)]


def flower(rng: np.random.Generator) -> list[Stroke]:
    """A flower with petals."""
    t = np.linspace(0, 2 * math.pi, 120)
    radius = 1 + rng.uniform(0.4, 0.8) * np.cos(int(rng.integers(4, 8)) * t)
    return [_as_stroke(np.stack([radius * np.cos(t), radius * np.sin(t)], axis=1))]


ORDINARY: dict[str, Family] = {
    one.__name__: one
    for one in (
        letter,
        walk,
        knots,
        angles,
        crossing,
        zigzag,
        spiral,
        loops,
        grid,
        hatching,
        blob,
        dots,
        strokes_apart,
        polygon,
        circles,
        cross,
    )
}
UNSEEN: dict[str, Family] = {
    one.__name__: one for one in (heart, arrow, face, house, star, waves, scrawl, flower)
}


def drawn(rng: np.random.Generator, strokes: list[Stroke], side: int = 280) -> NDArray[np.uint8]:
    """Draw the strokes on a canvas, rotated, sheared and scaled at random.

    Returns:
        uint8 (side, side), with a brush of 18 pixels on 280.
    """
    points = np.concatenate([np.array(stroke) for stroke in strokes])
    low, size = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-3)
    turn, lean, narrow = rng.normal(0, 0.12), rng.normal(0, 0.15), rng.uniform(0.75, 1.15)
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    change = turned @ np.array([[narrow, lean], [0, 1]])
    large, middle = rng.uniform(0.35, 0.8), 0.5 + rng.uniform(-0.08, 0.08, 2)
    finer = 2
    image = Image.new("L", (side * finer, side * finer))
    pen = ImageDraw.Draw(image)
    radius = side * finer * 9 / 280 * rng.uniform(0.8, 1.25)
    for stroke in strokes:
        unit = (np.array(stroke) - low) / size - np.ptp(points, axis=0) / size / 2
        placed = [tuple(p) for p in (unit @ change.T * large + middle) * side * finer]
        pen.line(placed, fill=255, width=round(2 * radius), joint="curve")
        for x, y in (placed[0], placed[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image.resize((side, side), Image.Resampling.BOX))


def _circle(x: float, y: float, wide: float, high: float) -> Stroke:
    around = np.linspace(0, 2 * math.pi, 40)
    return _as_stroke(np.stack([x + wide * np.cos(around), y + high * np.sin(around)], axis=1))


def _as_stroke(points: NDArray[np.float64]) -> Stroke:
    return [(float(x), float(y)) for x, y in points]


def _smooth(points: NDArray[np.float64], between: int = 8) -> Stroke:
    """Return a Catmull-Rom curve through points."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, between, endpoint=False)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        bend = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        pieces.append(b + (c - a) * t / 2 + bend / 2)
    return _as_stroke(np.concatenate([*pieces, points[-1:]]))
