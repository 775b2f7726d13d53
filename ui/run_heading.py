"""What stands above the chart: which run it is, what came of it, and what to try next."""

from __future__ import annotations

import streamlit as st

from mnist_core.presets import PRESETS
from mnist_core.runs import Run, RunStatus
from ui import differences, problems, results, run_choice, services, settings_form, state
from ui.next_panel import show_next_steps
from ui.run_words import about, all_settings
from ui.text import Markdown, _

#: How often the wait in the queue is looked at again, in seconds.
WAIT_SECONDS = 3


def show_heading(run: Run | None) -> None:
    """The name, the settings, and what to look for or what came of it.

    Args:
        run: The run; None for the chosen preset, which nobody has trained yet.
    """
    if run is None:
        preset = PRESETS[state.PRESET.get()]
        with st.container(key=state.PRESET_HEADING, gap="xsmall"):
            st.title(_(preset.label), anchor=False)
            st.markdown(_("**What to look for:** {text}").format(text=_(preset.look_for)))
        return
    # The chart itself says why a run failed.
    failed = run.status is RunStatus.FAILED
    with st.container(key=state.FAILED_HEADING if failed else state.RUN_HEADING, gap="xsmall"):
        title = Markdown("{name}" if run.example is None else "{name} :violet-badge[{example}]")
        st.title(title.format(name=run.name, example=_("Example")), anchor=False)
        st.caption(all_settings(run.config, services.rate_changes(run)))
        if run.status is RunStatus.QUEUED:
            _show_wait(run.id)
        _show_changed_settings(run)
        if run.status.is_active:
            st.markdown(_("**What to look for:** {text}").format(text=_look_for(run)))
        elif not failed:
            text = results.sentence(run, state.CRITERION.get())
            st.markdown(_("**Result:** {text}").format(text=text))
        if not run.status.is_active:
            show_next_steps(run, state.CRITERION.get())


@st.fragment(run_every=WAIT_SECONDS)
def _show_wait(run_id: str) -> None:
    """Where a queued run stands in the queue, and how long it still waits there."""
    with problems.shown():
        wait = services.queue_wait(run_id)
        if wait is None:
            return
        words = _("Number {position} in the queue.").format(position=wait.position)
        if wait.seconds is not None:
            starts = _("It starts in about {time}.").format(time=about(wait.seconds))
            words = Markdown(" ").join([words, starts])
        st.caption(Markdown(":material/hourglass_empty: {words}").format(words=words))


def _look_for(run: Run) -> str:
    if run.preset in PRESETS:
        return _(PRESETS[run.preset].look_for)
    return _(
        "Both losses fall at first. Where the validation loss rises while the training loss still "
        "falls, the network begins to memorise its training samples."
    )


def _show_changed_settings(run: Run) -> None:
    """Say that the settings on the page are not those of the run, where they are not."""
    if run.imported is not None or run.lesson is not None:  # of those the page sets none
        return
    if run_choice.unusable(run) is not None:
        return
    own, now = run.config.to_dict(), settings_form.values()
    if not differences.differing(own, now):
        return
    with st.container(key=state.RUN_CHANGES, horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(":orange[:material/edit:] Settings changed since this run: {changes}").format(
                changes=differences.in_words(own, now)
            ),
            width="stretch",
        )
        pressed = st.button(
            _("Back to this run's settings"),
            key=state.RUN_SETTINGS,
            icon=":material/undo:",
            help=_("Fills in the settings that the run shown was trained with."),
            on_click=settings_form.fill_like,
            args=(run.config, run.preset),
        )
        if pressed:
            st.rerun()
