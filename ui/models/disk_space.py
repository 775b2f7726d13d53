"""Disk usage of the runs, and the clean-up of old runs."""

from __future__ import annotations

import streamlit as st

from mnist_core.experiment.config import Limit
from mnist_core.runs import retention
from mnist_core.runs.retention import LEAST_DAYS, MOST_DAYS, OldRun
from ui.common import errors
from ui.common.formatting import byte_size, whole
from ui.common.i18n import _, ngettext, table
from ui.common.lab import lab
from ui.common.number_field import place_field
from ui.models import keys

#: Seconds that sizes are cached for.
SIZES_SECONDS = 20
#: Runs listed at a time.
LISTED = 12


@st.cache_data(ttl=SIZES_SECONDS, max_entries=4, show_spinner=False)
def left_files(home: str) -> dict[str, int]:
    """Bytes of each folder whose run is not in the database, for all sessions."""
    return retention.left_files(lab.store, sizes(home))


@st.cache_data(ttl=SIZES_SECONDS, max_entries=4, show_spinner=False)
def sizes(home: str) -> dict[str, int]:  # noqa: ARG001 - part of the cache key
    """Bytes of each run's files, for all sessions."""
    return lab.store.artifacts.sizes()


@st.cache_data(ttl=SIZES_SECONDS, max_entries=100, show_spinner=False)
def size(run_id: str, version: int) -> int:  # noqa: ARG001 - part of the cache key
    """Bytes of one run's files, for all sessions."""
    return lab.store.artifacts.size(run_id)


@st.fragment
def show_disk() -> None:
    """Show the size of all runs, and a clean-up that first lists the runs to remove.

    Nothing is computed before the panel is opened: the time grows with the number of runs.
    """
    panel = st.expander(
        _("Disk space"), icon=":material/hard_drive:", key=keys.DISK, on_change="rerun"
    )
    if not panel.open:
        return
    with panel, errors.shown():
        home = lab.store.home
        found, left = sizes(home), left_files(home)
        count = len(found) - len(left)
        words = ngettext(
            "**{size}** in the files of {count} run.",
            "**{size}** in the files of {count} runs.",
            count,
        )
        taken = sum(found.values()) - sum(left.values())
        st.markdown(words.format(size=byte_size(taken), count=whole(count)))
        st.markdown(
            _(
                "A clean-up removes runs that ended long ago, with their models. Pinned runs, and "
                "runs that have not ended, stay."
            )
        )
        with st.container(width=240):
            keys.CLEAN_DAYS.prepare()
            limit = Limit(LEAST_DAYS, MOST_DAYS)
            place_field(_("Older than (days)"), keys.CLEAN_DAYS, limit)
        show_clean_up(retention.old_runs(lab.store, keys.CLEAN_DAYS.get(), found))
        if left:
            show_left_files(left)


def show_clean_up(old: list[OldRun]) -> None:
    """List the runs to remove, and remove them on confirmation."""
    if not old:
        st.caption(_("There is nothing to remove: no unpinned run is that old."))
        return
    freed = byte_size(sum(entry.bytes for entry in old))
    rows: list[tuple[str, str, str]] = [(_("Run"), _("Ended"), _("Size"))]
    for entry in old[:LISTED]:
        days = int(entry.days)
        age = ngettext("{days} day ago", "{days} days ago", days).format(days=whole(days))
        rows.append((entry.run.name, age, byte_size(entry.bytes)))
    st.markdown(table(rows, left=2))
    if len(old) > LISTED:
        st.caption(_("… and {count} more.").format(count=whole(len(old) - LISTED)))
    words = ngettext("Remove {count} run ({size})", "Remove {count} runs ({size})", len(old))
    label = words.format(count=whole(len(old)), size=freed)
    with st.popover(label, icon=":material/delete_sweep:", key=keys.CLEAN):
        st.caption(
            _("The runs are removed permanently. Pin or download those that you want to keep.")
        )
        pressed = st.button(
            _("Remove them"),
            type="primary",
            key=keys.CLEAN_CONFIRM,
            on_click=clean,
            args=(old,),
        )
        if pressed:
            st.rerun()  # the whole page, which lists the runs too


def show_left_files(left: dict[str, int]) -> None:
    """Show the number of folders without a run, and remove them on confirmation."""
    words = ngettext(
        "{count} folder ({size}) belongs to no run in this database.",
        "{count} folders ({size}) belong to no run in this database.",
        len(left),
    )
    size = byte_size(sum(left.values()))
    st.markdown(words.format(count=whole(len(left)), size=size))
    label = _("Remove files without a run ({size})").format(size=size)
    with st.popover(label, icon=":material/delete_sweep:", key=keys.LEFT):
        st.caption(
            _(
                "Such files remain if a program is killed while it creates or deletes a run. But "
                "if the database was replaced, or another database uses the same folder, they "
                "belong to its runs. They are removed permanently."
            )
        )
        pressed = st.button(
            _("Remove them"),
            type="primary",
            key=keys.LEFT_CONFIRM,
            on_click=remove_left_files,
            args=(list(left),),
        )
        if pressed:
            st.rerun()


def remove_left_files(run_ids: list[str]) -> None:
    """Remove the files of folders without a run."""
    with errors.noted():
        count = retention.remove_left_files(lab.store, run_ids)
        sizes.clear()
        left_files.clear()
        words = ngettext("{count} folder was removed.", "{count} folders were removed.", count)
        keys.DONE.set(words.format(count=whole(count)))


def clean(old: list[OldRun]) -> None:
    """Remove the listed runs."""
    with errors.noted():
        count = retention.remove_old(lab.store, old)
        sizes.clear()
        words = ngettext("{count} run was removed.", "{count} runs were removed.", count)
        keys.DONE.set(words.format(count=whole(count)))
