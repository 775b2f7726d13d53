"""The Data page: the digits, how they are prepared, and what the network will see of them.

Its address says what it shows: ``?view=digits&split=train&class=7&digit=123``.
"""

import streamlit as st

from mnist_core.errors import ConfigError
from mnist_core.presets import PRESETS
from ui import data_parts, problems, settings_form, state
from ui.data_panel import VIEWS, follow_address, note_address, show_digits
from ui.data_steps import show_steps
from ui.data_training import show_training
from ui.navigation import train_page
from ui.text import _

st.title(_("Data"), anchor=False)
try:
    config, unusable = settings_form.read(), None
except ConfigError as error:
    config, unusable = PRESETS[state.PRESET.get()].config, error
if data_parts.has_pictures(config.task):
    follow_address(config)
    view = st.segmented_control(
        _("What to look at"),
        list(VIEWS),
        format_func=lambda name: _(VIEWS[name]),
        key=state.DATA_VIEW.prepare(),
        required=True,
        label_visibility="collapsed",
        on_change=note_address,
        args=(config,),
        persist_state="session",
    )
    if unusable and view != "training":  # which says it beside the settings
        problems.show(unusable)
    if view == "digits":
        show_digits(config)
    elif view == "steps":
        show_steps(config)
    else:
        show_training()
else:
    st.info(_("The samples of this task are no pictures, so there is nothing to look at here."))
    st.page_link(
        train_page(), label=_("Choose an experiment with pictures"), icon=":material/show_chart:"
    )
