"""Where a network goes wrong, in images: a cell of the confusion matrix, and the worst answers."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.evaluation import Evaluation
from mnist_core.runs import Run
from mnist_core.tasks import task
from ui import evaluation_charts, pictures, state
from ui.evaluation_panel import CHART_CONFIG, part_words
from ui.run_words import escaped, loss, percent, whole
from ui.text import _, ngettext

#: Images of one cell, at most: every cell of 10,000 test digits is whole.
MOST_IMAGES = 1_200
#: The worst answers that are shown.
WORST_SHOWN = 12
#: Bars beside one of them; with more classes, the most probable ones.
BARS = 10


@st.fragment
def show_confusions(run: Run, evaluation: Evaluation, part: str) -> None:
    """The confusion matrix, and the images of the cell that was chosen in it."""
    _begin_with_the_worst(run, evaluation)
    st.subheader(_("What does it take for what?"), anchor=False)
    st.caption(
        _(
            "The confusion matrix: each row is a class, each column what was read; below each "
            "count is its share of the row. Grey is right; the redder, the more often it is wrong. "
            "Click a cell to see its images."
        )
    )
    matrix, images = st.columns([3, 2], gap="medium")
    true, read, version = state.EVALUATE_MARKED.get()
    with matrix:
        st.plotly_chart(
            evaluation_charts.confusion_matrix(
                evaluation, marked=(true, read), version=version, translate=_
            ),
            key=state.EVALUATE_MATRIX.key,
            on_select=take_click,
            selection_mode="points",
            config=CHART_CONFIG,
            alt=_("Confusion matrix; the fields beside it choose a cell, too."),
        )
    with images:
        _show_cell_choice(evaluation.classes)
        with st.container(key=state.EVALUATE_CELL):
            _show_cell(run, evaluation, part)


def _begin_with_the_worst(run: Run, evaluation: Evaluation) -> None:
    """Look at the most confused pair first, whenever another run is evaluated."""
    if state.EVALUATE_CELL_FOR.get() == run.id:
        return
    state.EVALUATE_CELL_FOR.set(run.id)
    worst = evaluation.confused_pairs[:1]
    look_at(*((worst[0].true, worst[0].read) if worst else (0, 0)))


def look_at(true: int, read: int) -> None:
    """Choose a cell, and mark it in the matrix."""
    state.EVALUATE_TRUE.set(true)
    state.EVALUATE_READ.set(read)
    mark_choice()


def mark_choice() -> None:
    """Mark the cell that was chosen beside the matrix."""
    version = state.EVALUATE_MARKED.get()[2] + 1
    state.EVALUATE_MARKED.set((state.EVALUATE_TRUE.get(), state.EVALUATE_READ.get(), version))
    state.EVALUATE_CLICKED.set(None)


def take_click() -> None:
    """A cell was clicked. Clicked once more it is let go of, but its images stay."""
    points = state.EVALUATE_MATRIX.get()["selection"]["points"]
    if points:
        true, read = (int(number) for number in points[-1]["customdata"][:2])
        state.EVALUATE_TRUE.set(true)
        state.EVALUATE_READ.set(read)
        state.EVALUATE_CLICKED.set((true, read))
    elif clicked := state.EVALUATE_CLICKED.get():
        look_at(*clicked)


def _show_cell_choice(classes: tuple[str, ...]) -> None:
    with st.container(horizontal=True):
        for label, entry, explanation in (
            (_("What it is"), state.EVALUATE_TRUE, _("The row of the confusion matrix.")),
            (_("Read as"), state.EVALUATE_READ, _("The column of the confusion matrix.")),
        ):
            st.selectbox(
                label,
                range(len(classes)),
                format_func=classes.__getitem__,
                key=entry.key,
                on_change=mark_choice,
                help=explanation,
            )


def _show_cell(run: Run, evaluation: Evaluation, part: str) -> None:
    true, read = state.EVALUATE_TRUE.get(), state.EVALUATE_READ.get()
    found = evaluation.cell(true, read)
    names = {"true": escaped(evaluation.classes[true]), "read": escaped(evaluation.classes[read])}
    st.markdown(_cell_line(len(found), true == read).format(count=whole(len(found)), **names))
    if not len(found):
        return
    shown = found[:MOST_IMAGES]
    words = _("The surest answers come first; below each, how sure the network is.")
    if len(shown) < len(found):
        words += " " + _("Shown are the first {count}.").format(count=whole(len(shown)))
    st.caption(words)
    images = []
    for position, image in zip(shown, _images(run, evaluation, part, shown), strict=True):
        sure = percent(float(evaluation.probabilities[position, read]))
        spoken = _("{true}, read as {read}, {sure} sure, no. {index} of {array}").format(
            true=evaluation.classes[true],
            read=evaluation.classes[read],
            sure=sure,
            index=int(evaluation.indices[position]),
            array=part_words(part).array,
        )
        images.append((pictures.picture(image, spoken, side=44), sure))
    html = pictures.captioned(images)
    # A cell of the diagonal has a thousand: they scroll in a frame of their own.
    st.html(f'<div class="lab-cell" tabindex="0">{html}</div>')


def _cell_line(count: int, right: bool) -> str:
    if not count:
        return _("No {true} is read as {read}.")
    if right:
        return ngettext(
            "**{count}** image of {true} is read correctly.",
            "**{count}** images of {true} are read correctly.",
            count,
        )
    return ngettext(
        "**{count}** image of {true} is read as {read}.",
        "**{count}** images of {true} are read as {read}.",
        count,
    )


def _images(
    run: Run, evaluation: Evaluation, part: str, positions: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """The images at some positions, uint8 (n, 28, 28)."""
    data = task(run.config.task).load()
    source = data.x_test if part == "test" else data.x_train
    found: NDArray[np.uint8] = source[evaluation.indices[positions]]
    return found


def show_worst(run: Run, evaluation: Evaluation, part: str) -> None:
    """The images with the highest loss, with all that the network thought of them."""
    st.subheader(_("What did it get most wrong?"), anchor=False)
    st.caption(
        _(
            "The images with the highest loss: here the network was sure of something else. Look "
            "at them: some are scrawled, and some labels are doubtful themselves. Blue is what "
            "it read, green the right answer. The number is the image's place in {array}, "
            "counted from 0."
        ).format(array=part_words(part).array)
    )
    worst = evaluation.top_losses(WORST_SHOWN)
    images = _images(run, evaluation, part, worst)
    cards = [
        _worst_card(evaluation, int(position), image)
        for position, image in zip(worst, images, strict=True)
    ]
    with st.container(key=state.EVALUATE_WORST):
        st.html(f'<div class="lab-cards">{"".join(cards)}</div>')


def _worst_card(evaluation: Evaluation, position: int, image: NDArray[np.uint8]) -> str:
    true, read = int(evaluation.labels[position]), int(evaluation.read[position])
    chances = evaluation.probabilities[position]
    names = {"true": evaluation.classes[true], "read": evaluation.classes[read]}
    index = int(evaluation.indices[position])
    line = _("{true}, read as {read}").format(**names)
    if true == read:
        line = _("{true}, read correctly").format(**names)
    if evaluation.wrong[position]:
        line += " " + _("(label made wrong on purpose)")
    below = _("no. {index} · loss {loss}").format(
        index=index, loss=loss(float(evaluation.losses[position]))
    )
    shown = sorted({*np.argsort(-chances, kind="stable")[:BARS].tolist(), true})
    bars = pictures.class_bars(
        [(evaluation.classes[number], float(chances[number])) for number in shown],
        chosen=shown.index(read),
        right=shown.index(true),
    )
    return (
        f'<div class="lab-card">{pictures.picture(image, line, side=84)}'
        f'<div class="who">{escape(line)}</div><div>{escape(below)}</div>{bars}</div>'
    )
