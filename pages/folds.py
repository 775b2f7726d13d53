"""The Cross-validate page: K-fold cross-validation, and the final network on all samples."""

from __future__ import annotations

import streamlit as st

from ui.common import errors, run_selector
from ui.common.i18n import _
from ui.common.waiting import warn_without_workers
from ui.crossvalidate import study as fold_panel
from ui.crossvalidate.choice import chosen_study
from ui.crossvalidate.form import show_form

st.title(_("Cross-validate"), anchor=False)
st.markdown(
    _(
        "With few samples, results depend on the random split: another validation set gives "
        "another best epoch. **K-fold cross-validation** divides the samples into K folds and "
        "trains K times, each time with another fold as the validation set. The mean of the K "
        "curves shows how many epochs to train; then the final network is trained on all samples."
    )
)
errors.show_notice()
shown = chosen_study()
show_form(shown)
warn_without_workers()
if shown is not None and (error := run_selector.unusable(shown.folds[0])):
    errors.show(error)
elif shown is not None:
    fold_panel.show(shown)
elif "study" not in st.query_params:  # otherwise there is a warning
    st.markdown(_("There is no cross-validation yet. Press Start to train the folds."))
