"""The TensorBoard page: TensorBoard in a frame, with the selected runs.

It is started on request, once for the server. All that the frame loads comes through the lab's own
address (``ui/tensorboard/proxy.py``).
"""

from __future__ import annotations

import streamlit as st

from ui.common import errors
from ui.common.i18n import _
from ui.common.navigation import link
from ui.tensorboard import proxy
from ui.tensorboard.board import show_board
from ui.tensorboard.choice import find_runs, show_choice

st.title(_("TensorBoard"), anchor=False)
errors.show_notice()
if not proxy.is_possible():
    st.warning(
        _(
            "TensorBoard reads local folders only, but `MNIST_LAB_HOME` is a remote address. The "
            "Train and Runs pages show the curves."
        )
    )
elif found_runs := find_runs():
    show_board(show_choice(found_runs))
else:
    st.markdown(_("There is no run yet. Train a network to see its curves here."))
    link("train", _("Train a network"))
