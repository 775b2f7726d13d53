"""The start page: what this is, in three sentences, and experiments that begin with one click."""

import streamlit as st

from mnist_core.presets import PRESETS, Preset
from ui import live_chart, problems, services, state
from ui.navigation import train_page
from ui.reproduction_panel import show_reproduction
from ui.run_words import STATUS_WORDS, escaped, settings_line
from ui.starting import start_run
from ui.text import _

CARDS_IN_A_ROW = 3
#: Among so many of the newest runs, one that is still at work is looked for.
RECENT_RUNS = 100


def start(preset: Preset) -> None:
    """Begin an experiment and show it."""
    with problems.shown():
        run = start_run(preset.config, preset.key)
        st.switch_page(train_page(), query_params={"run": run.id})


def offer(preset: Preset, *, first: bool = False) -> None:
    """One experiment as a card."""
    with st.container(
        border=True, height="stretch", key=state.preset_card(preset.key), gap="xsmall"
    ):
        if first:
            st.badge(_("Begin here"), color="green")
        st.markdown(f"{'###' if first else '####'} {_(preset.label)}", anchors=False)
        st.markdown(_(preset.summary))
        if first:
            st.markdown(_(preset.look_for))
        st.caption(settings_line(preset.config))
        st.space("stretch")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                _("Start {name}").format(name=preset.key),
                key=state.preset_start(preset.key),
                type="primary" if first else "secondary",
                icon=":material/play_arrow:",
            ):
                start(preset)
            st.page_link(
                train_page(),
                label=_("Settings"),
                icon=":material/tune:",
                help=_("Look at the settings, and change them, before you start."),
                query_params={"preset": preset.key},
            )


def offer_all(presets: list[Preset]) -> None:
    """Experiments as cards, some in each row."""
    for begin in range(0, len(presets), CARDS_IN_A_ROW):
        columns = st.columns(CARDS_IN_A_ROW)
        for column, preset in zip(columns, presets[begin : begin + CARDS_IN_A_ROW], strict=False):
            with column:
                offer(preset)


def continue_watching() -> None:
    """The way back to the newest run that is at work, if there is one."""
    recent = services.store().list_runs(limit=RECENT_RUNS)
    run = next((run for run in recent if run.status.is_active), None)
    if run is None:
        return
    status = STATUS_WORDS[run.status]
    st.page_link(
        train_page(),
        label=_("Continue watching: {name} ({status})").format(
            name=escaped(run.name), status=_(status.label)
        ),
        icon=":material/monitoring:",
        query_params={"run": run.id},
    )


with st.container(key=state.START_INTRO):
    st.title(_("Watch a network learn, and see where it overfits"), anchor=False)
    st.markdown(
        _(
            "Choose an experiment, and a small neural network learns to read handwritten digits "
            "on this machine. Four curves grow while it learns: how wrong and how right it is, "
            "on the images it learns from and on images it has never seen. Where these begin to "
            "disagree, it has begun to learn by heart, and the chart marks that epoch."
        )
    )
    with problems.shown():
        continue_watching()

digits, others = (
    [preset for preset in PRESETS.values() if (preset.config.task == "mnist") is wanted]
    for wanted in (True, False)
)
offer(digits[0], first=True)
offer_all(digits[1:])
st.subheader(_("Other tasks, the same lesson"), anchor=False)
offer_all(others)
show_reproduction()
live_chart.warm_up()
