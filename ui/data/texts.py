"""Browsing reviews and news: a list of texts, one text decoded to words, and word frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import Texts, task
from mnist_core.tasks.text_data import BEGIN, FIRST_WORD, read_back
from mnist_core.tasks.word_counts import WordCount, count_words, most_characteristic, most_frequent
from ui.common.formatting import class_labels, whole
from ui.common.i18n import _
from ui.data import figures, image_sets, keys
from ui.data.image_sets import ImageSet
from ui.data.set_choice import EVERY, show_set_choice

#: Texts on a page of the list, and words of each that it shows.
PAGE = 10
BEGINNING = 14
#: Words of the selected text that are shown.
SHOWN_WORDS = 160
#: Words in each list of words.
LISTED = 20


def text_of(key: str, number: int) -> NDArray[np.uint16]:
    """The word numbers of a text, by its position in the whole data set."""
    data = task(key).load()
    train_count = len(data.y_train)
    found: NDArray[np.uint16] = (
        data.x_train.text(number)
        if number < train_count
        else data.x_test.text(number - train_count)
    )
    return found


def chosen_set(config: TrainingConfig) -> ImageSet:
    """The texts of the selected set and class."""
    label = keys.TOPIC.get()
    found = image_sets.image_set(keys.SPLIT.get(), config)
    return found.chosen(None if label == EVERY else label)


def chosen_text(config: TrainingConfig) -> int:
    """Number of the selected text; at first, the first text of the training set."""
    number = keys.TEXT.get()
    if number is None:
        number = int(image_sets.image_set("train", config).numbers[0])
    return number


def show_first_page() -> None:
    """Show the first page, after another set or class was selected."""
    keys.PAGE.set(1)


def show_choice(config: TrainingConfig) -> None:
    """Show the choice of a set and a class."""
    names = class_labels(task(config.task))
    sets = {name: len(image_sets.image_set(name, config).numbers) for name in image_sets.SETS}
    with st.container(horizontal=True):
        words = _(
            "The network is trained on the training set, and evaluated on the validation set "
            "during training and on the test set at the end. No text is in two of these sets."
        )
        show_set_choice(sets, words, show_first_page)
        with st.container(width=220):
            st.selectbox(
                _("Class"),
                [EVERY, *range(len(names))],
                format_func=lambda label: _("All") if label == EVERY else names[label],
                key=keys.TOPIC.prepare(),
                on_change=show_first_page,
                persist_state="session",
            )


@st.fragment
def show_texts(config: TrainingConfig) -> None:
    """The list with its filters, and the selected text.

    Args:
        config: The experiment whose sets are shown.
    """
    show_choice(config)
    found = chosen_set(config)
    if not len(found.numbers):
        st.info(_("This set has no sample of this class."))
        return
    pages = -(-len(found.numbers) // PAGE)
    keys.PAGE.set(min(keys.PAGE.get(), pages))
    with st.container(key=keys.TEXTS):
        with st.container():
            page = found.page(keys.PAGE.get(), PAGE)
            place = _show_list(page)
            st.pagination(pages, key=keys.PAGE.prepare())
        with st.container():
            keys.TEXT.set(int(page.numbers[place]))
            _show_text(page, place)


def _show_list(page: ImageSet) -> int:
    """Show the texts of a page; return the position of the selected text."""
    vocabulary, names = task(page.task).load().vocabulary, class_labels(task(page.task))
    texts = [text_of(page.task, number) for number in page.numbers.tolist()]
    event = st.dataframe(
        {
            _("Class"): [names[label] for label in page.labels],
            _("Words"): [len(words) - 1 for words in texts],
            _("Beginning"): [read_back(words[: BEGINNING + 1], vocabulary) for words in texts],
        },
        hide_index=True,
        column_config={
            _("Class"): st.column_config.TextColumn(width=_class_width(names)),
            _("Words"): st.column_config.NumberColumn(width="small"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=keys.text_list(page.task, page.numbers.tolist()),
        height=38 + 35 * len(texts),
    )
    st.caption(_("Click the box at the left of a row to read that text."))
    rows = event["selection"]["rows"]
    return int(rows[0]) if rows else 0


def _class_width(names: Sequence[str]) -> int:
    """Pixels for the longest class name, which the table's own estimate cuts short."""
    return 30 + 8 * max(map(len, names))


