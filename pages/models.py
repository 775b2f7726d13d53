"""The Models page: the trained networks, their names and notes, export and import.

``?run=ID`` chooses a run.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.i18n import mark
from mnist_core.runs import Run
from ui.common import errors, lab, run_selector, session
from ui.common.formatting import all_settings, metric, moment
from ui.common.i18n import Markdown, _, escaped
from ui.common.navigation import evaluate_page, train_page, trying_page
from ui.models import description, disk_space, import_model
from ui.models.network import show_model

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
        session.MODELS_RUN.set(asked.id)
    elif session.MODELS_RUN.get() not in runs:
        session.MODELS_RUN.set(run_selector.first_choice(runs))


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(session.MODELS_RUN.get())


def matches(run: Run, text: str, tags: set[str]) -> bool:
    """Whether a run has the tags that are asked for, and the text in its name or notes."""
    return tags <= set(run.tags) and text.lower() in f"{run.name}\n{run.notes}".lower()


def show_filter(runs: dict[str, Run], known_tags: list[str]) -> dict[str, Run]:
    """Ask for a text and for tags, and return the runs that have them."""
    st.text_input(
        _("Find"),
        key=session.MODELS_FILTER.prepare(),
        placeholder=_("A word of its name or notes"),
        persist_state="session",
    )
    if known_tags:
        st.pills(
            _("Tags"),
            known_tags,
            format_func=escaped,
            key=session.MODELS_TAG.prepare(),
            selection_mode="multi",
            persist_state="session",
        )
    tags = set(session.MODELS_TAG.get()) & set(known_tags)
    text = session.MODELS_FILTER.get()
    return {key: run for key, run in runs.items() if matches(run, text, tags)}


def line(run: Run) -> str:
    """A run in the list to choose from."""
    pin = "📌 " if run.pinned else ""
    return pin + run_selector.run_line(run)


def show_choice(runs: dict[str, Run]) -> None:
    """Which run it is about."""
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: line(runs[run_id]),
        key=session.MODELS_RUN.prepare(),
        help=_(
            "The runs that have left a network, the newest on top. The figure beside a name is "
            "what its best network reached on the test samples."
        ),
        on_change=note_choice,
        persist_state="session",
    )


def show_figures(run: Run) -> None:
    """What it is and what it came to, in a few words."""
    with st.container(key=session.MODELS_FIGURES, horizontal=True):
        name = run.config.metric
        label = _("Test error") if name == "mae" else _("Test accuracy")
        st.metric(label, metric(run.test_metric, name))
        if run.best and run.config.validation_size:
            label = _("Validation error") if name == "mae" else _("Validation accuracy")
            st.metric(label, metric(run.best.val_metric, name))
        st.metric(_("Size"), disk_space.in_bytes(disk_space.size(run.id, run.version)))
    settings = all_settings(run.config, lab.rate_changes(run))
    st.caption(Markdown(" · ").join([settings, moment(run.created_at, st.context.timezone)]))
    description.show_origin(run)
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
    if error := run_selector.unusable(run):
        errors.show(error)
    run_selector.say_if_failed(run)
    show_figures(run)
    section = st.segmented_control(
        _("What to do"),
        list(SECTIONS),
        format_func=lambda key: Markdown(" ").join([Markdown(ICONS[key]), _(SECTIONS[key])]),
        key=session.MODELS_SECTION.prepare(),
        required=True,
        label_visibility="collapsed",
        persist_state="session",
    )
    with errors.shown():
        if section == "download":
            description.show_download(run)
        elif section == "inside":
            show_model(run)
        else:
            description.show_description(run, known_tags)


st.title(_("Models"), anchor=False)
errors.show_notice()
if done := session.MODELS_DONE.get():
    session.MODELS_DONE.set("")
    st.toast(done, icon=":material/check:")
choices, asked_run = run_selector.find_runs(limit=run_selector.RUNS_KEPT)
if asked_run and not lab.has_models(asked_run):
    if asked_run.status.is_active:
        words = _("**{name}** is still training; its network is kept when it has ended.")
    else:
        words = _("**{name}** has ended without a network that could be kept. {why}")
    st.warning(words.format(name=asked_run.name, why=asked_run.message))
if choices:
    tags_of_all = sorted({tag for run in choices.values() for tag in run.tags})
    with st.container(key=session.MODELS_CHOICE):
        found = show_filter(choices, tags_of_all) if len(choices) > MANY else choices
        if found:
            choose_run(found, asked_run)
            show_choice(found)
    if found:
        show_run(found[str(session.MODELS_RUN.get())], tags_of_all)
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
import_model.show_arrivals()
disk_space.show_disk()
