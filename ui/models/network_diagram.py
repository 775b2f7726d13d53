"""A network diagram as an SVG: the output shape of each layer.

Each column is the output of a layer: a vector as circles, feature maps as plates. Layers such as
dropout, activation and flatten are a line below the column before them. The text has the page's
colour, light or dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from mnist_core.inference.answers import Anatomy, Layer
from mnist_core.tasks.base import SIDE
from ui.common.formatting import whole
from ui.common.i18n import _, ngettext

#: Width of a column and height of the drawing above its text, in the SVG's own units.
COLUMN, HEIGHT = 118, 190
#: Circles of a column; three dots stand for further units.
CIRCLES = 8
#: Height of a line of text.
LINE = 17
BLUE = "#1c83e1"
#: Kinds of layers that are a line below the column before them.
NOTES = ("Dropout", "Activation", "BatchNormalization", "Flatten", "Reshape", "ReLU", "Softmax")


@dataclass
class Column:
    """A column of the diagram.

    Attributes:
        title: The layer, or the input.
        shape: Its output shape.
        lines: Its settings, and the layers without a column that follow it.
    """

    title: str
    shape: tuple[int | None, ...]
    lines: list[str] = field(default_factory=list)


def network_diagram(anatomy: Anatomy, classes: Sequence[str]) -> str:
    """The diagram of a network, as the text of an SVG.

    Args:
        anatomy: The network.
        classes: Names of the classes, written beside the last circles if there are as many.
    """
    columns = _columns(anatomy)
    width = COLUMN * len(columns)
    lines = max(len(column.lines) for column in columns)
    height = HEIGHT + LINE * (2 + lines) + 10
    parts = []
    for place, (before, after) in enumerate(pairwise(columns)):
        parts += _edges(before, COLUMN * (place + 0.5), after, COLUMN * (place + 1.5))
    for place, column in enumerate(columns):
        last = place == len(columns) - 1
        parts += _drawn(column, COLUMN * (place + 0.5), classes if last else ())
        parts += _words(column, COLUMN * (place + 0.5))
    alt = " → ".join(f"{column.title} {_size(column.shape)}" for column in columns)
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(alt)}">{"".join(parts)}</svg>'
    )


def _columns(anatomy: Anatomy) -> list[Column]:
    columns = [Column(_("Input"), anatomy.input_shape)]
    for layer in anatomy.layers:
        if layer.kind in NOTES:
            columns[-1].lines.append(f"+ {_note(layer)}")
            continue
        column = Column(layer.kind, layer.output_shape, _details(layer))
        if layer.parameters:
            column.lines.append(
                ngettext("{count} parameter", "{count} parameters", layer.parameters).plain(
                    count=whole(layer.parameters)
                )
            )
        columns.append(column)
    return columns


def _details(layer: Layer) -> list[str]:
    """The settings of a layer, in a line or two."""
    found = []
    for name, words in (
        ("kernel_size", _("filters {size}")),
        ("pool_size", _("pool size {size}")),
    ):
        if name in layer.settings:
            found.append(words.plain(size=_size(layer.settings[name])))
    strides = layer.settings.get("strides")
    if layer.kind.startswith("Conv") and strides and max(strides) > 1:
        found.append(_("stride {step}").plain(step=max(strides)))
    if "activation" in layer.settings:
        found.append(str(layer.settings["activation"]))
    return found


def _note(layer: Layer) -> str:
    if "rate" in layer.settings:
        return _("dropout {share}").plain(share=f"{layer.settings['rate']:.0%}")
    names = {
        "BatchNormalization": _("batch norm"),
        "Flatten": _("flatten"),
        "Activation": str(layer.settings.get("activation", "")),
    }
    return names.get(layer.kind) or layer.kind


def _size(shape: Sequence[int | None]) -> str:
    return " × ".join("?" if size is None else str(size) for size in shape)


def _is_image(shape: Sequence[int | None]) -> bool:
    return len(shape) == 3


def _circles(shape: Sequence[int | None]) -> tuple[list[float], float]:
    """Heights of a column's circles, and their radius; a gap in the middle stands for more."""
    units = math.prod(size or 1 for size in shape)
    if units <= CIRCLES + 2:
        step = min(22.0, (HEIGHT - 20) / max(units, 1))
        top = HEIGHT / 2 - step * (units - 1) / 2
        return [top + step * number for number in range(units)], min(8.0, step * 0.42)
    half, step = CIRCLES // 2, 19.0
    upper = [HEIGHT / 2 - 18 - step * number for number in range(half)][::-1]
    lower = [HEIGHT / 2 + 18 + step * number for number in range(half)]
    return upper + lower, 7.0


