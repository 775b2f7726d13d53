"""The preparation of a text, or of a row of a table, as steps to click through."""

from __future__ import annotations

import numpy as np
import streamlit as st

from mnist_core.experiment.config import Limit, TrainingConfig
from mnist_core.i18n import mark
from mnist_core.tasks import Task, task
from mnist_core.tasks.image_steps import Step
from mnist_core.tasks.text_and_table_steps import (
    categorical_crossentropy,
    sparse_categorical_crossentropy,
    spread_over,
    table_steps,
    text_steps,
)
from ui.common import images
from ui.common.formatting import class_name, price, whole
from ui.common.i18n import Markdown, _
from ui.common.number_field import place_field
from ui.data import figures, image_sets, keys, tables, texts
from ui.data.image_steps import StepWords

STEPS: dict[str, StepWords] = {
    "words": StepWords(
        mark("1 Words"),
        mark("The text as words: lower case, no punctuation. A network takes numbers, not words."),
    ),
    "indices": StepWords(
        mark("2 Numbers"),
        mark(
            "Each word becomes its rank in the list of all words, the most frequent first. 2 "
            "stands for each word that is not among the 10,000 most frequent ones."
        ),
    ),
    "multi_hot": StepWords(
        mark("3 Multi-hot"),
        mark(
            "Texts have different lengths, a dense layer needs the same number of inputs "
            "each time. So the text becomes 10,000 numbers, one for each word: 1 where the word "
            "occurs, 0 elsewhere. The order of the words is lost, and how often each one comes."
        ),
    ),
    "label": StepWords(
        mark("4 Label"),
        mark("The right answer: one whole number, the place of the class in their list."),
    ),
    "one_hot": StepWords(
        mark("5 One-hot"),
        mark(
            "The tutorials write the answer as one number for each class: 1 at the right place, 0 "
            "elsewhere. Keras calls the loss of that `categorical_crossentropy`; with the whole "
            "number it is `sparse_categorical_crossentropy`. It is the same loss, as you can see "
            "here: move the slider."
        ),
    ),
    "row": StepWords(
        mark("1 Row"),
        mark(
            "The numbers as the data has them. Each column has a scale of its own: some are below "
            "1, others in the hundreds."
        ),
    ),
    "centred": StepWords(
        mark("2 Minus the mean"),
        mark(
            "The mean of its column is subtracted from each number: 0 is now a typical value. "
            "The mean is that of the training samples. Validation and test samples only measure, "
            "so nothing may be computed from them, not even a mean."
        ),
    ),
    "scaled": StepWords(
        mark("3 Divided by the deviation"),
        mark(
            "Then each is divided by the standard deviation of its column, the training part's "
            "again: how far values usually are from the mean. Now a difference of 1 is a typical "
            "difference in every column, and no column is louder than another for its unit alone."
        ),
    ),
    "price": StepWords(
        mark("4 Price"),
        mark("The right answer: a number, not a class. It is not changed."),
    ),
}


@st.fragment
def show_steps(config: TrainingConfig) -> None:
    """The way of one sample into a network: choices, one step, and its result.

    Args:
        config: The experiment, whose training part says what the mean is.
    """
    entry = task(config.task)
    made = _text(config, entry) if entry.inputs == "texts" else _row(config)
    names = [step.key for step in made]
    if keys.OTHER_STEP.get() not in names:
        keys.OTHER_STEP.set(names[0])
    st.segmented_control(
        _("Step"),
        names,
        format_func=lambda key: _(STEPS[key].label),
        key=keys.OTHER_STEP.key,
        required=True,
        wrap=True,
        persist_state="session",
    )
    step = made[names.index(str(keys.OTHER_STEP.get()))]
    with st.container(key=keys.PREPARED):
        with st.container(gap="small"):
            _show_figures(step)
            st.code(step.code, language="python", wrap_lines=True)
            st.markdown(_(STEPS[step.key].text))
        with st.container(gap="small"):
            if entry.inputs == "texts":
                _show_text_result(step, entry, label=int(made[names.index("label")].array))
            else:
                _show_row_result(step, made, entry, config)


def _text(config: TrainingConfig, entry: Task) -> list[Step]:
    number = texts.chosen_text(config)
    label = int(image_sets.truth(config.task, np.array([number]))[0])
    words = _("How text {number} is prepared for a network. Choose another text under “Texts”.")
    st.caption(words.format(number=whole(number)))
    return text_steps(
        texts.text_of(config.task, number),
        label,
        entry.load().vocabulary,
        len(entry.classes),
    )


