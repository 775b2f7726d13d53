"""The canvas and the upload of an image file.

The last input counts, a stroke or a file; the other is emptied, so that the page always shows
the image that the models receive.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.drawing.digit import Digit, read_drawing, read_picture
from mnist_core.errors import LabError
from ui.common.i18n import _
from ui.draw import keys
from ui.draw.undo_button import undo_button

#: Side of the canvas, ten times that of MNIST's images, and a stroke width like MNIST's, in pixels.
CANVAS_SIDE = 280
BRUSH = 18


def use_file() -> None:
    """Empty the canvas, unless it is empty: a stroke in progress on an empty canvas is kept."""
    if keys.has_strokes():
        replace_canvas()


def replace_canvas() -> None:
    """Change the key of the canvas, which empties it."""
    keys.CLEARED.set(keys.CLEARED.get() + 1)


def remove_file() -> None:
    """Empty the upload, if it holds a file."""
    if keys.upload().get() is not None:
        keys.UPLOADS.set(keys.UPLOADS.get() + 1)


def clear() -> None:
    """Empty the canvas and the upload."""
    replace_canvas()
    remove_file()


def show_canvas() -> Digit | LabError | None:
    """Show the canvas; return the digit on it, or the error, or None if it is empty."""
    # The import registers the component with the server, which must be running.
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
            on_change=remove_file,
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
    """Show the upload; return the digit in the file, or the error, or None without a file."""
    upload = keys.upload()
    file = st.file_uploader(
        _("Or a photo of a digit"),
        key=upload.key,
        on_change=use_file,
        max_upload_size=50,
        help=_(
            "A photo, a scan or an image of one digit, dark on light or light on dark: PNG, "
            "JPEG, WebP, GIF, BMP or TIFF. The file stays on the computer that runs this lab."
        ),
    )
    if file is None:
        return None
    try:
        return read_picture(file.getvalue())
    except LabError as error:
        return error
