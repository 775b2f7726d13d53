"""The choice of the cross-validation that is shown."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import StoreError
from mnist_core.studies.crossvalidation import TAG, Study, find_study, newest_study
from ui.common import errors
from ui.common.i18n import _
from ui.common.lab import lab


def chosen_study() -> Study | None:
    """The cross-validation that the address names, or the newest."""
    wanted = st.query_params.get("study")
    if wanted:
        if TAG.fullmatch(wanted):
            try:
                return find_study(lab.store, wanted)
            except StoreError as error:
                errors.show(error)
                return None
        st.warning(_("The cross-validation was not found. The newest is shown."))
    return newest_study(lab.store)