def _show_text(page: ImageSet, place: int) -> None:
    entry = task(page.task)
    number, label = int(page.numbers[place]), int(page.labels[place])
    real = int(image_sets.true_classes(page.task, page.numbers[place : place + 1])[0])
    words = text_of(page.task, number)
    name = class_labels(entry)[label]
    if label != real:
        line = _(
            "**Text {number}: {name}**: a wrong label (label noise); the true class is {real}."
        )
    else:
        line = _("**Text {number}: {name}**")
    st.markdown(
        line.format(number=whole(number), name=name, real=class_labels(entry)[real]),
        help=_(
            "The data set contains only numbers. Each is the rank of a word in the vocabulary, the "
            "most frequent word first; here the numbers are decoded to words. … stands for a word "
            "that is not among the 10,000 most frequent."
        ),
    )
    st.html(numbered(words, entry.load().vocabulary))
    left = len(words) - 1 - SHOWN_WORDS
    if left > 0:
        st.caption(_("And {count} more words.").format(count=whole(left)))


def numbered(words: NDArray[np.uint16], vocabulary: tuple[str, ...]) -> str:
    """The words of a text as HTML, each with its number above it."""
    shown = [number for number in words.tolist() if number > BEGIN][:SHOWN_WORDS]
    found = (
        f"<ruby>{escape(vocabulary[number]) if number >= FIRST_WORD else '…'}"
        f"<rt>{number}</rt></ruby>"
        for number in shown
    )
    return f'<div class="lab-ruby">{" ".join(found)}</div>'


# Class and word frequencies


@st.fragment
def show_overview(config: TrainingConfig) -> None:
    """The number of texts per class, and the most frequent words.

    Args:
        config: The experiment whose sets are shown.
    """
    show_choice(config)
    entry, chosen = task(config.task), keys.SPLIT.get()
    whole_set = image_sets.image_set(chosen, config)
    st.markdown(_("**Texts per class**"))
    order = np.argsort(-whole_set.counts, kind="stable")
    st.html(
        f'<div class="{"lab-many" if len(entry.classes) > LISTED else ""}">'
        + figures.count_bars(
            [class_labels(entry)[label] for label in order],
            whole_set.counts[order],
            whole_set.wrong_counts[order],
        )
        + "</div>"
    )
    label = keys.TOPIC.get()
    frequent, typical = _words(config, chosen, label)
    with st.container(key=keys.WORDS):
        with st.container():
            st.markdown(_("**Most frequent words**"))
            _show_words(frequent, entry.load().vocabulary)
            st.caption(_("Words that occur in every text do not distinguish classes."))
        with st.container():
            if label == EVERY:
                st.info(_("Choose a class to see the words that are typical of it."))
            else:
                st.markdown(
                    _("**Words typical of “{name}”**").format(name=class_labels(entry)[label]),
                    help=_(
                        "Words that are more frequent in this class than in the others. “Expected” "
                        "is their count if they were equally frequent in all classes."
                    ),
                )
                _show_words(typical, entry.load().vocabulary, compared=True)


def _show_words(
    found: list[WordCount], vocabulary: tuple[str, ...], *, compared: bool = False
) -> None:
    columns: dict[str, list[object]] = {
        _("Word"): [vocabulary[word.number] for word in found],
        _("Times"): [word.count for word in found],
    }
    if compared:
        columns[_("Expected")] = [round(word.expected) for word in found]
    st.dataframe(
        columns,
        hide_index=True,
        column_config={
            _("Times"): st.column_config.ProgressColumn(
                format="localized", min_value=0, max_value=max(word.count for word in found)
            )
        },
        height=38 + 35 * LISTED // 2,
    )


def _words(
    config: TrainingConfig, name: str, label: int
) -> tuple[list[WordCount], list[WordCount]]:
    numbers = image_sets.image_set(name, config)
    return _counted(numbers, label)


@lru_cache(maxsize=60)
def _counted(texts: ImageSet, label: int) -> tuple[list[WordCount], list[WordCount]]:
    """The most frequent and the most typical words of a class; sets are compared by identity."""
    data = task(texts.task).load()
    train_count = len(data.y_train)
    in_test = texts.numbers >= train_count
    chosen = np.ones(len(texts.numbers), bool) if label == EVERY else texts.labels == label
    sides: list[tuple[Texts, NDArray[np.bool_]]] = [
        (data.x_train[texts.numbers[~in_test]], chosen[~in_test]),
        (data.x_test[texts.numbers[in_test] - train_count], chosen[in_test]),
    ]
    counted = [count_words(some, kept) for some, kept in sides]
    everywhere, inside = (sum(side[place] for side in counted) for place in (0, 1))
    return (
        most_frequent(np.asarray(everywhere), np.asarray(inside), LISTED),
        most_characteristic(np.asarray(everywhere), np.asarray(inside), LISTED),
    )
