"""One run on the Models page: its name, notes, tags and pin, where it came from, the way out."""

from __future__ import annotations

from typing import Any

import streamlit as st

from mnist_core.runs import Run
from mnist_core.runs.store import MOST_TAGS, NOTES_LENGTH, TAG_LENGTH
from mnist_core.transfer.archive import MOST_BYTES
from mnist_core.transfer.keras_import.findings import findings
from ui.common import errors, session
from ui.common.formatting import byte_size, whole
from ui.common.i18n import Markdown, _, escaped
from ui.common.lab import lab
from ui.models import archive_route, disk_space, keys
from ui.models.export import show_export

#: The fields, see ``said_of``.
FIELDS: tuple[session.Entry[Any], ...] = (
    keys.NAME,
    keys.NOTES,
    keys.TAGS,
    keys.PINNED,
)


def said_of(run_id: str) -> tuple[str, str, list[str], bool]:
    """What stands in the store, in the order of ``FIELDS``."""
    run = lab.store.get(run_id)  # its name is without what tells two apart
    return run.name, run.notes, list(run.tags), run.pinned


def save(run_id: str) -> None:
    """Keep what was changed in the fields; what somebody else has said meanwhile stays."""
    _run_id, shown = keys.DESCRIBED.get() or ("", (None,) * len(FIELDS))
    with errors.noted():
        name, notes, tags, pinned = (
            None if field.get() == before else field.get()
            for field, before in zip(FIELDS, shown, strict=True)
        )
        store = lab.store
        if name is not None:
            store.rename(run_id, name)
        store.describe(run_id, notes=notes, tags=tags, pinned=pinned)
        keys.DESCRIBED.set(None)  # the fields show what was kept
        keys.DONE.set(_("Saved."))


def is_changed() -> bool:
    """Whether a field shows something else than the store has."""
    _run_id, kept = keys.DESCRIBED.get() or ("", ())
    return any(field.get() != before for field, before in zip(FIELDS, kept, strict=False))


def fill_fields(run_id: str) -> None:
    """Show what is said of a run; what a person has typed and not saved yet stays."""
    kept = said_of(run_id)
    described, shown = keys.DESCRIBED.get() or ("", kept)
    for field, before, now in zip(FIELDS, shown, kept, strict=True):
        if described != run_id or not field.is_set() or field.get() == before:
            field.set(now)
    keys.DESCRIBED.set((run_id, kept))


def show_description(run: Run, known_tags: list[str]) -> None:
    """Fields for what a person wants to say of a run.

    Args:
        run: The run.
        known_tags: Tags of all runs, to choose from.
    """
    if run.example is not None:
        st.info(
            _(
                "This example comes with the lab, so its name and notes cannot be changed. It can "
                "be exported, and hidden on the page Runs."
            )
        )
        if run.notes:
            st.markdown(escaped(run.notes))
        return
    fill_fields(run.id)
    # A limit in the browser would cut a longer name without a word; the store refuses in words.
    st.text_input(_("Name"), key=keys.NAME.prepare())
    st.multiselect(
        _("Tags"),
        sorted({*known_tags, *keys.TAGS.get()}),
        key=keys.TAGS.prepare(),
        accept_new_options=True,
        max_selections=MOST_TAGS,
        placeholder=_("Type a word, or choose one"),
        help=_(
            "Words by which you find it again, such as a class or a date; at most {limit} letters."
        ).format(limit=TAG_LENGTH),
    )
    st.text_area(
        _("Notes"),
        key=keys.NOTES.prepare(),
        max_chars=NOTES_LENGTH,
        placeholder=_("What was tried, what was found"),
        height=120,
    )
    st.toggle(
        _("Pin it"),
        key=keys.PINNED.prepare(),
        help=_("A clean-up leaves pinned runs alone, however old they are."),
    )
    changed = is_changed()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("Save"),
            type="primary" if changed else "secondary",
            key=keys.SAVE,
            icon=":material/save:",
            on_click=save,
            args=(run.id,),
        )
        if changed:
            st.caption(_("Not saved yet."))


def show_origin(run: Run) -> None:
    """Where a model came from that came in as a file, and what was made of it."""
    known = run.imported
    if known is None:
        return
    shape = " × ".join(map(str, known["input_shape"]))
    st.markdown(
        _(
            "Imported from the file **{file}**: {layers} layers with {parameters} parameters, "
            "for images of {shape} numbers. It was rebuilt from known layers; how it was trained "
            "is not known."
        ).format(
            file=known["file"],
            layers=whole(known["layers"]),
            parameters=whole(known["parameters"]),
            shape=shape,
        )
    )
    if known["output"] == "logits":
        st.caption(
            _(
                "The network in the file ends in logits. A softmax was added, which turns them "
                "into probabilities and changes no prediction."
            )
        )
    if run.id != keys.ARRIVED.get():  # said below, where it was imported
        for finding in findings(run):
            st.caption(Markdown(" ").join(finding.sentences(_)))


def show_download(run: Run) -> None:
    """Export in a format for another tool, or all of the run for another lab."""
    show_export(run)
    st.divider()
    st.markdown(
        _(
            "**The whole run in one file**, to keep or to import into another lab: settings, every "
            "epoch as a table, both models, and the event files if there are any. Import it there "
            "under “Import a saved run”."
        )
    )
    size = disk_space.size(run.id, run.version)
    # A link, not a download button: that one would hold the whole file in memory.
    st.link_button(
        _("Download everything ({size})").format(size=byte_size(size)),
        archive_route.address(run.id),
        key=keys.ARCHIVE,
        icon=":material/folder_zip:",
        disabled=run.status.is_active,
    )
    if size > MOST_BYTES:
        st.caption(
            _("Its files are more than {most}: event files that do not fit are left out.").format(
                most=byte_size(MOST_BYTES)
            )
        )
