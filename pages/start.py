"""The start page: what this is, one finished experiment as a picture, and experiments to start."""

from collections.abc import Sequence

import streamlit as st

from mnist_core.errors import StoreError, UnknownRunError
from mnist_core.examples import known_examples
from mnist_core.experiment.presets import PRESETS, Preset
from mnist_core.runs import Run
from ui.common import errors, fetching, lab, session
from ui.common.formatting import STATUS_WORDS, about, settings_line, whole
from ui.common.i18n import Markdown, _
from ui.common.navigation import draw_page, train_page
from ui.common.run_start import start_run
from ui.live import chart
from ui.start.reproduction import show_reproduction

FIRST = next(iter(PRESETS.values()))
#: So many experiments are shown at once; the others are one click away.
OPEN_CARDS = 4
#: Among so many of the newest runs, one that is still at work is looked for.
RECENT_RUNS = 100


def start(preset: Preset) -> None:
    """Begin an experiment and show it."""
    with errors.shown():
        run = start_run(preset.config, preset.key)
        st.switch_page(train_page(), query_params={"run": run.id})


def time_needed(preset: Preset) -> str:
    """About how long the training takes on this machine; nothing where that is not known."""
    try:
        found = lab.estimated_duration(preset.config)
    except StoreError:  # the page says so elsewhere
        return ""
    if found is None:
        return ""
    words = _("very roughly {time}") if found.rough else _("about {time}")
    return words.format(time=about(found.seconds))


def offer(preset: Preset) -> None:
    """One experiment as a card."""
    with st.container(
        border=True, height="stretch", key=session.preset_card(preset.key), gap="xsmall"
    ):
        st.markdown(Markdown("### {name}").format(name=_(preset.label)), anchors=False)
        st.markdown(_(preset.summary))
        st.markdown(_("**Teaches:** {text}").format(text=_(preset.teaches)))
        line = Markdown(" · ").join(
            filter(None, [time_needed(preset), settings_line(preset.config)])
        )
        st.caption(line)
        st.caption(_(preset.then_try))
        st.space("stretch")
        fetching.show_mark(preset.config.task)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                _("Start"),
                key=session.preset_start(preset.key),
                icon=":material/play_arrow:",
                disabled=not fetching.can_be_had(preset.config.task),
            ):
                start(preset)
            st.page_link(
                train_page(),
                label=_("Settings"),
                icon=":material/tune:",
                help=_("Look at the settings, and change them, before you start."),
                query_params={"preset": preset.key},
            )


def offer_all(key: str, presets: Sequence[Preset]) -> None:
    """Experiments as cards, as many in each row as there is room for."""
    with st.container(key=key):
        for preset in presets:
            offer(preset)


def continue_watching() -> None:
    """The way back to the newest run that is at work, if there is one."""
    recent = lab.store().list_runs(limit=RECENT_RUNS)
    run = next((run for run in recent if run.status.is_active), None)
    if run is None:
        return
    status = STATUS_WORDS[run.status]
    st.page_link(
        train_page(),
        label=_("Continue watching: {name} ({status})").format(
            name=run.name, status=_(status.label)
        ),
        icon=":material/monitoring:",
        query_params={"run": run.id},
    )


def finished_example() -> Run | None:
    """The first experiment as it comes with the lab; None in a lab without examples."""
    try:
        return lab.store().get(known_examples()[FIRST.key].id)
    except UnknownRunError:
        return None


def show_picture(run: Run) -> None:
    """The curves of a finished run, and how to read them."""
    with st.container(key=session.START_PICTURE, gap="xsmall"):
        chart.live_chart(run, key=session.START_CHART)
        st.caption(
            _(
                "A network trained on {samples} digits. Up to epoch {epoch} the validation loss "
                "falls. After that only the training loss does: the network memorises its "
                "training images and generalises less and less. It **overfits**."
            ).format(
                samples=whole(run.config.train_size),
                epoch=known_examples()[FIRST.key].best_epoch,
            )
        )


def show_intro() -> None:
    """The name, one sentence, and what to do first."""
    st.title(_("MNIST Lab"), anchor=False)
    st.markdown(
        _("Watch a small neural network learn to read digits, and see where it starts to overfit.")
    )
    with st.container(key=session.START_ACTIONS, horizontal=True):
        if st.button(
            _("Draw a digit"), key=session.START_DRAW, type="primary", icon=":material/draw:"
        ):
            st.switch_page(draw_page())
        if st.button(
            _("Start the first experiment"), key=session.START_FIRST, icon=":material/play_arrow:"
        ):
            start(FIRST)
    with errors.shown():
        continue_watching()


with st.container(key=session.START_LAYOUT):
    with st.container(key=session.START_INTRO):
        show_intro()
    example = None
    with errors.shown():
        example = finished_example()
    if example:
        show_picture(example)
    else:
        chart.warm_up()

digits, others = (
    [preset for preset in PRESETS.values() if (preset.config.task == "mnist") is wanted]
    for wanted in (True, False)
)
st.header(_("Experiments"), anchor=False)
offer_all(session.START_CARDS, digits[:OPEN_CARDS])
with st.expander(_("More experiments with digits")):
    offer_all(session.START_MORE_CARDS, digits[OPEN_CARDS:])
with st.expander(_("Other data: clothes, texts and house prices")):
    offer_all(session.START_OTHER_CARDS, others)
show_reproduction()
