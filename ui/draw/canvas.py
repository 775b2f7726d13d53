"""The canvas and the choice of a picture file.

Whichever came last counts, the stroke or the file; the other one is emptied, so that the page never
shows something else than what is read.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.drawing.digit import Digit, read_drawing, read_picture
from mnist_core.errors import LabError
from ui.common.i18n import _
from ui.draw import keys
from ui.draw.undo_button import undo_button

#: The canvas, in pixels: ten times MNIST's pictures, with a brush that gives MNIST's strokes.
CANVAS_SIDE = 280
BRUSH = 18


def empty_canvas() -> None:
    """Let a file count from now on; a canvas that is empty stays, and a stroke on it too."""
    if keys.has_strokes():
        take_new_canvas()


def take_new_canvas() -> None:
    """Change the canvas's key."""
    keys.CLEARED.set(keys.CLEARED.get() + 1)


def forget_file() -> None:
    """Let a stroke count from now on, and not the file before it."""
    if keys.upload().get() is not None:
        keys.UPLOADS.set(keys.UPLOADS.get() + 1)


def clear() -> None:
    """Begin again with nothing."""
    take_new_canvas()
    forget_file()


def show_canvas() -> Digit | LabError | None:
    """The canvas; the digit on it, why there is none, or None before anything."""
    # Importing it registers it with the running server, so there has to be one.
    from streamlit_drawable_canvas import st_canvas

    with st.container(key=keys.CANVAS):
        drawn = st_canvas(
            stroke_width=BRUSH,
            stroke_color="#FFFFFF",
            background_color="#000000",
            width=CANVAS_SIDE,
            height=CANVAS_SIDE,
            drawing_mode="freedraw",
            return_image_data=True,
            key=keys.canvas(),
            on_change=forget_file,
        )
    with st.container(key=keys.BUTTONS):
        undo_button(
            keys.CANVAS,
            _("Undo"),
            _("Remove the last stroke (Ctrl+Z); Ctrl+Y draws it again."),
            key=keys.UNDO,
        )
        st.button(
            _("Clear"),
            key=keys.CLEAR,
            on_click=clear,
            icon=":material/ink_eraser:",
            width="stretch",
        )
    try:
        if drawn.json_data and drawn.json_data.get("objects") and drawn.image_data is not None:
            return read_drawing(drawn.image_data)
    except LabError as error:
        return error
    return None


def show_upload() -> Digit | LabError | None:
    """The other way in; the digit in the file, why there is none, or None without a file."""
    upload = keys.upload()
    file = st.file_uploader(
        _("Or a photo of a digit"),
        key=upload.key,
        on_change=empty_canvas,
        max_upload_size=50,
        help=_(
            "A photo, a scan or an image of one digit, dark on light or light on dark: PNG, "
            "JPEG, WebP, GIF, BMP or TIFF. It stays on the computer that runs this lab."
        ),
    )
    if file is None:
        return None
    try:
        return read_picture(file.getvalue())
    except LabError as error:
        return error
