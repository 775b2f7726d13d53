"""Why a network answers what it answers to a text or a row of numbers: leave one thing out.

The question behind every figure here is one that anybody can ask: what would the answer be without
this word, or with an ordinary value in this column? So the network is simply asked again, once for
each. The gradient is a cheaper way, but it only speaks of very small changes, and no word can be
there by a hundredth. What is left out alone does not add up to the whole: two words that say the
same stand in for each other (M. Robnik-Šikonja and I. Kononenko, Explaining classifications for
individual instances, 2008).

TensorFlow is loaded by whoever answers, inside the functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import ConfigError
from mnist_core.i18n import mark
from mnist_core.runs import Store
from mnist_core.tasks import Task, Texts, multi_hot, split, task
from mnist_core.tasks.keras_data import vocabulary_of
from mnist_core.tasks.text_data import FIRST_WORD, numbers_of, plain_word, spelled, typed

if TYPE_CHECKING:
    from mnist_core.inference.models import LoadedModel

#: The longest text that is read, in characters: well over 10,000 words. IMDB's longest review has
#: 13,704 characters.
MOST_CHARACTERS = 100_000
#: Variants of a text that the network is shown at a time; each takes 40 kB.
PIECE = 128
#: Yes or no: then it is always the yes that is explained.
TWO = 2
#: A slider has about so many places, at most ten times as many.
PLACES = 1_000


@dataclass(frozen=True)
class WordPush:
    """What one word does to an answer.

    Attributes:
        word: In small letters, as the vocabulary has it.
        push: By how much it raises the log-odds of the class that is explained; below 0 it speaks
            against it.
        without: The probability of that class if the word did not occur.
    """

    word: str
    push: float
    without: float


@dataclass(frozen=True)
class TextAnswer:
    """What a network makes of a text.

    Attributes:
        probabilities: One for each class; together 1.
        explained: The class that the words are weighed for: the one with the highest probability,
            or, where there are two, the second one ("for").
        pushes: Each word of the text that the network knows, once, the strongest first.
        unknown: The words that it does not know, each once, in the order of the text.
    """

    probabilities: tuple[float, ...]
    explained: int
    pushes: tuple[WordPush, ...]
    unknown: tuple[str, ...]

    @property
    def ranking(self) -> list[int]:
        """The classes, the most probable first."""
        return sorted(range(len(self.probabilities)), key=lambda k: -self.probabilities[k])


@dataclass(frozen=True)
class TableAnswer:
    """What a network makes of a row of numbers.

    Attributes:
        value: The number that it finds, in the task's unit.
        ordinary: What it finds where every column is at its median.
        pushes: For each column, how much higher the number is with the column's value than with
            its median, the others staying as they are.
    """

    value: float
    ordinary: float
    pushes: tuple[float, ...]


@dataclass(frozen=True)
class Column:
    """The values that a column of a table takes.

    Attributes:
        low: Its smallest value.
        median: As many values are above it as below, rounded to the step.
        high: Its largest value.
        step: The smallest difference that is worth a place on a slider.
    """

    low: float
    median: float
    high: float
    step: float


@cache
def columns_of(key: str) -> tuple[Column, ...]:
    """What values the columns of a task's table take, in the rows to learn from.

    Args:
        key: The task.

    Raises:
        DataError: The data cannot be read.
    """
    rows: NDArray[np.float64] = task(key).load().x_train
    return tuple(_column(values) for values in rows.T)


def _column(values: NDArray[np.float64]) -> Column:
    low, high = float(values.min()), float(values.max())
    step = 10.0 ** np.floor(np.log10(max(high - low, 1e-9) / PLACES))
    if not (values % 1).any():  # whole numbers, or yes and no
        step = max(step, 1.0)
    digits = max(0, -round(np.log10(step)))
    median = round(round(float(np.median(values)) / step) * step, digits)
    return Column(low, min(max(median, low), high), high, round(float(step), digits))


def check_text(text: str) -> None:
    """See that there is something to read in a text, and not too much.

    Raises:
        ConfigError: There is no word in it, or it is too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(
            mark("The text has {count} characters."),
            mark("At most {most} are read."),
            mark("Shorten it."),
            count=len(text),
            most=MOST_CHARACTERS,
        )
    if len(spelled(text)) == 1:  # the end alone
        raise ConfigError(
            mark("The text has no word in it."),
            mark("The inputs of the network are words."),
            mark("Type a sentence."),
        )


