"""The Data page: what there is to learn from, how it is prepared, and what a network sees of it.

Its address says what it shows: ``?view=digits&split=train&class=7&digit=123`` for the digits, and
``?task=imdb`` for another task.
"""

import streamlit as st

from mnist_core.config import TrainingConfig
from mnist_core.errors import ConfigError
from mnist_core.presets import PRESETS
from mnist_core.tasks import task
from mnist_core.words import mark
from ui import (
    data_other_steps,
    data_parts,
    data_tables,
    data_tasks,
    data_texts,
    fetching,
    problems,
    state,
)
from ui.data_panel import VIEWS, follow_address, note_address, show_digits
from ui.data_steps import show_steps
from ui.data_training import show_training
from ui.navigation import train_page
from ui.text import _

#: What there is to look at of a task without pictures.
LOOKS = {
    "texts": {
        "samples": mark("Texts"),
        "steps": mark("How they are prepared"),
        "overview": mark("Classes and words"),
    },
    "table": {
        "samples": mark("Rows"),
        "steps": mark("How they are prepared"),
        "overview": mark("Columns"),
    },
}


def show_pictures(config: TrainingConfig, unusable: ConfigError | None) -> None:
    """Digits and clothes."""
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
    elif PRESETS[state.PRESET.get()].config.task == config.task:
        show_training()
    else:
        st.info(_("The settings of an experiment decide what a network sees. Choose one."))
        st.page_link(
            train_page(),
            label=_("Choose an experiment with these images"),
            icon=":material/show_chart:",
            query_params={"preset": data_tasks.preset_of(config.task)},
        )


def show_others(config: TrainingConfig, unusable: ConfigError | None) -> None:
    """Texts and tables."""
    kind = task(config.task).inputs
    data_tables.show_warning(config.task)
    look = st.segmented_control(
        _("What to look at"),
        list(LOOKS[kind]),
        format_func=lambda name: _(LOOKS[kind][name]),
        key=state.DATA_LOOK.prepare(),
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    if unusable:
        problems.show(unusable)
    elif look == "steps":
        data_other_steps.show_steps(config)
    elif kind == "texts":
        (data_texts.show_texts if look == "samples" else data_texts.show_overview)(config)
    else:
        (data_tables.show_rows if look == "samples" else data_tables.show_columns)(config)


st.title(_("Data"), anchor=False)
data_tasks.follow_address()
chosen = data_tasks.show_choice()
if fetching.is_there(chosen):
    experiment, trouble = data_tasks.experiment(chosen)
    show = show_pictures if data_parts.has_pictures(chosen) else show_others
    show(experiment, trouble)
