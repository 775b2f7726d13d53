"""Preprocessing of a text (multi-hot) or a table row (standardisation), step by step."""

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
from ui.common.formatting import capitalised, class_labels, whole
from ui.common.i18n import Markdown, _
from ui.common.number_field import place_field
from ui.data import figures, image_sets, keys, tables, texts
from ui.data.image_steps import StepDescription

STEPS: dict[str, StepDescription] = {
    "words": StepDescription(
        mark("1 Words"),
        mark("The text as words: lower case, no punctuation. A network takes numbers, not words."),
    ),
    "indices": StepDescription(
        mark("2 Numbers"),
        mark(
            "Each word is replaced by its rank in the vocabulary, the most frequent word first. 2 "
            "stands for a word that is not among the 10,000 most frequent."
        ),
    ),
    "multi_hot": StepDescription(
        mark("3 Multi-hot"),
        mark(
            "Texts differ in length, but a dense layer needs a fixed number of inputs. So the text "
            "becomes 10,000 numbers, one for each word of the vocabulary: 1 if the word occurs, 0 "
            "if not. The order and the frequency of the words are lost."
        ),
    ),
    "label": StepDescription(
        mark("4 Label"),
        mark("The label: a whole number, the index of the class."),
    ),
    "one_hot": StepDescription(
        mark("5 One-hot"),
        mark(
            "The tutorials encode the label as a number for each class: 1 for the true class, 0 "
            "for the others. Keras calls the loss of this form `categorical_crossentropy`, and "
            "that of the whole number `sparse_categorical_crossentropy`. Both are equal: move the "
            "slider."
        ),
    ),
    "row": StepDescription(
        mark("1 Row"),
        mark(
            "The values as stored. The columns differ in scale: some values are below 1, others in "
            "the hundreds."
        ),
    ),
    "centred": StepDescription(
        mark("2 Centred"),
        mark(
            "The mean of its column is subtracted from each value: 0 is now a typical value. The "
            "mean is that of the training set. The validation and test sets are for evaluation "
            "only, so nothing may be computed from them, not even a mean."
        ),
    ),
    "scaled": StepDescription(
        mark("3 Standardised"),
        mark(
            "Each value is then divided by the standard deviation of its column in the training "
            "set, the typical distance from the mean. Now a difference of 1 is typical in every "
            "column, and no column has more weight because of its unit."
        ),
    ),
    "answer": StepDescription(
        mark("4 {quantity}"),
        mark("The target: a number, not a class. It is not changed."),
    ),
}


@st.fragment
def show_steps(config: TrainingConfig) -> None:
    """Show the preparation of one sample: choices, one step, and its result.

    Args:
        config: The experiment; its training set determines means and standard deviations.
    """
    entry = task(config.task)
    made = _text(config, entry) if entry.inputs == "texts" else _row(config)
    names = [step.key for step in made]
    if keys.OTHER_STEP.get() not in names:
        keys.OTHER_STEP.set(names[0])
    st.segmented_control(
        _("Step"),
        names,
        format_func=lambda key: _step_label(key, entry),
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


def _step_label(key: str, entry: Task) -> Markdown:
    return _(STEPS[key].label).format(quantity=_target_name(entry))


def _target_name(entry: Task) -> Markdown:
    return capitalised(_(entry.quantity.name if entry.quantity else ""))


def _text(config: TrainingConfig, entry: Task) -> list[Step]:
    number = texts.chosen_text(config)
    label = int(image_sets.true_classes(config.task, np.array([number]))[0])
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
    row = min(keys.ROW.get(), last)  # another table may have fewer rows
    return table_steps(data.x_train[row], float(data.y_train[row]), tables.standard(config))


def _show_figures(step: Step) -> None:
    array = step.array
    has_words = array.dtype.kind == "U"
    with st.container(key=keys.FIGURES, horizontal=True):
        st.metric(
            _("Shape"),
            " × ".join(map(whole, array.shape)) or _("scalar"),
            help=_("The number of values along each axis."),
        )
        st.metric(
            _("Type"),
            _("words") if has_words else str(array.dtype),
            help=_(
                "uint16: whole numbers below 65,536, two bytes each. int64: whole numbers, eight "
                "bytes. float32 and float64: decimal numbers, four and eight bytes."
            ),
        )
        if not has_words and array.size:
            low, high = float(array.min()), float(array.max())
            text = f"{low:.4g} – {high:.4g}" if low >= 0 else f"{low:.4g} … {high:.4g}"
            st.metric(
                _("Range"),
                text if array.size > 1 else f"{high:g}",
                help=_("The smallest and the largest value."),
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
        words = _("Each pixel is a word of the vocabulary: white if it occurs")
        st.html(images.captioned([(images.picture(square, words, side=300), words)]))
        ones = int(array.sum())
        line = _("{ones} of 10,000 numbers are 1, the first at the indices {places} …")
        places = ", ".join(map(str, array.nonzero()[0][:6].tolist()))
        st.caption(line.format(ones=whole(ones), places=places))
    elif step.key == "label":
        words = Markdown("{label}: {name}")
        name = class_labels(entry)[label]
        st.metric(_("Label"), words.format(label=label, name=name))
    else:
        names = [str(number) for number in range(len(entry.classes))]
        st.html(f'<div class="lab-small-cells">{figures.cells(names, array)}</div>')
        _show_same_loss(step, entry, label)


def _show_same_loss(step: Step, entry: Task, label: int) -> None:
    """Both forms of the cross-entropy of one prediction, side by side."""
    st.markdown(_("**Cross-entropy in both forms**"))
    confidence = st.slider(
        _("Predicted probability of “{name}”").format(name=class_labels(entry)[label]),
        0.01,
        0.99,
        step=0.01,
        key=keys.CONFIDENCE.prepare(),
        help=_("The rest is distributed evenly over the other classes."),
        persist_state="session",
    )
    predicted = spread_over(confidence, label, len(entry.classes))
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
            "Each 0 of the one-hot label removes its term from the sum; one term is left. The "
            "whole number needs no table of zeros and ones in memory, so this lab uses it."
        )
    )


def _show_row_result(step: Step, made: list[Step], entry: Task, config: TrainingConfig) -> None:
    if step.key == "answer":
        assert entry.quantity is not None  # every table has one
        st.metric(_target_name(entry), entry.quantity.text(float(step.array)))
        return
    scale = tables.standard(config)
    arrays = {other.key: other.array for other in made}
    columns: dict[str, object] = {
        _("Column"): [_(name) for name in entry.columns],
        _("Value"): arrays["row"],
    }
    if step.key != "row":
        columns[_("Mean")] = scale.mean
        columns[_("Centred")] = arrays["centred"]
    if step.key == "scaled":
        columns[_("Standard deviation")] = scale.deviation
        columns[_("Standardised")] = arrays["scaled"]
    st.dataframe(
        columns,
        hide_index=True,
        height="content",
        column_config={
            name: st.column_config.NumberColumn(format="%.4g") for name in list(columns)[1:]
        },
    )
