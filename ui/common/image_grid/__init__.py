"""Many small pictures in rows, each of which can be chosen with a click or the arrow keys.

A page of a hundred pictures as a hundred elements would be slow to send and to draw. Here they
travel as one image, a *sheet*, and each button of the grid shows its part of it.
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
#: Pictures beside each other on the sheet, which is no matter of how they stand on the page.
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
    """Show pictures in a grid that fits the width of the page.

    Args:
        images_u8: uint8 (n, height, width), grey.
        names: A number for each, handed to ``on_choose``.
        titles: What each shows, for the pointer and for those who cannot see it.
        key: Streamlit's key of the element.
        label: What they are together.
        badges: A short text on each that marks it as wrong; an empty one marks nothing.
        chosen: Name of the one that is framed.
        on_choose: Called with the name of the one that was chosen, before the page's rerun;
            without it they cannot be chosen.
        side: Size of each on the page, in pixels.
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
    """Pictures in rows as one picture; places that are left over are black, or clear.

    Args:
        images_u8: uint8 (n, height, width) grey, or (n, height, width, 3 or 4) colours.
        columns: Pictures in a row.

    Returns:
        uint8 (rows × height, columns × width), or the same with colours.
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
        # In the page's own tree, where its tests and a reader's browser search find it.
        isolate_styles=False,
    )
