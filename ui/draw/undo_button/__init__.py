"""The Undo button of the canvas, also by Ctrl+Z (Cmd+Z on a Mac).

The canvas has a toolbar of its own, which is small, appears only under a pointer and has entries
without effect here. It is hidden; this button presses its "Undo", so that the canvas keeps the
history of strokes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_FOLDER = Path(__file__).parent


def undo_button(canvas: str, label: str, words: str, *, key: str) -> None:
    """Show the button.

    Args:
        canvas: Key of the container that holds the canvas, which may be replaced.
        label: The label of the button.
        words: Its tooltip, which names the keyboard shortcuts.
        key: The key of the element.
    """
    _component()(key=key, data={"canvas": canvas, "label": label, "words": words})


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "mnist_lab_undo_button",
        html='<button type="button" class="undo-button" disabled></button>',
        css=(_FOLDER / "undo_button.css").read_text("utf-8"),
        js=(_FOLDER / "undo_button.js").read_text("utf-8"),
        isolate_styles=False,
    )
