"""The session keys of the Ask page; see :mod:`ui.common.session`.

``RUN`` and ``TEXT`` are public: keep them.
"""

from __future__ import annotations

from mnist_core.runs.model_files import CHECKPOINTS
from ui.common.session import Entry

RUN: Entry[str | None] = Entry("ask-run", None)
CHECKPOINT: Entry[str] = Entry("ask-checkpoint", CHECKPOINTS[0])
TEXT: Entry[str] = Entry("ask-text", "")
#: The task of the text, to detect the selection of another task.
TEXT_FOR: Entry[str | None] = Entry("ask-text-for", None)
#: The last example: its position in the test set, and its text.
EXAMPLE: Entry[tuple[int, str]] = Entry("ask-example", (-1, ""))
TAKE = "ask-take"
GO = "ask-go"
RESET = "ask-reset"

# Containers, so that ``ui/app/layout.css`` finds them.
CHOICE = "ask-choice"
LAYOUT = "ask-layout"
ANSWER = "ask-answer"
PRICE = "ask-price"
COLUMNS = "ask-columns"


def train(preset: str) -> str:
    """Key of the button that trains a model."""
    return f"ask-train-{preset}"


def column(task: str, number: int, start: float) -> Entry[float]:
    """The slider of a column of a task's table."""
    return Entry(f"ask-{task}-{number}", start)