def _row(config: TrainingConfig) -> list[Step]:
    data = task(config.task).load()
    with st.container(width=220):
        last = len(data.y_train) - 1
        keys.ROW.prepare()
        place_field(_("Row"), keys.ROW, Limit(0, last))
    row = min(keys.ROW.get(), last)  # another table may have fewer
    return table_steps(data.x_train[row], float(data.y_train[row]), tables.standard(config))


def _show_figures(step: Step) -> None:
    array = step.array
    spoken = array.dtype.kind == "U"
    with st.container(key=keys.FIGURES, horizontal=True):
        st.metric(
            _("Shape"),
            " × ".join(map(whole, array.shape)) or _("one number"),
            help=_("How many there are along each axis."),
        )
        st.metric(
            _("Type"),
            _("words") if spoken else str(array.dtype),
            help=_(
                "uint16: whole numbers below 65,536, two bytes each. int64: whole numbers, eight "
                "bytes. float32 and float64: decimal numbers, four and eight bytes."
            ),
        )
        if not spoken and array.size:
            low, high = float(array.min()), float(array.max())
            several = f"{low:.4g} – {high:.4g}" if low >= 0 else f"{low:.4g} … {high:.4g}"
            st.metric(
                _("Range"),
                several if array.size > 1 else f"{high:g}",
                help=_("The smallest and the largest of its numbers."),
            )


def _show_text_result(step: Step, entry: Task, label: int) -> None:
    array, shown = step.array, texts.SHOWN_WORDS
    if step.key in ("words", "indices"):
        values = [repr(value) for value in array[:shown].tolist()]
        more = _("… and {count} more").plain(count=whole(array.size - shown))
        text = ", ".join(values) + (f" {more}" if array.size > shown else "")
        st.code(f"[{text}]", language=None, wrap_lines=True, height=300)
    elif step.key == "multi_hot":
        square = (255 * array.reshape(100, 100)).astype("uint8")
        words = _("Each pixel is a word, row by row: white where it occurs")
        st.html(images.captioned([(images.picture(square, words, side=300), words)]))
        ones = int(array.sum())
        line = _("{ones} of 10,000 numbers are 1, the first ones at the places {places} …")
        places = ", ".join(map(str, array.nonzero()[0][:6].tolist()))
        st.caption(line.format(ones=whole(ones), places=places))
    elif step.key == "label":
        words = Markdown("{label}: {name}")
        name = class_name(entry.classes[label])
        st.metric(_("Label"), words.format(label=label, name=name))
    else:
        names = [str(number) for number in range(len(entry.classes))]
        st.html(f'<div class="lab-small-cells">{figures.cells(names, array)}</div>')
        _show_same_loss(step, entry, label)


def _show_same_loss(step: Step, entry: Task, label: int) -> None:
    """Both losses of one prediction, worked out in front of the learner."""
    st.markdown(_("**The same loss, twice**"))
    right = st.slider(
        _("Predicted probability of “{name}”").format(name=class_name(entry.classes[label])),
        0.01,
        0.99,
        step=0.01,
        key=keys.SURE.prepare(),
        help=_("The rest is distributed evenly over the other classes."),
        persist_state="session",
    )
    predicted = spread_over(right, label, len(entry.classes))
    left, other = st.columns([3, 2])
    with left:
        st.code("-(one_hot * np.log(p)).sum()", language="python", wrap_lines=True)
        loss = categorical_crossentropy(step.array, predicted)
        st.metric(_("`categorical_crossentropy`, one-hot"), f"{loss:.6f}")
    with other:
        st.code("-np.log(p[y])", language="python", wrap_lines=True)
        loss = sparse_categorical_crossentropy(label, predicted)
        st.metric(_("`sparse_…`, whole number"), f"{loss:.6f}")
    st.caption(
        _(
            "All zeros of the one-hot row make zeros of the sum; one term is left. The whole "
            "number needs no table of ones and zeros in memory, so this lab uses it."
        )
    )


def _show_row_result(step: Step, made: list[Step], entry: Task, config: TrainingConfig) -> None:
    if step.key == "price":
        st.metric(_("Price"), price(float(step.array)))
        return
    scale = tables.standard(config)
    steps = {one.key: one.array for one in made}
    columns: dict[str, object] = {
        _("Column"): [_(name) for name in entry.columns],
        _("Value"): steps["row"],
    }
    if step.key != "row":
        columns[_("Mean")] = scale.mean
        columns[_("Minus the mean")] = steps["centred"]
    if step.key == "scaled":
        columns[_("Deviation")] = scale.deviation
        columns[_("Result")] = steps["scaled"]
    st.dataframe(
        columns,
        hide_index=True,
        height="content",
        column_config={
            name: st.column_config.NumberColumn(format="%.4g") for name in list(columns)[1:]
        },
    )
