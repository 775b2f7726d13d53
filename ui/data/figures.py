"""Figures of the Data page: pixels, class frequencies, vectors, histograms, correlations."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mnist_core.tasks.base import SIDE
from ui.common.charts import NumberFormat
from ui.common.formatting import whole
from ui.common.i18n import _

#: Numbers of an array in an excerpt.
EXCERPT = 12
#: Height of a vector that is drawn as a strip, in pixels.
STRIP_HEIGHT = 32


def pixel_map(image_u8: NDArray[np.uint8]) -> go.Figure:
    """An image as a heatmap with the value of each pixel, for zooming.

    Args:
        image_u8: uint8 (height, width), 0 to 255.
    """
    figure = go.Figure(
        go.Heatmap(
            z=image_u8,
            zmin=0,
            zmax=255,
            colorscale=[[0, "#000000"], [1, "#ffffff"]],
            showscale=False,
            # Without a font size, the numbers fit their squares at each zoom.
            texttemplate="%{z}",
            hovertemplate=f"{_('row %{y}, column %{x}: %{z}')}<extra></extra>",
        )
    )
    figure.update_xaxes(showgrid=False, zeroline=False, side="top", dtick=7, constrain="domain")
    figure.update_yaxes(
        showgrid=False,
        zeroline=False,
        autorange="reversed",
        dtick=7,
        scaleanchor="x",
        constrain="domain",
    )
    figure.update_layout(margin={"l": 24, "r": 4, "t": 24, "b": 4}, dragmode="zoom")
    return figure


def count_bars(names: Sequence[str], counts: NDArray[np.int64], wrong: NDArray[np.int64]) -> str:
    """The number of samples of each class as bars (HTML), wrong labels in red at the end.

    Args:
        names: The classes.
        counts: int64 (classes,).
        wrong: int64 (classes,), how many of them have a wrong label.
    """
    most = max(int(counts.max()), 1)
    rows = []
    for name, count, bad in zip(names, counts.tolist(), wrong.tolist(), strict=True):
        number = whole(count) if not bad else f"{whole(count)} ({whole(bad)})"
        rows.append(
            f'<div class="row"><span>{escape(name)}</span><span class="track">'
            f'<span style="width:{100 * (count - bad) / most:.2f}%"></span>'
            f'<span class="wrong" style="width:{100 * bad / most:.2f}%"></span></span>'
            f"<span>{number}</span></div>"
        )
    alt = ", ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True))
    return (
        f'<div class="lab-bars lab-counts" role="img" aria-label="{escape(alt)}">'
        f"{''.join(rows)}</div>"
    )


def strip(vector: NDArray[Any]) -> NDArray[np.uint8]:
    """A vector as an image, one column of pixels for each number.

    Args:
        vector: Numbers (n,), at least 0; 0 is black, the largest is white.

    Returns:
        uint8 (STRIP_HEIGHT, n).
    """
    largest = float(vector.max()) or 1.0
    levels = (255 * (vector / largest)).round().astype(np.uint8)
    return np.repeat(levels[None], STRIP_HEIGHT, axis=0)


def cells(names: Sequence[str], values: NDArray[np.float32]) -> str:
    """A short vector as cells (HTML), the name of each element above its value."""
    found = "".join(
        f'<div class="{"one" if value else ""}"><span>{escape(name)}</span>{value:g}</div>'
        for name, value in zip(names, values.tolist(), strict=True)
    )
    return f'<div class="lab-cells">{found}</div>'


def excerpt(array: NDArray[Any], place: tuple[int, int]) -> str:
    """Some values of an image, as Python would index and print them.

    Args:
        array: (height, width), (height, width, 1), or the same pixels as a vector.
        place: Row and column where the excerpt begins, in an image 28 wide.
    """
    row, column = place
    if array.ndim == 1:
        start = row * SIDE + column
        index, values = f"{start}:{start + EXCERPT}", array[start : start + EXCERPT]
    else:
        index = f"{row}, {column}:{column + EXCERPT}" + (", 0" if array.ndim > 2 else "")
        values = array[row, column : column + EXCERPT].ravel()
    if array.dtype.kind == "f":
        numbers = ", ".join("0" if value == 0 else f"{value:.3g}" for value in values.tolist())
    else:
        numbers = ", ".join(map(str, values.tolist()))
    return f"[{index}]  →  {numbers}"


def inkiest_excerpt(image_u8: NDArray[np.uint8]) -> tuple[int, int]:
    """Row and column of the excerpt with the most ink."""
    ink = image_u8.astype(np.int64)
    sums = np.lib.stride_tricks.sliding_window_view(ink, EXCERPT, axis=1).sum(axis=2)
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    return int(row), int(column)


def histogram(values: NDArray[np.float64], name: str) -> go.Figure:
    """A histogram of the values of a column."""
    figure = go.Figure(
        go.Histogram(
            x=values,
            nbinsx=40,
            marker_color="#1c83e1",
            hovertemplate="%{x}: %{y}<extra></extra>",
        )
    )
    return _with_axes(figure, name, _("Rows"))


def scatter(
    column: tuple[NDArray[np.float64], str],
    target: tuple[NDArray[np.floating], str],
    number_format: NumberFormat,
) -> go.Figure:
    """A scatter plot of a column and the target, one point for each row.

    Args:
        column: The values, and their name.
        target: The targets as they are shown, and their name.
        number_format: How the targets are written.
    """
    figure = go.Figure(
        go.Scatter(
            x=column[0],
            y=target[0],
            mode="markers",
            marker={"size": 5, "color": "#1c83e1", "opacity": 0.45},
            hovertemplate=f"%{{x:.4g}}: {number_format.place('y')}<extra></extra>",
        )
    )
    figure.update_yaxes(number_format.axis)
    return _with_axes(figure, column[1], target[1])


def _with_axes(figure: go.Figure, x: str, y: str) -> go.Figure:
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.05)
    return figure


def signed_bars(rows: Sequence[tuple[str, float]]) -> str:
    """Numbers from -1 to 1 as bars (HTML) from a line in the middle."""
    lines = []
    for name, value in rows:
        width = 50 * min(abs(value), 1.0)
        left = 50.0 if value > 0 else 50 - width
        lines.append(
            f'<div class="row"><span class="name">{escape(name)}</span><span class="track">'
            f'<span class="{"for" if value > 0 else "against"}" '
            f'style="left:{left:.1f}%;width:{width:.1f}%"></span></span>'
            f"<span>{value:+.2f}</span></div>"
        )
    return f'<div class="lab-pushes lab-signed">{"".join(lines)}</div>'
