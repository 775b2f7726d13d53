"""The session keys of the Models page; see :mod:`ui.common.session`.

Those that begin with ``export`` and ``models`` are public: keep them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mnist_core.errors import LabError
from mnist_core.transfer.formats import FORMATS
from ui.common.session import Entry, kept_dict

MODEL_CHECKPOINT: Entry[str] = Entry("model-checkpoint", "best")
MODEL_DIAGRAM = "model-diagram"
EXPORT_FORMAT: Entry[str] = Entry("export-format", next(iter(FORMATS)))
EXPORT_CHECKPOINT: Entry[str] = Entry("export-checkpoint", "best")
EXPORT_DOWNLOAD = "export-download"
HISTOGRAM_KIND = "histogram-kind"
RUN: Entry[str | None] = Entry("models-run", None)
FILTER: Entry[str] = Entry("models-filter", "")
TAG: Entry[Sequence[str]] = Entry("models-tag", ())
SECTION: Entry[str] = Entry("models-section", "about")
NAME: Entry[str] = Entry("models-name", "")
NOTES: Entry[str] = Entry("models-notes", "")
TAGS: Entry[Sequence[str]] = Entry("models-tags", ())
PINNED: Entry[bool] = Entry("models-pinned", False)
SAVE = "models-save"
ARCHIVE = "models-archive"
UPLOAD: Entry[Any] = Entry("models-upload", None)
SCALING: Entry[str] = Entry("models-scaling", "auto")
TAKE = "models-take"
RESTORE: Entry[Any] = Entry("models-restore", None)
RESTORE_TAKE = "models-restore-take"
CLEAN_DAYS: Entry[int] = Entry("models-clean-days", 30)
CLEAN = "models-clean"
CLEAN_CONFIRM = "models-clean-confirm"
LEFT = "models-left"
LEFT_CONFIRM = "models-left-confirm"
#: The run whose description is in the fields, and the stored values.
DESCRIBED: Entry[tuple[str, tuple[Any, ...]] | None] = Entry("models-described", None)
#: The run that was imported last.
IMPORTED: Entry[str | None] = Entry("models-arrived", None)
#: A message about the last action, shown once.
DONE: Entry[str] = Entry("models-done", "")

# Containers, so that ``ui/app/layout.css`` finds them.
CHOICE = "models-choice"
FIGURES = "models-figures"
IMPORTS = "models-arrivals"
DISK = "models-disk"


def histogram_chart(place: int) -> str:
    """Key of the chart of one array of weights, by its position on the page."""
    return f"histogram-{place}"


def export_failures() -> dict[tuple[str, int, str, str], LabError]:
    """The errors of this session's exports; always the same object."""
    return kept_dict("export-failures")
