"""The confusion matrix with the samples of a cell, and the samples with the highest loss."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from mnist_core.evaluation.classification import Evaluation
from mnist_core.runs import Run
from ui.common import images
from ui.common.formatting import loss, percent, samples_called, whole
from ui.common.i18n import Markdown, _, ngettext, translated
from ui.evaluate import classification_charts, keys
from ui.evaluate.figures import CHART_CONFIG, part_names, quoted
from ui.evaluate.samples import most_shown, sample_views

#: Samples with the highest loss that are shown.
WORST_SHOWN = 12
#: Bars of such a sample; of more than ten classes, only the most probable.
BARS, FEW_BARS = 10, 4


@st.fragment
def show_confusions(run: Run, evaluation: Evaluation, part: str) -> None:
    """The confusion matrix, and the samples of the selected cell."""
    _select_most_confused(run, evaluation)
    st.header(_("Confusion matrix"), anchor=False)
    st.caption(
        _(
            "Which classes are confused? Each row is a true class, each column a predicted class. "
            "Grey is correct; the redder a cell, the larger its share of the row. Click a cell to "
            "see its {samples}."
        ).format(samples=samples_called(run.config))
    )
    true, read, version = keys.MARKED.get()
    if len(evaluation.classes) > classification_charts.MOST_WITH_NUMBERS:
        # Too many classes for half a page; on a phone the matrix scrolls sideways.
        matrix, cell = st.container(key=keys.WIDE), st.container()
    else:
        matrix, cell = st.columns([3, 2], gap="medium")
    with matrix:
        st.plotly_chart(
            classification_charts.confusion_matrix(
                evaluation, marked=(true, read), version=version, translate=translated
            ),
            key=keys.MATRIX.key,
            on_select=handle_click,
            selection_mode="points",
            config=CHART_CONFIG,
            alt=_("Confusion matrix; the fields beside it select a cell, too."),
        )
    with cell:
        _show_cell_choice(evaluation.classes)
        with st.container(key=keys.CELL):
            _show_cell(run, evaluation, part)


def _select_most_confused(run: Run, evaluation: Evaluation) -> None:
    """Select the cell of the most confused classes, once for each run."""
    if keys.CELL_FOR.get() == run.id:
        return
    keys.CELL_FOR.set(run.id)
    pairs = evaluation.confused_pairs[:1]
    select_cell(*((pairs[0].true, pairs[0].predicted) if pairs else (0, 0)))


def select_cell(true: int, read: int) -> None:
    """Select a cell, and mark it in the matrix."""
    keys.TRUE.set(true)
    keys.READ.set(read)
    mark_selected()


def mark_selected() -> None:
    """Mark the cell that was selected by the fields beside the matrix."""
    version = keys.MARKED.get()[2] + 1
    keys.MARKED.set((keys.TRUE.get(), keys.READ.get(), version))
    keys.CLICKED.set(None)


def handle_click() -> None:
    """Select the clicked cell; a second click, which deselects it in the chart, changes nothing."""
    points = keys.MATRIX.get()["selection"]["points"]
    if points:
        true, read = (int(number) for number in points[-1]["customdata"][:2])
        keys.TRUE.set(true)
        keys.READ.set(read)
        keys.CLICKED.set((true, read))
    elif clicked := keys.CLICKED.get():
        select_cell(*clicked)


def _show_cell_choice(classes: tuple[str, ...]) -> None:
    with st.container(horizontal=True):
        for label, entry, explanation in (
            (_("True class"), keys.TRUE, _("The row of the confusion matrix.")),
            (_("Predicted class"), keys.READ, _("The column of the confusion matrix.")),
        ):
            st.selectbox(
                label,
                range(len(classes)),
                format_func=classes.__getitem__,
                key=entry.key,
                on_change=mark_selected,
                help=explanation,
            )


def _show_cell(run: Run, evaluation: Evaluation, part: str) -> None:
    true, read = keys.TRUE.get(), keys.READ.get()
    found = evaluation.cell(true, read)
    names = evaluation.classes
    called = {"true": quoted(names[true]), "read": quoted(names[read])}
    samples = samples_called(run.config, len(found))
    st.markdown(
        _cell_line(len(found), true == read).format(
            count=whole(len(found)), samples=samples, **called
        )
    )
    if not len(found):
        return
    shown = found[: most_shown(run)]
    words = _("The most confident predictions first, each with its confidence.")
    if len(shown) < len(found):
        first = _("The first {count} are shown.").format(count=whole(len(shown)))
        words = Markdown(" ").join([words, first])
    st.caption(words)
    sure = [percent(float(share)) for share in evaluation.probabilities[shown, read]]
    alt = [
        _("{true}, predicted as {read}, confidence {sure}, no. {index} of {array}").plain(
            sure=share, index=int(index), array=part_names(part).array, **called
        )
        for index, share in zip(evaluation.indices[shown], sure, strict=True)
    ]
    views = sample_views(run, evaluation, part, shown, alt=alt, side=44)
    html = images.captioned(list(zip(views, sure, strict=True)))
    # A cell of the diagonal may have a thousand samples, so they scroll in a frame.
    st.html(f'<div class="lab-cell" tabindex="0">{html}</div>')


def _cell_line(count: int, right: bool) -> str:
    if not count:
        return _("No {true} is predicted as {read}.")
    if right:
        return ngettext(
            "**{count}** {samples} of {true} is classified correctly.",
            "**{count}** {samples} of {true} are classified correctly.",
            count,
        )
    return ngettext(
        "**{count}** {samples} of {true} is predicted as {read}.",
        "**{count}** {samples} of {true} are predicted as {read}.",
        count,
    )


def show_worst(run: Run, evaluation: Evaluation, part: str) -> None:
    """The samples with the highest loss, with their predicted probabilities."""
    st.header(_("Highest losses"), anchor=False)
    st.caption(
        _(
            "Which predictions are most wrong? The network was confident of a wrong class. Some "
            "{samples} are hard for people too, and some labels are doubtful. Blue is the "
            "predicted class, green the true class. “No.” is the position in {array}, from 0."
        ).format(samples=samples_called(run.config), array=part_names(part).array)
    )
    worst = evaluation.top_losses(WORST_SHOWN)
    lines = [_worst_line(evaluation, int(position)) for position in worst]
    views = sample_views(run, evaluation, part, worst, alt=lines, side=84)
    cards = [
        _worst_card(evaluation, int(position), line, view)
        for position, line, view in zip(worst, lines, views, strict=True)
    ]
    # Words need more room than digits.
    wide = "" if all(name.isdigit() for name in evaluation.classes) else " wide"
    st.html(f'<div class="lab-cards{wide}">{"".join(cards)}</div>')


def _worst_line(evaluation: Evaluation, position: int) -> str:
    names = evaluation.classes
    true, read = int(evaluation.labels[position]), int(evaluation.predicted[position])
    words = _("{true}, classified correctly") if true == read else _("{true}, predicted as {read}")
    line = words.plain(true=quoted(names[true]), read=quoted(names[read]))
    if evaluation.wrong[position]:
        line = f"{line} {_('(label noise)')}"
    return line


def _worst_card(evaluation: Evaluation, position: int, line: str, view: str) -> str:
    true, read = int(evaluation.labels[position]), int(evaluation.predicted[position])
    chances, names = evaluation.probabilities[position], evaluation.classes
    below = _("no. {index} · loss {loss}").plain(
        index=int(evaluation.indices[position]), loss=loss(float(evaluation.losses[position]))
    )
    bars = BARS if len(names) <= BARS else FEW_BARS
    shown = sorted({*np.argsort(-chances, kind="stable")[:bars].tolist(), true})
    drawn = images.class_bars(
        [(names[number], float(chances[number])) for number in shown],
        chosen=shown.index(read),
        right=shown.index(true),
    )
    return (
        f'<div class="lab-card">{view}'
        f'<div class="who">{escape(line)}</div><div>{escape(below)}</div>{drawn}</div>'
    )
