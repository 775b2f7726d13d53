"""The TensorBoard page: the tool that comes with TensorFlow, with the runs that a reader chooses.

It is started when somebody asks for it, once for the server, and shown in a frame. All that the
frame loads comes through the lab's own address (``ui/tensorboard/proxy.py``).
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
            "The lab's files are kept at an address that is no folder of this machine "
            "(`MNIST_LAB_HOME`), and TensorBoard reads folders only. The Train and Runs pages show "
            "everything all the same."
        )
    )
elif found_runs := find_runs():
    show_board(show_choice(found_runs))
else:
    st.markdown(_("There is no run yet. Train a network, and compare its runs here."))
    link("train", _("Train a network"))