def _plate(shape: Sequence[int | None]) -> tuple[float, int]:
    """Side and number of the plates."""
    high, _wide, channels = (size or 1 for size in shape)
    return 14 + 52 * min(high, SIDE) / SIDE, min(6, 1 + int(math.log2(channels)))


def _drawn(column: Column, x: float, classes: Sequence[str]) -> list[str]:
    if _is_image(column.shape):
        side, count = _plate(column.shape)
        left = x - side / 2 - 4 * (count - 1) / 2
        top = HEIGHT / 2 - side / 2 - 4 * (count - 1) / 2
        return [
            f'<rect x="{left + 4 * number:.1f}" y="{top + 4 * number:.1f}" width="{side:.1f}" '
            f'height="{side:.1f}" rx="2" fill="{BLUE}" fill-opacity="0.55" stroke="currentColor" '
            'stroke-opacity="0.7"/>'
            for number in range(count)
        ]
    heights, radius = _circles(column.shape)
    parts = [
        f'<circle cx="{x}" cy="{y:.1f}" r="{radius:.1f}" fill="{BLUE}" stroke="currentColor" '
        'stroke-opacity="0.5"/>'
        for y in heights
    ]
    if len(heights) == len(classes):
        parts += [
            f'<text x="{x + radius + 5:.1f}" y="{y + 4:.1f}" font-size="12">{escape(name)}</text>'
            for y, name in zip(heights, classes, strict=True)
        ]
    elif len(heights) < math.prod(size or 1 for size in column.shape):
        parts += [
            f'<circle cx="{x}" cy="{HEIGHT / 2 + offset}" r="1.8" fill="currentColor"/>'
            for offset in (-7, 0, 7)
        ]
    return parts


def _edges(before: Column, left: float, after: Column, right: float) -> list[str]:
    """Lines between two layers: from all units, or from a small window for a convolution."""
    faint = 'stroke="currentColor" stroke-opacity="0.22" stroke-width="0.8"'
    if _is_image(before.shape) and _is_image(after.shape):
        x1 = left + _plate(before.shape)[0] * 0.25
        window = 12
        y1 = HEIGHT / 2 - window / 2
        return [
            f'<line x1="{x1 + window:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{HEIGHT / 2}" '
            'stroke="currentColor" stroke-opacity="0.6"/>'
            for y in (y1, y1 + window)
        ]
    if _is_image(before.shape):
        side, _count = _plate(before.shape)
        x1, starts = left + side / 2, [HEIGHT / 2 - side / 2, HEIGHT / 2, HEIGHT / 2 + side / 2]
    else:
        x1, starts = left, _circles(before.shape)[0]
    if _is_image(after.shape):
        side, _count = _plate(after.shape)
        ends = [HEIGHT / 2 - side / 2, HEIGHT / 2 + side / 2]
    else:
        ends = _circles(after.shape)[0]
    return [
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{right:.1f}" y2="{y2:.1f}" {faint}/>'
        for y1 in starts
        for y2 in ends
    ]


def _words(column: Column, x: float) -> list[str]:
    lines = [(column.title, "600"), (_size(column.shape), "400")]
    lines += [(line, "400") for line in column.lines]
    return [
        f'<text x="{x}" y="{HEIGHT + LINE * (number + 1)}" font-size="13" font-weight="{weight}" '
        f'text-anchor="middle" fill-opacity="{1 if number < 2 else 0.75}">{escape(text)}</text>'
        for number, (text, weight) in enumerate(lines)
    ]
