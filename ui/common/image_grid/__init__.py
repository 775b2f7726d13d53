"""A grid of small images that can be chosen with a click or the arrow keys.

A hundred separate images would be slow to send and to draw. So all images are sent as one sprite
sheet, and each button of the grid shows its part of the sheet.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from streamlit.components.v2.types import ComponentRenderer

from ui.common import session

_FOLDER = Path(__file__).parent
#: Images per row of the sheet, independent of the layout on the page.
_SHEET_COLUMNS = 20


def picture_grid(
    images_u8: NDArray[np.uint8],
    names: Sequence[int],
    titles: Sequence[str],
    *,
    key: str,
    label: str,
    badges: Sequence[str] | None = None,
    chosen: int | None = None,
    on_choose: Callable[[int], None] | None = None,
    side: int = 44,
) -> None:
    """Show images in a grid that fits the width of the page.

    Args:
        images_u8: uint8 (n, height, width), grey.
        names: A number for each image, passed to ``on_choose``.
        titles: Tooltip and alternative text of each image.
        key: Streamlit key of the element.
        label: Accessible label of the grid.
        badges: A short text on each image that marks it as wrong; empty for no mark.
        chosen: Name of the selected image.
        on_choose: Called with the name of the chosen image before the rerun; without it, images
            cannot be chosen.
        side: Side length on the page, in pixels.
    """

    def report() -> None:
        name = session.element_value(key, "chosen")
        if on_choose and name is not None:
            on_choose(int(name))

    _component()(
        key=key,
        data={
            "sheet": _data_url(sheet(images_u8)),
            "columns": _SHEET_COLUMNS,
            "names": [int(name) for name in names],
            "titles": list(titles),
            "badges": list(badges or [""] * len(names)),
            "label": label,
            "chosen": chosen,
            "side": side,
            "can_choose": on_choose is not None,
        },
        on_chosen_change=report,
    )


def sheet(images_u8: NDArray[np.uint8], columns: int = _SHEET_COLUMNS) -> NDArray[np.uint8]:
    """Combine images into one image; unused cells are black, or transparent.

    Args:
        images_u8: uint8 (n, height, width) grey, or (n, height, width, 3 or 4) RGB(A).
        columns: Images per row.

    Returns:
        uint8 (rows * height, columns * width), with the same channels.
    """
    count, height, width, *colours = images_u8.shape
    rows = max(1, -(-count // columns))
    full = np.zeros((rows * columns, height, width, *colours), np.uint8)
    full[:count] = images_u8
    lines = full.reshape(rows, columns, height, width, *colours).swapaxes(1, 2)
    return lines.reshape(rows * height, columns * width, *colours)


def _data_url(values: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG", compress_level=3)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "mnist_lab_picture_grid",
        html='<div class="picture-grid" role="listbox"></div>',
        css=(_FOLDER / "picture_grid.css").read_text("utf-8"),
        js=(_FOLDER / "picture_grid.js").read_text("utf-8"),
        # No shadow DOM, so that tests and the browser's search find the element.
        isolate_styles=False,
    )
