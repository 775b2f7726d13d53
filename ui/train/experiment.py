"""The choice of the experiment, its estimated duration and the changed settings."""

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
    """Fill the form with the settings of the chosen preset (callback)."""
    key = session.PRESET.get()
    settings_form.fill_preset(key)
    keys.FOLLOWED_PRESET.set(key)
    st.query_params["preset"] = key


def read_settings() -> tuple[TrainingConfig | None, LabError | None]:
    """Return the configuration in the form, or the error if it is invalid."""
    try:
        return settings_form.read(), None
    except ConfigError as error:
        return None, error


def show_preset() -> None:
    """Show the choice of the experiment."""
    labels = {key: f"{key} — {_(entry.label)}" for key, entry in PRESETS.items()}
    tasks = {key: entry.config.task for key, entry in PRESETS.items()}
    marked = fetching.marked_labels(session.PRESET, labels, tasks)
    st.selectbox(
        _("Experiment"),
        list(PRESETS),
        format_func=marked.__getitem__,
        key=session.PRESET.prepare(),
        help=_(
            "A prepared experiment; you can change all its settings below. **Start** queues a new "
            "run; other runs continue. **Pause** holds the run between two steps; after some "
            "seconds it lets queued runs train first, and later repeats the epoch that it was in. "
            "**Stop** ends the run and keeps its models and a checkpoint, from which it can be "
            "resumed."
        ),
        on_change=choose_preset,
        persist_state="session",
    )


def show_estimate(config: TrainingConfig | None) -> None:
    """Show the estimated training time on this machine."""
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
    """Show the settings that differ from the preset, with a button to reset them."""
    changed = settings_form.changes()
    if not changed:
        return
    with st.container(key=keys.CHANGES):
        st.markdown(_("**Changed from the preset:** {changes}").format(changes=changed))
        st.button(
            _("Reset to the preset"),
            key=keys.RESET,
            icon=":material/restart_alt:",
            help=_("Restores the settings of the preset."),
            on_click=settings_form.fill_preset,
            args=(session.PRESET.get(),),
        )
