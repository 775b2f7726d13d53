"""The session keys of the Draw page; see :mod:`ui.common.session`.

The first four are public: keep them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ui.common.session import Entry, element_value

RUN: Entry[str | None] = Entry("draw-run", None)
CLEAR = "draw-clear"
CANVAS = "draw-canvas"
RESULT = "draw-result"
MODELS: Entry[Sequence[str]] = Entry("draw-models", ())
STEPS: Entry[bool] = Entry("draw-steps", False)
WHY: Entry[bool] = Entry("draw-why", False)
TRAIN = "draw-train"
#: How often the canvas and the upload were emptied: part of their keys, since an element with a
#: new key is empty.
CLEARED: Entry[int] = Entry("draw-cleared", 0)
UPLOADS: Entry[int] = Entry("draw-uploads", 0)
#: The run that the models were last selected for.
CHOSEN_FOR: Entry[str | None] = Entry("draw-chosen-for", None)

# Fine-tuning
TEACH_LABEL: Entry[int | None] = Entry("teach-label", None)
TEACH_KEEP = "teach-keep"
TEACH_QUESTION = "teach-question"
TEACH_KEPT: Entry[bool] = Entry("teach-kept", False)
TEACH_COLLECTION = "teach-collection"
TEACH_START = "teach-start"
TEACH_EXPORT = "teach-export"
TEACH_REMOVE = "teach-remove"
TEACH_REMOVE_ALL = "teach-remove-all"
FINE_TUNED_RUN: Entry[str | None] = Entry("taught-run", None)

# Containers, so that ``ui/app/layout.css`` finds them.
PAGE = "draw-page"
CHOICE = "draw-choice"
BUTTONS = "draw-buttons"
UNLIKE = "draw-unlike"
UNDO = "draw-undo"
LAYOUT = "draw-layout"
PEN = "draw-pen"
FILE = "draw-file"
PREDICTIONS = "draw-read"


def canvas() -> str:
    """Key of the canvas, another one after each Clear."""
    return f"draw-canvas-{CLEARED.get()}"


def has_strokes() -> bool:
    """Whether the canvas has strokes, as far as the server knows."""
    drawing = element_value(canvas(), "drawing") or {}
    return bool((drawing.get("raw") or {}).get("objects"))


def upload() -> Entry[Any]:
    """The upload, another one after each Clear and each stroke."""
    return Entry(f"draw-upload-{UPLOADS.get()}", None)