def answer_text(store: Store, run_id: str, checkpoint: str, text: str) -> TextAnswer:
    """Show a text to a model and weigh its words.

    Args:
        store: Where the run is.
        run_id: A run whose task has texts.
        checkpoint: "best" or "last".
        text: Anything that a person typed.

    Raises:
        ConfigError: There is no word in it, it is too long, or the run's task has no texts.
        StoreError: The run or its model is not there.
        DataError: The model or the vocabulary cannot be loaded.
    """
    entry = _task_of(store, run_id, "texts")
    check_text(text)
    vocabulary = vocabulary_of(entry.key)
    words = typed(text, _numbers(vocabulary))
    loaded = _load(store, run_id, checkpoint)
    known = np.unique(words[words >= FIRST_WORD]).astype(np.int64)
    row = multi_hot(Texts.of([words.tolist()]))[0]
    sums = np.concatenate(
        [_sums(loaded, row[None]), *(_without(loaded, row, some) for some in _pieces(known))]
    )
    chances = _probabilities(sums)
    explained = 1 if len(entry.classes) == TWO else int(chances[0].argmax())
    odds = _log_odds(sums, explained)
    pushes = [
        WordPush(vocabulary[number], float(odds[0] - odds[place]), float(chances[place, explained]))
        for place, number in enumerate(known.tolist(), start=1)
    ]
    return TextAnswer(
        tuple(map(float, chances[0])),
        explained,
        tuple(sorted(pushes, key=lambda push: -abs(push.push))),
        _unknown(text, vocabulary),
    )


def answer_table(
    store: Store, run_id: str, checkpoint: str, values: Sequence[float]
) -> TableAnswer:
    """Show a row of numbers to a model and weigh its columns.

    Args:
        store: Where the run is.
        run_id: A run whose task has a table.
        checkpoint: "best" or "last".
        values: A value for each column, as the data has them: not standardised.

    Raises:
        ConfigError: They are not as many as there are columns, or the run's task has no table.
        StoreError: The run or its model is not there.
        DataError: The model or the data cannot be loaded.
    """
    entry = _task_of(store, run_id, "table")
    if len(values) != len(entry.columns):
        raise ConfigError(
            mark("A row of {count} numbers was given."),
            mark("The table has {columns} columns."),
            mark("Give one number for each column."),
            count=len(values),
            columns=len(entry.columns),
        )
    loaded = _load(store, run_id, checkpoint)
    medians = np.array([column.median for column in columns_of(entry.key)])
    # The row, the row with one column after another at its median, and the medians alone.
    rows = np.tile(np.array(values, np.float64), (len(values) + 2, 1))
    places = np.arange(len(values))
    rows[places + 1, places] = medians
    rows[-1] = medians
    standard = split(entry.load(), store.get(run_id).config).standard
    assert standard is not None  # of every table
    found = loaded.probabilities(standard.apply(rows))[:, 0].astype(float)
    pushes = (found[0] - found[1:-1]).tolist()
    return TableAnswer(float(found[0]), float(found[-1]), tuple(pushes))


def _task_of(store: Store, run_id: str, inputs: str) -> Task:
    run = store.get(run_id)
    entry = task(run.known_config().task)
    if entry.inputs != inputs:
        raise ConfigError(
            mark("“{name}” was asked about {inputs}."),
            mark("It learned the task {task}, which has none."),
            mark("Choose another run."),
            name=run.name,
            inputs=inputs,
            task=entry.key,
        )
    return entry


@cache
def _numbers(vocabulary: tuple[str, ...]) -> dict[str, int]:
    return numbers_of(vocabulary)


def _unknown(text: str, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    words = dict.fromkeys(plain_word(word) for _, word in spelled(text) if word)
    return tuple(word for word in words if word not in _numbers(vocabulary))


def _load(store: Store, run_id: str, checkpoint: str) -> LoadedModel:
    from mnist_core.workers.setup import load_tensorflow

    load_tensorflow()
    from mnist_core.inference.models import load

    return load(store, run_id, checkpoint)


def _pieces(numbers: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [numbers[start : start + PIECE] for start in range(0, len(numbers), PIECE)]


def _without(
    loaded: LoadedModel, row: NDArray[np.uint8], numbers: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What the network adds up for a text without each of some words in turn."""
    rows = np.tile(row, (len(numbers), 1))
    rows[np.arange(len(numbers)), numbers] = 0
    return _sums(loaded, rows)


def _sums(loaded: LoadedModel, rows: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What the last layer adds up for each class, before it makes probabilities of it.

    There a network that is sure to the last bit of its probability still shows what moves it.

    Returns:
        float64 (n, classes); of two classes the first one's is 0.
    """
    import keras

    model = loaded.model
    last = model.layers[-1]
    before = keras.Model(model.inputs[0], last.input)(rows.astype(np.float32), training=False)
    sums = before.numpy().astype(np.float64) @ last.kernel.numpy() + last.bias.numpy()
    return np.pad(sums, ((0, 0), (1, 0))) if sums.shape[1] == 1 else sums


def _probabilities(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(sums - sums.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _log_odds(sums: NDArray[np.float64], chosen: int) -> NDArray[np.float64]:
    """How much more likely a class is than all others together, as a logarithm."""
    others = np.delete(sums, chosen, axis=1)
    highest = others.max(axis=1)
    together = highest + np.log(np.exp(others - highest[:, None]).sum(axis=1))
    odds: NDArray[np.float64] = sums[:, chosen] - together
    return odds
