"""The session keys of the Cross-validate page; see :mod:`ui.common.session`.

They are public: keep them.
"""

from __future__ import annotations

from mnist_core.studies.crossvalidation import DEFAULT_FOLDS
from ui.common.session import Entry

PRESET: Entry[str] = Entry("folds-preset", "boston")
COUNT: Entry[int] = Entry("folds-count", DEFAULT_FOLDS)
EPOCHS: Entry[int] = Entry("folds-epochs", 100)
FIGURE: Entry[str] = Entry("folds-figure", "val_metric")
FINAL_EPOCHS: Entry[int] = Entry("folds-final-epochs", 1)
#: The study and the best epoch that ``FINAL_EPOCHS`` was last set for.
FINAL_FOR: Entry[tuple[str, int] | None] = Entry("folds-final-for", None)
START = "folds-start"
STOP = "folds-stop"
AGAIN = "folds-again"
FINAL = "folds-final"
CHART = "folds-chart"
TABLE = "folds-table"
HEADING = "folds-heading"


def final_card(run_id: str) -> str:
    """Key of the container of a final network."""
    return f"folds-final-{run_id}"
