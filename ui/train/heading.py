"""The heading above the chart: the run, its settings, its result, and what to try next."""

from __future__ import annotations

import streamlit as st

from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, RunStatus
from ui.common import errors, run_selector, session, setting_changes, settings_form
from ui.common.formatting import about, all_settings
from ui.common.i18n import Markdown, _
from ui.common.lab import lab
from ui.train import keys, results
from ui.train.next_steps import show_next_steps

#: Interval in seconds at which the place in the queue is updated.
WAIT_SECONDS = 3


def show_heading(run: Run | None) -> None:
    """Show the name, the settings, and what to look for or the result.

    Args:
        run: The run; None if the chosen preset has no run yet.
    """
    if run is None:
        preset = PRESETS[session.PRESET.get()]
        with st.container(gap="xsmall"):
            st.title(_(preset.label), anchor=False)
            st.markdown(_("**What to look for:** {text}").format(text=_(preset.look_for)))
        return
    # The chart shows why a run failed.
    failed = run.status is RunStatus.FAILED
    with st.container(key=None if failed else keys.RUN_HEADING, gap="xsmall"):
        title = Markdown("{name}" if run.example is None else "{name} :violet-badge[{example}]")
        st.title(title.format(name=run.name, example=_("Example")), anchor=False)
        st.caption(all_settings(run.config, lab.rate_changes(run)))
        if run.status is RunStatus.QUEUED:
            _show_wait(run.id)
        _show_changed_settings(run)
        if run.status.is_active:
            st.markdown(_("**What to look for:** {text}").format(text=_look_for(run)))
        elif not failed:
            text = results.sentence(run, keys.CRITERION.get())
            st.markdown(_("**Result:** {text}").format(text=text))
        if not run.status.is_active:
            show_next_steps(run, keys.CRITERION.get())


@st.fragment(run_every=WAIT_SECONDS)
def _show_wait(run_id: str) -> None:
    """Show the place of a queued run and its estimated wait."""
    with errors.shown():
        wait = lab.queue_wait(run_id)
        if wait is None:
            return
        words = _("Number {position} in the queue.").format(position=wait.position)
        if wait.seconds is not None:
            start = _("Training starts in about {time}.").format(time=about(wait.seconds))
            words = Markdown(" ").join([words, start])
        st.caption(Markdown(":material/hourglass_empty: {words}").format(words=words))


def _look_for(run: Run) -> str:
    if run.preset in PRESETS:
        return _(PRESETS[run.preset].look_for)
    return _(
        "Both losses fall at first. When the validation loss rises while the training loss still "
        "falls, the network begins to memorise its training set."
    )


def _show_changed_settings(run: Run) -> None:
    """Show which settings in the form differ from those of the run."""
    if run.imported is not None or run.lesson is not None:  # not trained with this form
        return
    if run_selector.unusable(run) is not None:
        return
    own, now = run.config.to_dict(), settings_form.values()
    if not setting_changes.differing(own, now):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(":orange[:material/edit:] Settings changed since this run: {changes}").format(
                changes=setting_changes.in_words(own, now)
            ),
            width="stretch",
        )
        pressed = st.button(
            _("Back to this run's settings"),
            key=keys.RUN_SETTINGS,
            icon=":material/undo:",
            help=_("Restores the settings of this run."),
            on_click=settings_form.fill_like,
            args=(run.config, run.preset),
        )
        if pressed:
            st.rerun()
