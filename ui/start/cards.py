"""The experiments as cards, each with a button that starts it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from mnist_core.errors import StoreError
from mnist_core.experiment.presets import Preset
from ui.common import errors, fetching
from ui.common.formatting import about, settings_line
from ui.common.i18n import Markdown, _
from ui.common.lab import lab
from ui.common.navigation import link, page
from ui.common.run_start import start_run
from ui.start import keys


def start(preset: Preset) -> None:
    """Start an experiment and open it on the Train page."""
    with errors.shown():
        run = start_run(preset.config, preset.key)
        st.switch_page(page("train"), query_params={"run": run.id})


def estimated_time(preset: Preset) -> str:
    """Return the estimated training time on this machine; empty if it is unknown."""
    try:
        estimate = lab.estimated_duration(preset.config)
    except StoreError:  # shown elsewhere on the page
        return ""
    if estimate is None:
        return ""
    words = _("very roughly {time}") if estimate.rough else _("about {time}")
    return words.format(time=about(estimate.seconds))


def show_card(preset: Preset) -> None:
    """Show one experiment as a card."""
    with st.container(border=True, height="stretch", key=keys.card(preset.key), gap="xsmall"):
        st.markdown(Markdown("### {name}").format(name=_(preset.label)), anchors=False)
        st.markdown(_(preset.summary))
        st.markdown(_("**Teaches:** {text}").format(text=_(preset.teaches)))
        line = Markdown(" · ").join(
            filter(None, [estimated_time(preset), settings_line(preset.config)])
        )
        st.caption(line)
        st.caption(_(preset.then_try))
        st.space("stretch")
        fetching.show_mark(preset.config.task)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                _("Start"),
                key=keys.start(preset.key),
                icon=":material/play_arrow:",
                disabled=not fetching.is_available(preset.config.task),
            ):
                start(preset)
            link(
                "train",
                _("Settings"),
                icon=":material/tune:",
                help=_("Shows the settings, to change them before you start."),
                preset=preset.key,
            )


def show_cards(key: str, presets: Sequence[Preset]) -> None:
    """Show experiments as cards, as many per row as fit."""
    with st.container(key=key):
        for preset in presets:
            show_card(preset)
