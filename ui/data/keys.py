"""The session keys of the Data page; see :mod:`ui.common.session`.

``SPLIT``, ``CLASS``, ``PAGE``, ``DIGIT`` and ``TASK`` are public: keep them.
"""

from __future__ import annotations

from collections.abc import Sequence

from mnist_core.experiment.presets import PRESETS
from ui.common.session import FIRST_PRESET, Entry

SPLIT: Entry[str] = Entry("data-split", "train")
CLASS: Entry[int | None] = Entry("data-class", -1)
PAGE: Entry[int] = Entry("data-page", 1)
DIGIT: Entry[int | None] = Entry("data-digit", None)
VIEW: Entry[str] = Entry("data-view", "digits")
#: The task whose data is shown (public: keep it). Then the tasks that the address and the Train
#: page named last, and the selection in texts and tables.
TASK: Entry[str] = Entry("data-task", PRESETS[FIRST_PRESET].config.task)
TASK_FOR: Entry[tuple[str | None, str]] = Entry("data-task-for", (None, TASK.default))
OTHER_VIEW: Entry[str] = Entry("data-look", "samples")
TOPIC: Entry[int] = Entry("data-topic", -1)
TEXT: Entry[int | None] = Entry("data-text", None)
OTHER_STEP: Entry[str | None] = Entry("data-other-step", None)
CONFIDENCE: Entry[float] = Entry("data-sure", 0.7)
COLUMN: Entry[int] = Entry("data-column", 0)
ROW: Entry[int] = Entry("data-row", 0)
CALIFORNIA = "data-california"
GRID = "data-grid"
PIXELS = "data-pixels"
STEP: Entry[str] = Entry("data-step", "picture")
BACK = "data-back"
NEXT = "data-next"
LAYOUT_OF_INPUT: Entry[str] = Entry("data-input", "vector")
#: The network that the input shape was last set for.
LAYOUT_FOR: Entry[str | None] = Entry("data-input-for", None)
WRONG: Entry[bool] = Entry("data-wrong", False)
#: The address that was last followed, to detect a change.
ADDRESS: Entry[tuple[str | None, ...]] = Entry("data-address", ())

# Containers, so that ``ui/app/layout.css`` finds them.
TEXTS = "data-texts"
WORDS = "data-words"
COLUMN_CHARTS = "data-column-charts"
BROWSE = "data-browse"
CHOICE = "data-choice"
ENLARGED = "data-enlarged"
COUNTS = "data-counts"
PREPARED = "data-prepared"
FIGURES = "data-figures"
TRAINING = "data-training"
VARIED = "data-varied"
TRAIN = "data-train"


def text_list(task: str, numbers: Sequence[int]) -> str:
    """Key of the list of some texts of a task; each page is a list of its own."""
    return f"data-list-{task}-{numbers[0]}-{numbers[-1]}-{len(numbers)}"
