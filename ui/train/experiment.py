"""The choice of the experiment, and what is said of its settings."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import ConfigError, LabError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from ui.common import errors, fetching, session, settings_form
from ui.common.formatting import about
from ui.common.i18n import _
from ui.common.lab import lab
from ui.train import keys


def choose_preset() -> None:
    """A preset was chosen: its settings replace those in the widgets."""
    key = session.PRESET.get()
    settings_form.fill_preset(key)
    keys.FOLLOWED_PRESET.set(key)
    st.query_params["preset"] = key


def read_settings() -> tuple[TrainingConfig | None, LabError | None]:
    """The configuration in the widgets, or why there is none."""
    try:
        return settings_form.read(), None
    except ConfigError as error:
        return None, error


def show_preset() -> None:
    """The choice of the experiment."""
    labels = {key: f"{key} — {_(entry.label)}" for key, entry in PRESETS.items()}
    tasks = {key: entry.config.task for key, entry in PRESETS.items()}
    marked = fetching.marked_labels(session.PRESET, labels, tasks)
    st.selectbox(
        _("Experiment"),
        list(PRESETS),
        format_func=marked.__getitem__,
        key=session.PRESET.prepare(),
        help=_(
            "A prepared experiment to begin with; every setting of it can be changed below. "
            "**Start** trains the network; a run that is at work goes on. **Pause** holds it "
            "between two steps; after some seconds it lets waiting runs go first, and then "
            "begins the epoch it was in again. **Stop** ends it and keeps its models and a "
            "checkpoint: it can be resumed later."
        ),
        on_change=choose_preset,
        persist_state="session",
    )


def show_estimate(config: TrainingConfig | None) -> None:
    """Say how long the training will take on this machine."""
    if config is None:
        return
    with errors.shown():
        duration = lab.estimated_duration(config)
        if duration is not None:
            words = (
                _("Training takes very roughly {time} on this machine.")
                if duration.rough
                else _("Training takes about {time} on this machine.")
            )
            st.caption(words.format(time=about(duration.seconds)))


def show_changes() -> None:
    """Say, quietly, what differs from the preset, and offer to take it back."""
    changed = settings_form.changes()
    if not changed:
        return
    with st.container(key=keys.CHANGES):
        st.markdown(_("**Changed from the preset:** {changes}").format(changes=changed))
        st.button(
            _("Reset to the preset"),
            key=keys.RESET,
            icon=":material/restart_alt:",
            help=_("Takes the preset's own settings again."),
            on_click=settings_form.fill_preset,
            args=(session.PRESET.get(),),
        )
