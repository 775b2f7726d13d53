"""The session keys of the Evaluate page; see :mod:`ui.common.session`.

``RUN``, ``MATRIX`` and ``CELL`` are public: keep them.
"""

from __future__ import annotations

from typing import Any

from mnist_core.evaluation.parts import PARTS
from mnist_core.runs.model_files import CHECKPOINTS
from ui.common.session import Entry

RUN: Entry[str | None] = Entry("evaluate-run", None)
CHECKPOINT: Entry[str] = Entry("evaluate-checkpoint", CHECKPOINTS[0])
PART: Entry[str] = Entry("evaluate-part", PARTS[0])
MATRIX: Entry[Any] = Entry("evaluate-matrix", None)
CELL = "evaluate-cell"
#: The selected cell: its true and its predicted class.
TRUE: Entry[int] = Entry("evaluate-true", 0)
READ: Entry[int] = Entry("evaluate-read", 0)
#: The cell that was clicked last; a second click deselects it in the chart.
CLICKED: Entry[tuple[int, int] | None] = Entry("evaluate-clicked", None)
#: The cell that is marked in the matrix without a click, and how often it has changed.
MARKED: Entry[tuple[int, int, int]] = Entry("evaluate-marked", (0, 0, 0))
#: The run that the cell was selected for.
CELL_FOR: Entry[str | None] = Entry("evaluate-cell-for", None)
CHOICE = "evaluate-choice"
FIGURES = "evaluate-figures"
COMPARED = "evaluate-compared"
WIDE = "evaluate-wide"
PREDICTED = "evaluate-predicted"
RESIDUALS = "evaluate-residuals"
HISTOGRAM = "evaluate-histogram"
