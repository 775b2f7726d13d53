"""Teach it: the right answer to a drawing, the drawings that a class has kept, and the lesson."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.errors import UnknownRunError
from mnist_core.runs import Run
from mnist_core.runs.store import NAME_LENGTH
from mnist_core.teaching import FEWEST
from ui import pictures, presses, problems, services, state
from ui.run_words import escaped, percent, whole
from ui.text import _, ngettext
from ui.waiting import wait_for_run

#: Drawings shown at a time, the newest first.
SHOWN = 60


def keep(image_u8: NDArray[np.uint8], read_as: int) -> None:
    """Keep the drawing with the answer that was chosen, and give a new canvas."""
    label = state.TEACH_LABEL.get()
    if label is None:
        return
    with problems.noted():
        services.store().drawings.add(image_u8, label, read_as=read_as)
        state.TEACH_LABEL.set(None)
        state.TEACH_KEPT.set(True)
        for empty in (state.DRAW_CLEARED, state.DRAW_UPLOADS):
            empty.set(empty.get() + 1)


def redraw_collection() -> None:
    """Draw the whole page once more after a drawing was kept: a stroke redraws only its part."""
    if state.TEACH_KEPT.get():
        state.TEACH_KEPT.set(False)
        st.rerun()


def remove(number: int | None) -> None:
    """Remove one drawing, or all."""
    with problems.noted():
        services.store().drawings.remove(number)


def teach(run: Run) -> None:
    """Queue a run that learns the class's drawings, and remember it for the page to show."""
    with problems.noted():
        name = _("{name}, taught").format(name=run.name)
        taught = presses.once(("teach", run.id), lambda: services.teach(run, name[:NAME_LENGTH]).id)
        state.TAUGHT_RUN.set(taught)


def show_question(image_u8: NDArray[np.uint8], read_as: int) -> None:
    """Ask which digit it is."""
    st.markdown(_("**Teach it:** which digit did you draw?"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.pills(
            _("The digit that you drew"),
            range(10),
            key=state.TEACH_LABEL.key,
            label_visibility="collapsed",
        )
        st.button(
            _("Keep it"),
            key=state.TEACH_KEEP,
            on_click=keep,
            args=(image_u8, read_as),
            disabled=state.TEACH_LABEL.get() is None,
        )


def show(run: Run) -> None:
    """The class's drawings, and the lessons that came of them.

    Args:
        run: Whose network is to be taught.
    """
    with problems.shown():
        show_taught()
        if run.lesson is not None and run.id != state.TAUGHT_RUN.get():
            show_lesson(run)
        show_collection(run)


def show_collection(run: Run) -> None:
    """The drawings that there are, and what to do with them."""
    counts = services.store().drawings.counts()
    total = sum(counts)
    title = ngettext("{count} drawing kept", "{count} drawings kept", total)
    with st.expander(_("The class's handwriting: ") + title.format(count=whole(total))):
        if not total:
            st.markdown(
                _("Draw digits, say which they are, and keep them. Then a network can learn them.")
            )
            return
        missing = max(0, FEWEST - total)
        st.button(
            _("Teach “{name}” these drawings").format(name=escaped(run.name)),
            type="primary",
            key=state.TEACH_START,
            on_click=teach,
            args=(run,),
            disabled=missing > 0,
        )
        st.caption(
            _(
                "A copy of the network goes on learning for a few epochs, from your drawings and "
                "from MNIST's digits, so that it forgets nothing. The network itself stays as it "
                "is."
            )
        )
        if missing:
            words = ngettext("{count} more drawing is needed.", "{count} more are needed.", missing)
            st.caption(words.format(count=missing))
        st.caption(" · ".join(f"{digit}: {whole(count)}" for digit, count in enumerate(counts)))
        newest = services.store().drawings.newest(SHOWN)
        st.html(
            pictures.captioned(
                [
                    (
                        pictures.picture(one.image_u8, str(one.label), side=44),
                        str(one.label)
                        if one.read_as in (None, one.label)
                        else f"{one.label}, {_('read')} {one.read_as}",
                    )
                    for one in newest
                ]
            )
        )
        with st.container(horizontal=True):
            st.download_button(
                _("Save as a file"),
                services.store().drawings.export,
                file_name="drawings.npz",
                key=state.TEACH_EXPORT,
                on_click="ignore",
                help=_("A NumPy file: x are the pictures, y the digits."),
            )
            st.button(
                _("Remove the newest"),
                key=state.TEACH_REMOVE,
                on_click=remove,
                args=(newest[0].id,),
            )
            with st.popover(_("Remove all")):
                st.caption(_("All drawings are removed for good. Save them as a file first."))
                st.button(
                    _("Remove all drawings"),
                    key=state.TEACH_REMOVE_ALL,
                    on_click=remove,
                    args=(None,),
                )


def show_taught() -> None:
    """The lesson that was begun here, and what came of it."""
    run_id = state.TAUGHT_RUN.get()
    if run_id is None:
        return
    try:
        run = services.store().get(run_id)
    except UnknownRunError:  # deleted meanwhile
        return
    if run.status.is_active:
        words = _("**{name}** is learning your drawings: epoch {done} of {epochs} is done.")
        wait_for_run(run_id, words, ":material/school:")
    elif run.lesson is not None:
        show_lesson(run)
        if run.message:
            st.error(escaped(run.message), icon=":material/error:")


def show_lesson(run: Run) -> None:
    """How well a network read before and after its lesson."""
    lesson = run.lesson
    if lesson is None or lesson["after"]["test"] is None:
        return
    of_drawings = (
        _("your drawings that were kept aside")
        if lesson["kept_aside"]
        else _("your drawings, which it learned from")
    )
    rows = [(of_drawings, "drawings"), (_("MNIST's test digits"), "test")]
    lines = [f"| | {_('before')} | {_('after')} |", "|---|---|---|"]
    for words, key in rows:
        before, after = percent(lesson["before"][key]), percent(lesson["after"][key])
        lines.append(f"| {words} | {before} | **{after}** |")
    st.markdown(
        _("“{name}” was taught {count} drawings. It reads:").format(
            name=escaped(lesson["base_name"]), count=whole(lesson["drawings"])
        )
        + "\n\n"
        + "\n".join(lines)
    )
