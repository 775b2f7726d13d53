"""One run on the Models page: its metrics, and the sections below."""

from __future__ import annotations

import streamlit as st

from mnist_core.i18n import mark
from mnist_core.runs import Run
from ui.common import errors, run_selector
from ui.common.formatting import all_settings, byte_size, metric, moment
from ui.common.i18n import Markdown, _
from ui.common.lab import lab
from ui.common.navigation import link, link_to_try
from ui.models import description, disk_space, keys
from ui.models.network import show_model

SECTIONS = {
    "about": mark("Name and notes"),
    "download": mark("Download"),
    "inside": mark("Network"),
}
ICONS = {
    "about": ":material/edit_note:",
    "download": ":material/download:",
    "inside": ":material/search:",
}


def show_figures(run: Run) -> None:
    """Show the metrics, the settings and the origin of a run."""
    with st.container(key=keys.FIGURES, horizontal=True):
        quantity = run.config.quantity
        label = _("Test error") if quantity else _("Test accuracy")
        st.metric(label, metric(run.test_metric, quantity))
        if run.best and run.config.validation_size:
            label = _("Validation error") if quantity else _("Validation accuracy")
            st.metric(label, metric(run.best.val_metric, quantity))
        st.metric(_("Size"), byte_size(disk_space.size(run.id, run.version)))
    settings = all_settings(run.config, lab.rate_changes(run))
    st.caption(Markdown(" · ").join([settings, moment(run.created_at, st.context.timezone)]))
    description.show_origin(run)
    with st.container(horizontal=True):
        link("evaluate", run=run.id)
        link_to_try(run)
        if run.imported is None:
            link("train", _("Curves"), run=run.id)


def show_run(run: Run, known_tags: list[str]) -> None:
    """Show one run in sections."""
    run_selector.is_usable(run)  # otherwise it shows the reason
    show_figures(run)
    section = st.segmented_control(
        _("Section"),
        list(SECTIONS),
        format_func=lambda key: Markdown(" ").join([Markdown(ICONS[key]), _(SECTIONS[key])]),
        key=keys.SECTION.prepare(),
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
