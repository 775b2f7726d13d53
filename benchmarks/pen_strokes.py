"""Handwritten digits as pen strokes, rendered like the canvas of the Draw page."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

#: Sizes of the tablet's writing area and of the canvas, in their own units.
TABLET = 500
CANVAS = 280
BRUSH = 18
#: Factor of supersampling, which smooths the edges like a browser.
FINER = 4


@dataclass(frozen=True)
class PenDigit:
    """A digit written by a person.

    Attributes:
        label: The digit.
        writer: Number of the writer.
        strokes: For each stroke its points (x, y) on the tablet, with y downwards.
    """

    label: int
    writer: int
    strokes: list[list[list[int]]]


def read(path: Path) -> list[PenDigit]:
    """Return the digits of a gzipped JSON file."""
    with gzip.open(path, "rt") as file:
        return [PenDigit(**one) for one in json.load(file)]


def on_canvas(strokes: Sequence[Sequence[Sequence[float]]]) -> list[list[tuple[float, float]]]:
    """Return the strokes in coordinates of the canvas; the whole tablet is the whole canvas."""
    factor = CANVAS / TABLET
    return [[(x * factor, y * factor) for x, y in stroke] for stroke in strokes]


def render(strokes: Sequence[Sequence[Sequence[float]]]) -> NDArray[np.uint8]:
    """Return the ink on the canvas: uint8 (280, 280), with a round brush of 18 pixels."""
    image = Image.new("L", (CANVAS * FINER, CANVAS * FINER))
    pen = ImageDraw.Draw(image)
    radius = BRUSH * FINER / 2
    for stroke in on_canvas(strokes):
        points = [(x * FINER, y * FINER) for x, y in stroke]
        pen.line(points, fill=255, width=round(2 * radius), joint="curve")
        for x, y in (points[0], points[-1]):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image.resize((CANVAS, CANVAS), Image.Resampling.BOX))
