"""The Runs page: every run with its result, newest first, then the examples.

The folds of one cross-validation share a card.
"""

import streamlit as st

from ui.common import errors
from ui.common.i18n import _
from ui.common.navigation import link
from ui.runs import keys
from ui.runs.examples import show_examples
from ui.runs.run_list import any_active, read_runs, show_list

#: Interval in seconds at which the list is read again while one of its runs is active.
REFRESH_SECONDS = 2


st.title(_("Runs"), anchor=False)
errors.show_notice()
keys.DIALOG_OPEN.set(False)  # a rerun of the whole page closes the dialog
first = read_runs()
if not first and keys.PAGE.get():
    keys.PAGE.set(0)
    first = read_runs()
if first:
    active = any_active(first)
    st.fragment(show_list, run_every=REFRESH_SECONDS if active else None)(active)
else:
    st.markdown(_("You have no runs yet. Start an experiment to see it here."))
    link("start", _("Choose an experiment"))
if not keys.PAGE.get():
    show_examples()
