"""The session keys of the Compare page; see :mod:`ui.common.session`."""

from __future__ import annotations

from ui.common.session import Entry

RUNS: Entry[tuple[str, ...]] = Entry("compare-runs", ())
CURVE: Entry[str] = Entry("compare-curve", "val_loss")
X_AXIS: Entry[str] = Entry("compare-x", "epoch")
LOG: Entry[bool] = Entry("compare-log", False)
NUMBERS: Entry[bool] = Entry("compare-numbers", False)
CHART_ELEMENT = "compare-chart"
CSV = "compare-csv"
TABLE = "compare-table"
NUMBERS_TABLE = "compare-numbers-table"
