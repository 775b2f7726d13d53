"""The Data page: the samples of a task, their preparation, and the training set of an experiment.

The address holds the selection: ``?view=digits&split=train&class=7&digit=123`` for the digits,
and ``?task=imdb`` for another task.
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
from ui.data.images import VIEWS, follow_address, show_digits, update_address
from ui.data.training_images import show_training

#: The views of a task whose samples are texts or rows.
OTHER_VIEWS = {
    "texts": {
        "samples": mark("Texts"),
        "steps": mark("Preparation"),
        "overview": mark("Classes and words"),
    },
    "table": {
        "samples": mark("Rows"),
        "steps": mark("Preparation"),
        "overview": mark("Columns"),
    },
}


def show_images(config: TrainingConfig, unusable: ConfigError | None) -> None:
    """Show a task whose samples are images."""
    follow_address(config)
    view = st.segmented_control(
        _("View"),
        list(VIEWS),
        format_func=lambda name: _(VIEWS[name]),
        key=keys.VIEW.prepare(),
        required=True,
        label_visibility="collapsed",
        on_change=update_address,
        args=(config,),
        persist_state="session",
    )
    if unusable and view != "training":  # shown beside its settings
        errors.show(unusable)
    if view == "digits":
        show_digits(config)
    elif view == "steps":
        show_steps(config)
    elif PRESETS[session.PRESET.get()].config.task == config.task:
        show_training()
    else:
        st.info(_("The settings of an experiment determine its training images."))
        link(
            "train",
            _("Choose an experiment with these images"),
            preset=task_choice.preset_of(config.task),
        )


def show_others(config: TrainingConfig, unusable: ConfigError | None) -> None:
    """Show a task whose samples are texts or rows of a table."""
    kind = task(config.task).inputs
    tables.show_warning(config.task)
    view = st.segmented_control(
        _("View"),
        list(OTHER_VIEWS[kind]),
        format_func=lambda name: _(OTHER_VIEWS[kind][name]),
        key=keys.OTHER_VIEW.prepare(),
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    if unusable:
        errors.show(unusable)
    elif view == "steps":
        text_and_table_steps.show_steps(config)
    elif kind == "texts":
        (texts.show_texts if view == "samples" else texts.show_overview)(config)
    else:
        (tables.show_rows if view == "samples" else tables.show_columns)(config)


st.title(_("Data"), anchor=False)
task_choice.follow_address()
chosen = task_choice.show_choice()
if fetching.is_ready(chosen):
    experiment, error = task_choice.experiment(chosen)
    show = show_images if image_sets.has_images(chosen) else show_others
    show(experiment, error)
