"""Fine-tuning: the label of a drawing, the saved drawings of a class, and the result."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.errors import UnknownRunError
from mnist_core.runs import Run
from mnist_core.runs.store import NAME_LENGTH
from mnist_core.studies.finetune import FEWEST
from ui.common import errors, idempotency, images
from ui.common.formatting import percent, whole
from ui.common.i18n import Markdown, _, escaped, ngettext, table
from ui.common.lab import lab
from ui.common.waiting import wait_for_run
from ui.draw import keys

#: Drawings shown at a time, the newest first.
SHOWN = 60


def save_drawing(image_u8: NDArray[np.uint8], read_as: int) -> None:
    """Save the drawing with the selected label and the prediction, and empty the canvas."""
    label = keys.TEACH_LABEL.get()
    if label is None:
        return
    with errors.noted():
        lab.store.drawings.add(image_u8, label, read_as=read_as)
        keys.TEACH_LABEL.set(None)
        keys.TEACH_KEPT.set(True)
        for empty in (keys.CLEARED, keys.UPLOADS):
            empty.set(empty.get() + 1)


def redraw_collection() -> None:
    """Rerun the whole page after a drawing was saved: a stroke reruns only its fragment."""
    if keys.TEACH_KEPT.get():
        keys.TEACH_KEPT.set(False)
        st.rerun()


def remove(number: int | None) -> None:
    """Delete one drawing, or all (None)."""
    with errors.noted():
        lab.store.drawings.remove(number)


def fine_tune(run: Run) -> None:
    """Queue the fine-tuning of a run's model, and remember the new run for this page."""
    with errors.noted():
        name = _("{name}, fine-tuned").plain(name=run.name)
        run_id = idempotency.once(("teach", run.id), lambda: lab.teach(run, name[:NAME_LENGTH]).id)
        keys.FINE_TUNED_RUN.set(run_id)


def show_question(image_u8: NDArray[np.uint8], read_as: int) -> None:
    """Ask for the label of the drawing."""
    st.markdown(_("**Label this drawing:** which digit did you draw?"))
    with st.container(key=keys.TEACH_QUESTION):
        st.pills(
            _("The digit that you drew"),
            range(10),
            key=keys.TEACH_LABEL.key,
            label_visibility="collapsed",
        )
        st.button(
            _("Save this drawing"),
            key=keys.TEACH_KEEP,
            on_click=save_drawing,
            args=(image_u8, read_as),
            disabled=keys.TEACH_LABEL.get() is None,
            help=_(
                "The drawing and its label are saved with those of your class. A model can then "
                "be fine-tuned with them."
            ),
        )


def show(run: Run) -> None:
    """Show the saved drawings, and the results of fine-tuning.

    Args:
        run: The run whose model is fine-tuned.
    """
    with errors.shown():
        show_fine_tuning()
        if run.lesson is not None and run.id != keys.FINE_TUNED_RUN.get():
            show_outcome(run)
        show_collection(run)


def show_collection(run: Run) -> None:
    """Show the saved drawings, and the actions on them."""
    counts = lab.store.drawings.counts()
    total = sum(counts)
    words = ngettext(
        "The class's handwriting: {count} drawing saved",
        "The class's handwriting: {count} drawings saved",
        total,
    )
    # The key keeps it open or closed when the number in its label changes.
    with st.expander(words.format(count=whole(total)), key=keys.TEACH_COLLECTION):
        if not total:
            st.markdown(
                _("Draw digits, label and save them. A model can then be fine-tuned with them.")
            )
            return
        missing = max(0, FEWEST - total)
        st.button(
            _("Fine-tune “{name}” with these drawings").format(name=run.name),
            type="primary",
            key=keys.TEACH_START,
            on_click=fine_tune,
            args=(run,),
            disabled=missing > 0,
        )
        st.caption(
            _(
                "A copy of the model is trained for a few more epochs on these drawings and on "
                "MNIST's digits, so that its accuracy on MNIST is kept. The model itself is not "
                "changed."
            )
        )
        if missing:
            words = ngettext(
                "{count} more drawing needed.", "{count} more drawings needed.", missing
            )
            st.caption(words.format(count=missing))
        st.caption(
            Markdown(" · ").join(f"{digit}: {whole(count)}" for digit, count in enumerate(counts))
        )
        newest = lab.store.drawings.newest(SHOWN)
        st.html(
            images.captioned(
                [
                    (
                        images.picture(drawing.image_u8, str(drawing.label), side=44),
                        str(drawing.label)
                        if drawing.read_as in (None, drawing.label)
                        else _("{label}, predicted {digit}").plain(
                            label=drawing.label, digit=drawing.read_as
                        ),
                    )
                    for drawing in newest
                ]
            )
        )
        with st.container(horizontal=True):
            st.download_button(
                _("Save as a file"),
                lab.store.drawings.export,
                file_name="drawings.npz",
                key=keys.TEACH_EXPORT,
                on_click="ignore",
                help=_("A NumPy file: x holds the images, y the labels."),
            )
            st.button(
                _("Remove the newest"),
                key=keys.TEACH_REMOVE,
                on_click=remove,
                args=(newest[0].id,),
            )
            with st.popover(_("Remove all")):
                st.caption(_("All drawings are deleted permanently. Save them as a file first."))
                st.button(
                    _("Remove all drawings"),
                    key=keys.TEACH_REMOVE_ALL,
                    on_click=remove,
                    args=(None,),
                )


def show_fine_tuning() -> None:
    """Show the fine-tuning that this session started: its progress, or its result."""
    run_id = keys.FINE_TUNED_RUN.get()
    if run_id is None:
        return
    try:
        run = lab.store.get(run_id)
    except UnknownRunError:  # deleted meanwhile
        return
    if not run.is_over:
        words = _("**{name}** is being fine-tuned: epoch {done} of {epochs} is done.")
        wait_for_run(run_id, words, ":material/school:")
    elif run.lesson is not None:
        show_outcome(run)
        if run.message:
            st.error(escaped(run.message), icon=":material/error:")


def show_outcome(run: Run) -> None:
    """Show the accuracy of a model before and after its fine-tuning."""
    lesson = run.lesson
    if lesson is None or lesson["after"]["test"] is None:
        return
    of_drawings = (
        _("your drawings that were held out")
        if lesson["kept_aside"]
        else _("your drawings (used for training)")
    )
    rows = [["", _("before"), _("after")]]
    for words, key in ((of_drawings, "drawings"), (_("MNIST test set"), "test")):
        before, after = percent(lesson["before"][key]), percent(lesson["after"][key])
        rows.append([words, before, Markdown("**{after}**").format(after=after)])
    words = _("“{name}” was fine-tuned with {count} drawings. Accuracy:").format(
        name=lesson["base_name"], count=whole(lesson["drawings"])
    )
    st.markdown(Markdown("\n\n").join([words, table(rows)]))
