"""The choice of the task whose data is shown."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import ConfigError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.tasks import TASKS, task
from ui.common import fetching, session, settings_form
from ui.common.i18n import _
from ui.data import keys


def follow_address() -> None:
    """Show the task that the address names, or else the task of the Train page.

    With an empty address the selection stays, so that it is kept on return to the page.
    """
    trained = PRESETS[session.PRESET.get()].config.task
    asked = st.query_params.get("task")
    if asked is None and len(st.query_params):
        asked = trained
    seen = asked, trained
    before = keys.TASK_FOR.get()
    if asked is not None and asked not in TASKS:
        st.warning(_("There is no task {name}.").format(name=asked[:40]))
        asked = trained
    if asked is not None and asked != before[0]:
        _show(asked)
    elif trained != before[1]:
        _show(trained)
    keys.TASK_FOR.set((seen[0] if seen[0] is not None else before[0], trained))


def choose(key: str) -> None:
    """Show the selected task; the address then names nothing but the task."""
    _show(key)
    st.query_params.from_dict({"task": key})


def _show(key: str) -> None:
    """Show a task, and reset the selection, which depends on the task."""
    keys.TASK.set(key)
    keys.TOPIC.set(keys.TOPIC.default)
    keys.PAGE.set(1)
    keys.TEXT.set(None)
    keys.OTHER_STEP.set(None)


def show_choice() -> str:
    """Show the choice of the task; return its key."""
    labels = {key: _(task(key).label) for key in TASKS}
    marked = fetching.marked_labels(keys.TASK, labels, {key: key for key in TASKS})
    with st.container(width=420):
        st.selectbox(
            _("Task"),
            list(TASKS),
            format_func=marked.__getitem__,
            key=keys.TASK.prepare(),
            on_change=lambda: choose(keys.TASK.get()),
            persist_state="session",
        )
    return keys.TASK.get()


def experiment(key: str) -> tuple[TrainingConfig, ConfigError | None]:
    """The experiment whose sets are shown: the Train page's, if it is of this task.

    Returns:
        Its settings, and the error in the settings of the Train page, if any.
    """
    chosen = PRESETS[session.PRESET.get()].config
    if chosen.task != key:
        return PRESETS[preset_of(key)].config, None
    try:
        return settings_form.read(), None
    except ConfigError as error:
        return chosen, error


def preset_of(key: str) -> str:
    """The first preset of a task."""
    return next(preset.key for preset in PRESETS.values() if preset.config.task == key)
