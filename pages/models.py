"""The Models page: the trained networks, their names and notes, export and import.

``?run=ID`` chooses a run.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from mnist_core.words import mark
from ui import arrival_panel, disk_panel, keeping_panel, problems, run_choice, services, state
from ui.model_panel import show_model
from ui.navigation import evaluate_page, train_page, trying_page
from ui.run_words import all_settings, metric, moment
from ui.text import Markdown, _, escaped

#: More than so many are searched rather than looked through.
MANY = 8
SECTIONS = {
    "about": mark("Name and notes"),
    "download": mark("Download"),
    "inside": mark("Look inside"),
}
ICONS = {
    "about": ":material/edit_note:",
    "download": ":material/download:",
    "inside": ":material/search:",
}


def choose_run(runs: dict[str, Run], asked: Run | None) -> None:
    """Follow the address, or keep what was chosen."""
    if asked and asked.id in runs:
        state.MODELS_RUN.set(asked.id)
    elif state.MODELS_RUN.get() not in runs:
        state.MODELS_RUN.set(run_choice.first_choice(runs))


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(state.MODELS_RUN.get())


def matches(run: Run, text: str, tags: set[str]) -> bool:
    """Whether a run has the tags that are asked for, and the text in its name or notes."""
    return tags <= set(run.tags) and text.lower() in f"{run.name}\n{run.notes}".lower()


def show_filter(runs: dict[str, Run], known_tags: list[str]) -> dict[str, Run]:
    """Ask for a text and for tags, and return the runs that have them."""
    st.text_input(
        _("Find"),
        key=state.MODELS_FILTER.prepare(),
        placeholder=_("A word of its name or notes"),
        persist_state="session",
    )
    if known_tags:
        st.pills(
            _("Tags"),
            known_tags,
            format_func=escaped,
            key=state.MODELS_TAG.prepare(),
            selection_mode="multi",
            persist_state="session",
        )
    tags = set(state.MODELS_TAG.get()) & set(known_tags)
    text = state.MODELS_FILTER.get()
    return {key: run for key, run in runs.items() if matches(run, text, tags)}


def line(run: Run) -> str:
    """A run in the list to choose from."""
    pin = "📌 " if run.pinned else ""
    return pin + run_choice.run_line(run)


def show_choice(runs: dict[str, Run]) -> None:
    """Which run it is about."""
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: line(runs[run_id]),
        key=state.MODELS_RUN.prepare(),
        help=_(
            "The runs that have left a network, the newest on top. The figure beside a name is "
            "what its best network reached on the test samples."
        ),
        on_change=note_choice,
        persist_state="session",
    )


def show_figures(run: Run) -> None:
    """What it is and what it came to, in a few words."""
    with st.container(key=state.MODELS_FIGURES, horizontal=True):
        name = run.config.metric
        label = _("Test error") if name == "mae" else _("Test accuracy")
        st.metric(label, metric(run.test_metric, name))
        if run.best and run.config.validation_size:
            label = _("Validation error") if name == "mae" else _("Validation accuracy")
            st.metric(label, metric(run.best.val_metric, name))
        st.metric(_("Size"), disk_panel.in_bytes(disk_panel.size(run.id, run.version)))
    settings = all_settings(run.config, services.rate_changes(run))
    st.caption(Markdown(" · ").join([settings, moment(run.created_at, st.context.timezone)]))
    keeping_panel.show_origin(run)
    with st.container(horizontal=True):
        links: list[tuple[st.Page, str, str]] = [
            (evaluate_page(), _("Evaluate"), ":material/fact_check:")
        ]
        if (page := trying_page(run.config.task)) is not None:
            links.append((page, page.title, page.icon))
        if run.imported is None:
            links.append((train_page(), _("Curves"), ":material/show_chart:"))
        for page, words, icon in links:
            st.page_link(page, label=words, icon=icon, query_params={"run": run.id})


def show_run(run: Run, known_tags: list[str]) -> None:
    """Everything about one run, in sections."""
    if error := run_choice.unusable(run):
        problems.show(error)
    run_choice.say_if_failed(run)
    show_figures(run)
    section = st.segmented_control(
        _("What to do"),
        list(SECTIONS),
        format_func=lambda key: Markdown(" ").join([Markdown(ICONS[key]), _(SECTIONS[key])]),
        key=state.MODELS_SECTION.prepare(),
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    with problems.shown():
        if section == "download":
            keeping_panel.show_download(run)
        elif section == "inside":
            show_model(run)
        else:
            keeping_panel.show_description(run, known_tags)


st.title(_("Models"), anchor=False)
problems.show_notice()
if done := state.MODELS_DONE.get():
    state.MODELS_DONE.set("")
    st.toast(done, icon=":material/check:")
choices, asked_run = run_choice.find_runs(limit=run_choice.RUNS_KEPT)
if asked_run and not services.has_models(asked_run):
    if asked_run.status.is_active:
        words = _("**{name}** is still training; its network is kept when it has ended.")
    else:
        words = _("**{name}** has ended without a network that could be kept. {why}")
    st.warning(words.format(name=asked_run.name, why=asked_run.message))
if choices:
    tags_of_all = sorted({tag for run in choices.values() for tag in run.tags})
    with st.container(key=state.MODELS_CHOICE):
        found = show_filter(choices, tags_of_all) if len(choices) > MANY else choices
        if found:
            choose_run(found, asked_run)
            show_choice(found)
    if found:
        show_run(found[str(state.MODELS_RUN.get())], tags_of_all)
    else:
        st.info(_("No run has that in its name, its notes or its tags."))
else:
    st.markdown(
        _(
            "There is no trained network yet. Train one, or import one below; then it is kept "
            "here, to inspect, to compare and to export."
        )
    )
    st.page_link(train_page(), label=_("Train a network"), icon=":material/show_chart:")
st.divider()
arrival_panel.show_arrivals()
disk_panel.show_disk()
