"""The Data page: the digits, how they are prepared, and what the network will see of them.

Its address says what it shows: ``?split=train&class=7&digit=123``.
"""

import streamlit as st

from mnist_core.errors import ConfigError
from mnist_core.presets import PRESETS
from ui import data_parts, problems, settings_form, state
from ui.data_panel import follow_address, show_digits
from ui.data_steps import show_steps
from ui.data_training import show_training
from ui.text import _

st.title(_("Data"), anchor=False)
VIEWS = {
    "digits": _("Digits"),
    "steps": _("How they are prepared"),
    "training": _("What the network sees"),
}
view = st.segmented_control(
    _("What to look at"),
    list(VIEWS),
    format_func=VIEWS.__getitem__,
    key=state.DATA_VIEW.prepare(),
    required=True,
    label_visibility="collapsed",
    persist_state="session",
)
try:
    config = settings_form.read()
except ConfigError as error:
    if view != "training":  # which says it beside the settings
        problems.show(error)
    config = PRESETS[state.PRESET.get()].config
if not data_parts.has_pictures(config.task):
    st.info(_("The samples of this task are no pictures, so there is nothing to look at here."))
else:
    follow_address(config)
    if view == "digits":
        show_digits(config)
    elif view == "steps":
        show_steps()
    else:
        show_training()
