"""The Data page: what there is to learn from, how it is prepared, and what a network sees of it.

Its address says what it shows: ``?view=digits&split=train&class=7&digit=123`` for the digits, and
``?task=imdb`` for another task.
"""

import streamlit as st

from mnist_core.errors import ConfigError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.i18n import mark
from mnist_core.tasks import task
from ui.common import errors, fetching, session
from ui.common.i18n import _
from ui.common.navigation import link
from ui.data import image_sets, keys, tables, task_choice, text_and_table_steps, texts
from ui.data.image_steps import show_steps
from ui.data.images import VIEWS, follow_address, note_address, show_digits
from ui.data.training_images import show_training

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
        key=keys.VIEW.prepare(),
        required=True,
        label_visibility="collapsed",
        on_change=note_address,
        args=(config,),
        persist_state="session",
    )
    if unusable and view != "training":  # which says it beside the settings
        errors.show(unusable)
    if view == "digits":
        show_digits(config)
    elif view == "steps":
        show_steps(config)
    elif PRESETS[session.PRESET.get()].config.task == config.task:
        show_training()
    else:
        st.info(_("The settings of an experiment decide what a network sees. Choose one."))
        link(
            "train",
            _("Choose an experiment with these images"),
            preset=task_choice.preset_of(config.task),
        )


def show_others(config: TrainingConfig, unusable: ConfigError | None) -> None:
    """Texts and tables."""
    kind = task(config.task).inputs
    tables.show_warning(config.task)
    look = st.segmented_control(
        _("What to look at"),
        list(LOOKS[kind]),
        format_func=lambda name: _(LOOKS[kind][name]),
        key=keys.LOOK.prepare(),
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    if unusable:
        errors.show(unusable)
    elif look == "steps":
        text_and_table_steps.show_steps(config)
    elif kind == "texts":
        (texts.show_texts if look == "samples" else texts.show_overview)(config)
    else:
        (tables.show_rows if look == "samples" else tables.show_columns)(config)


st.title(_("Data"), anchor=False)
task_choice.follow_address()
chosen = task_choice.show_choice()
if fetching.is_ready(chosen):
    experiment, trouble = task_choice.experiment(chosen)
    show = show_pictures if image_sets.has_pictures(chosen) else show_others
    show(experiment, trouble)
