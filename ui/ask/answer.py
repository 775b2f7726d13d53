"""Text and table inputs of the Ask page, and predictions with word and column attributions."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from mnist_core.errors import LabError, UnknownRunError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.i18n import mark
from mnist_core.inference.answers import TableAnswer, TextAnswer
from mnist_core.inference.questions import MOST_CHARACTERS, Column, check_text, columns_of
from mnist_core.runs import Run
from mnist_core.tasks import TASKS, Task, keras_data, task
from mnist_core.tasks.text_data import has_negation, read_back
from mnist_core.workers.engine import Question
from ui.ask import figures, keys
from ui.common import errors, fetching, images, session
from ui.common.formatting import class_labels, probability, whole
from ui.common.i18n import Markdown, _
from ui.common.lab import lab
from ui.common.run_start import start_run

#: The text that is shown at first, with words for and against a class.
FIRST_TEXTS = {
    "imdb": "A wonderful film with great actors, but the ending is dull and far too long.",
    "reuters": "Crude oil prices rose by two dollars a barrel after the OPEC ministers agreed to "
    "cut production.",
}
#: Models that this page offers to train, each with the number of epochs of its tutorial.
OFFERS: dict[str, tuple[str, int]] = {
    "imdb": (mark("Film reviews: train a review classifier"), 4),
    "reuters": (mark("News: train a topic classifier"), 9),
    "boston": (mark("House prices: train a price model"), 80),
}
#: From this number of characters on, explaining a prediction would delay those of the Draw page.
LONG_TEXT = 5_000
#: Words in the list of the largest effects.
LISTED = 10
#: Topics that are shown, the most probable first.
SHOWN_CLASSES = 5
#: Distance of two examples in the test set.
EXAMPLE_STRIDE = 37
TEXT_HEIGHT = 190


def asked_tasks() -> list[str]:
    """The tasks of this page; images are for the Draw page."""
    return [key for key, entry in TASKS.items() if entry.inputs != "images"]


@st.cache_data(max_entries=500, show_spinner=False)
def _text_answer(run_id: str, attempt: int, checkpoint: str, text: str) -> TextAnswer:  # noqa: ARG001 - part of the cache key
    kind = Question.READING if len(text) < LONG_TEXT else Question.SHORT
    question = "mnist_core.inference.explain_input:answer_text", run_id, checkpoint, text
    answer: TextAnswer = lab.ask(*question, kind=kind)
    return answer


@st.cache_data(max_entries=500, show_spinner=False)
def _table_answer(
    run_id: str,
    attempt: int,  # noqa: ARG001 - part of the cache key
    checkpoint: str,
    values: tuple[float, ...],
) -> TableAnswer:
    question = "mnist_core.inference.explain_input:answer_table", run_id, checkpoint, values
    answer: TableAnswer = lab.ask(*question)
    return answer


def offered(preset: str) -> TrainingConfig:
    """The settings of an offered training."""
    return replace(PRESETS[preset].config, epochs=OFFERS[preset][1])


def train_one(preset: str) -> None:
    """Start an offered training; the page waits for it."""
    with errors.noted():
        st.query_params["run"] = start_run(offered(preset), preset).id


def show_offers(presets: list[str], *, first_stands_out: bool = True) -> None:
    """Show a button for each offered training."""
    with st.container(horizontal=True):
        for place, preset in enumerate(presets):
            needed = PRESETS[preset].config.task
            fetching.show_mark(needed)
            st.button(
                _(OFFERS[preset][0]),
                disabled=not fetching.is_available(needed),
                key=keys.train(preset),
                type="primary" if first_stands_out and not place else "secondary",
                icon=":material/play_arrow:",
                on_click=train_one,
                args=(preset,),
            )


# Texts


def follow_task(key: str) -> None:
    """Show the first text of a task, after a run of another task was selected."""
    if keys.TEXT_FOR.get() != key:
        keys.TEXT_FOR.set(key)
        keys.TEXT.set(FIRST_TEXTS.get(key, ""))


def take_example(key: str) -> None:
    """Put the next text of the test set into the field."""
    with errors.noted():
        data = task(key).load()
        place = (keys.EXAMPLE.get()[0] + EXAMPLE_STRIDE) % len(data.y_test)
        text = read_back(data.x_test.text(place), data.vocabulary)[:MOST_CHARACTERS]
        keys.TEXT.set(text)
        keys.EXAMPLE.set((place, text))


def show_text_input(entry: Task) -> str:
    """Show the text field and the button for examples; return the text."""
    text: str = st.text_area(
        _("Review") if entry.key == "imdb" else _("News text"),
        key=keys.TEXT.prepare(),
        height=TEXT_HEIGHT,
        help=_(
            "In English, like the training texts. The model uses their 10,000 most frequent words "
            "and only which of them occur: neither their order nor their number counts."
        ),
        persist_state="session",
    )
    with st.container(horizontal=True):
        # Leaving the field submits the text too.
        st.button(_("Ask"), key=keys.GO, type="primary", icon=":material/chat:")
        st.button(
            _("Use a text from the test set"),
            key=keys.TAKE,
            icon=":material/shuffle:",
            on_click=take_example,
            args=(entry.key,),
            help=None
            if keras_data.is_kept(entry.key)
            else _("The test set is not on this machine: the first click downloads it."),
        )
    place, example = keys.EXAMPLE.get()
    if text and text == example:
        label = class_labels(entry)[int(task(entry.key).load().y_test[place])]
        words = _(
            "Text {number} of the test set, rebuilt from its words (… stands for a rarer word). "
            "Label: **{label}**."
        )
        st.caption(words.format(number=whole(place), label=label))
    return text


def show_text_answer(run: Run, checkpoint: str, entry: Task, text: str) -> None:
    """Show the prediction for a text, and the effect of each word."""
    if not text.strip():
        st.info(_("Type a text, then leave the field or press “Ask”."))
        return
    try:
        check_text(text)  # refused before it is sent to a worker
        with st.spinner(_("Computing …")):
            answer = _text_answer(run.id, run.attempt, checkpoint, text)
    except UnknownRunError:  # deleted meanwhile
        st.rerun()
    except LabError as error:
        errors.show(error)
        return
    names = class_labels(entry)
    best = answer.ranking[0]
    predicted = Markdown("{name}: {probability}").format(
        name=names[best], probability=Markdown(probability(answer.probabilities[best]))
    )
    st.metric(_("Prediction"), predicted)
    shown = answer.ranking[:SHOWN_CLASSES]
    st.html(
        '<div class="lab-answer lab-topics">'
        + images.class_bars([(names[k], answer.probabilities[k]) for k in shown], chosen=0)
        + "</div>"
    )
    _show_words(text, answer, names[answer.explained])


def _show_words(text: str, answer: TextAnswer, name: str) -> None:
    st.markdown(
        _("**Effect of each word.** Blue: towards “{name}”; red: away from it.").format(name=name),
        help=_(
            "The prediction is repeated without each word in turn. The number is the change of "
            "the log-odds (the natural logarithm of p / (1 − p)) that is due to the word: +0.7 "
            "doubles the odds, −0.7 halves them. The numbers do not add up to the total, because "
            "words with a similar meaning can replace each other."
        ),
    )
    st.html(figures.coloured(text, answer))
    rows = [
        (
            effect.word,
            effect.push,
            f"{effect.push:+.2f}",
            _("{share} without it").plain(share=probability(effect.without)),
        )
        for effect in answer.pushes[:LISTED]
        if effect.push
    ]
    if rows:
        words = _(
            "The most important words: change of the log-odds of “{name}”, and its probability "
            "without the word"
        )
        st.caption(words.format(name=name))
        st.html(figures.push_list(rows, words.plain(name=name)))
    if not answer.pushes:
        st.info(
            _(
                "None of these words is in the model's vocabulary (the 10,000 most frequent words "
                "of its English training texts), so the prediction is that for an empty text."
            )
        )
    elif answer.unknown:
        words = _("Dotted underline: not in the vocabulary, so without effect.")
        st.caption(words)
    if has_negation(text):
        st.caption(
            _(
                "Only the words count, not their order: “not good” is the two words “not” and "
                "“good”. Remove the “not” and compare the predictions."
            )
        )


# Tables


def _slider(entry: Task, number: int) -> session.Entry[float]:
    column = columns_of(entry.key)[number]
    return keys.column(entry.key, number, column.median)


def reset_columns(key: str) -> None:
    """Reset each column to its median."""
    entry = task(key)
    for number, column in enumerate(columns_of(key)):
        _slider(entry, number).set(column.median)


def show_columns(entry: Task) -> tuple[float, ...]:
    """Show a slider for each column; return their values."""
    with st.container(key=keys.COLUMNS):
        values = [
            _show_column(entry, number, column)
            for number, column in enumerate(columns_of(entry.key))
        ]
    st.button(
        _("Reset to medians"),
        key=keys.RESET,
        icon=":material/restart_alt:",
        on_click=reset_columns,
        args=(entry.key,),
    )
    return tuple(values)


def _show_column(entry: Task, number: int, column: Column) -> float:
    digits = len(f"{column.step:.10f}".rstrip("0").partition(".")[2])
    value: float = st.slider(
        _(entry.columns[number]),
        float(column.low),
        float(column.high),
        step=float(column.step),
        format=f"%.{digits}f",
        key=_slider(entry, number).prepare(),
        help=_(entry.columns_explained[number]),
        persist_state="session",
    )
    return value


def show_table_answer(run: Run, checkpoint: str, entry: Task, values: tuple[float, ...]) -> None:
    """Show the predicted number, and the effect of each column."""
    try:
        with st.spinner(_("Computing …")):
            answer = _table_answer(run.id, run.attempt, checkpoint, values)
    except UnknownRunError:
        st.rerun()
    except LabError as error:
        errors.show(error)
        return
    quantity = entry.quantity
    assert quantity is not None  # every table has one
    name = _(quantity.name)
    change = answer.value - answer.ordinary
    is_shown = abs(change) >= quantity.step / 2  # otherwise it would be written as 0
    with st.container(key=keys.PRICE):
        st.metric(
            _("Predicted {quantity}").format(quantity=name),
            quantity.text(quantity.rounded(answer.value)),
            quantity.change(quantity.rounded(change)) if is_shown else None,
            delta_description=_("compared with all columns at their medians") if is_shown else None,
            help=_("The median is the middle value: half of the training rows are below it."),
        )
    rows = sorted(zip(entry.columns, answer.pushes, strict=True), key=lambda row: -abs(row[1]))
    listed = [
        (_(column), push, quantity.change(quantity.rounded(push)), "")
        for column, push in rows
        if abs(push) >= quantity.step / 2
    ]
    st.markdown(
        _("**Effect of each column.** Change of the {quantity} in {unit}").format(
            quantity=name, unit=_(quantity.shown_unit)
        ),
        help=_(
            "The prediction is repeated with each column in turn at its median. The number is the "
            "change of the {quantity} that is due to your value. The numbers do not add up to the "
            "total where columns interact."
        ).format(quantity=name),
    )
    if listed:
        alt = _("Effect of each column on the {quantity}").plain(quantity=name)
        st.html(figures.push_list(listed, alt))
    else:
        words = _(
            "All columns are at their medians. Move a slider to see its effect on the {quantity}."
        )
        st.caption(words.format(quantity=name))
    st.caption(_(entry.source))
