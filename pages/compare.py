"""The Compare page: up to eight runs in one chart, with the settings in which they differ.

The address contains the comparison: ``?runs=ID,ID…``, ``curve=`` and ``x=``.
"""

import streamlit as st

from ui.common import errors
from ui.common.i18n import _
from ui.common.navigation import link
from ui.compare import keys
from ui.compare.chart import compare_chart
from ui.compare.choice import choose_curve, choose_runs
from ui.compare.table import show_download, show_numbers, show_table

#: While a run trains, the table is read again after so many seconds.
REFRESH_SECONDS = 3


@st.fragment
def show_comparison() -> None:
    """The choice of runs, their chart and their table."""
    with errors.shown():
        runs = choose_runs()
        if not runs:
            st.markdown(_("Choose runs above, or train one: each run can be compared with others."))
            link("train", _("Train a network"))
            return
        choose_curve(runs)
        compare_chart(runs)
        ids = [run.id for run in runs]
        active = any(run.status.is_active for run in runs)
        st.fragment(show_table, run_every=REFRESH_SECONDS if active else None)(ids)
        with st.container(horizontal=True, vertical_alignment="center"):
            show_download(ids)
            st.toggle(_("Show the numbers of the chart"), key=keys.NUMBERS.prepare())
        if keys.NUMBERS.get():
            show_numbers(runs)


st.title(_("Compare"), anchor=False)
st.caption(_("What did the change do? One curve of several runs, side by side."))
show_comparison()
