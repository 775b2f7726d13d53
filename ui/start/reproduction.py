"""Reproduction of published experiments: their figures beside runs with several seeds."""

from __future__ import annotations

from typing import Any

import streamlit as st

from mnist_core.studies.reproduction import EXPERIMENTS, SEEDS, percent, published, written
from ui.common.i18n import _, table


def show_reproduction() -> None:
    """Show the table of reproduced experiments, if this version has one."""
    rows = _published()
    if not rows:
        return
    with st.expander(_("Reproduction of published results")):
        st.markdown(
            _(
                "Every experiment here comes from a tutorial or a book. We trained each of them "
                "{seeds} times with different seeds. A published figure counts as reproduced if it "
                "could be the result of one more run like ours. The p-value is the share of "
                "further runs that would lie at least as far from our mean; with ten figures in "
                "one table, a figure counts as not reproduced only below 0.5 %."
            ).format(seeds=SEEDS)
        )
        cells = [_row(row) for row in rows]
        st.markdown(table([list(cells[0]), *(list(row.values()) for row in cells)]))
        st.caption(_("Train them yourself: `python -m mnist_core reproduce`"))


def _row(row: dict[str, Any]) -> dict[str, str]:
    known = EXPERIMENTS[row["key"]]
    mean, low, high = (written(row[name], known.unit) for name in ("mean", "low", "high"))
    unit = {"epoch": _("epoch")}.get(known.unit, _(known.unit))
    return {
        _("Experiment"): _(known.label),
        _("Published figure"): f"{known.figure:g} {unit}",
        _("Our mean"): mean,
        _("Range"): f"{low} … {high}",
        _("p-value"): percent(row["chance"]),
        _("Reproduced"): "✓" if row["within"] else "✗",
        _("Source"): _(known.source),
        _("Corrected"): _(known.put_right),
    }


@st.cache_data(show_spinner=False)
def _published() -> list[dict[str, Any]]:
    return published()
