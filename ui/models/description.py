"""The name, notes, tags and pin of a run, its origin, and its download."""

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

#: The fields, in the order of ``stored_values``.
FIELDS: tuple[session.Entry[Any], ...] = (
    keys.NAME,
    keys.NOTES,
    keys.TAGS,
    keys.PINNED,
)


def stored_values(run_id: str) -> tuple[str, str, list[str], bool]:
    """The stored values, in the order of ``FIELDS``."""
    run = lab.store.get(run_id)  # its name is without the suffix that distinguishes equal names
    return run.name, run.notes, list(run.tags), run.pinned


def save(run_id: str) -> None:
    """Save the fields that were changed; what others changed meanwhile in other fields stays."""
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
        keys.DESCRIBED.set(None)  # the fields are filled again
        keys.DONE.set(_("Saved."))


def is_changed() -> bool:
    """Whether a field differs from the stored value."""
    _run_id, stored = keys.DESCRIBED.get() or ("", ())
    return any(field.get() != before for field, before in zip(FIELDS, stored, strict=False))


def fill_fields(run_id: str) -> None:
    """Fill the fields with the stored values; changes that are not saved yet stay."""
    stored = stored_values(run_id)
    described, shown = keys.DESCRIBED.get() or ("", stored)
    for field, before, now in zip(FIELDS, shown, stored, strict=True):
        if described != run_id or not field.is_set() or field.get() == before:
            field.set(now)
    keys.DESCRIBED.set((run_id, stored))


def show_description(run: Run, known_tags: list[str]) -> None:
    """Show the fields for name, notes, tags and pin.

    Args:
        run: The run.
        known_tags: Tags of all runs, as suggestions.
    """
    if run.example is not None:
        st.info(
            _(
                "This example comes with the lab, so its name and notes cannot be changed. It can "
                "be exported, and hidden on the Runs page."
            )
        )
        if run.notes:
            st.markdown(escaped(run.notes))
        return
    fill_fields(run.id)
    # A limit in the browser would cut a longer name silently; the store refuses it with an error.
    st.text_input(_("Name"), key=keys.NAME.prepare())
    st.multiselect(
        _("Tags"),
        sorted({*known_tags, *keys.TAGS.get()}),
        key=keys.TAGS.prepare(),
        accept_new_options=True,
        max_selections=MOST_TAGS,
        placeholder=_("Type or choose a tag"),
        help=_(
            "Words to search for, such as a class or a date; at most {limit} characters each."
        ).format(limit=TAG_LENGTH),
    )
    st.text_area(
        _("Notes"),
        key=keys.NOTES.prepare(),
        max_chars=NOTES_LENGTH,
        placeholder=_("Aim and findings"),
        height=120,
    )
    st.toggle(
        _("Pin this run"),
        key=keys.PINNED.prepare(),
        help=_("A clean-up never removes pinned runs."),
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
    """Show the origin of an imported model."""
    origin = run.imported
    if origin is None:
        return
    shape = " × ".join(map(str, origin["input_shape"]))
    st.markdown(
        _(
            "Imported from the file **{file}**: {layers} layers with {parameters} parameters, "
            "for images of {shape} numbers. It was rebuilt from known layers; how it was trained "
            "is not known."
        ).format(
            file=origin["file"],
            layers=whole(origin["layers"]),
            parameters=whole(origin["parameters"]),
            shape=shape,
        )
    )
    if origin["output"] == "logits":
        st.caption(
            _(
                "The network in the file ends in logits. A softmax was added, which turns them "
                "into probabilities and changes no prediction."
            )
        )
    if run.id != keys.IMPORTED.get():  # shown below, beside the import
        for finding in findings(run):
            st.caption(Markdown(" ").join(finding.sentences(_)))


def show_download(run: Run) -> None:
    """Show the export for another tool, and the download of the whole run for another lab."""
    show_export(run)
    st.divider()
    st.markdown(
        _(
            "**The whole run in one file**, to keep or to import into another lab: settings, every "
            "epoch as a table, both models, and any event files. Import it there "
            "under “Import a saved run”."
        )
    )
    size = disk_space.size(run.id, run.version)
    # A link, because a download button would hold the whole file in memory.
    st.link_button(
        _("Download everything ({size})").format(size=byte_size(size)),
        archive_route.address(run.id),
        key=keys.ARCHIVE,
        icon=":material/folder_zip:",
        disabled=run.status.is_active,
    )
    if size > MOST_BYTES:
        st.caption(
            _("The files exceed {most}: event files that do not fit are left out.").format(
                most=byte_size(MOST_BYTES)
            )
        )
