"""Why a network answers what it answers to a text or a row of numbers: leave one thing out.

The question behind every figure here is one that anybody can ask: what would the answer be without
this word, or with an ordinary value in this column? So the network is simply asked again, once for
each. The gradient is a cheaper way, but it only speaks of very small changes, and no word can be
there by a hundredth. What is left out alone does not add up to the whole: two words that say the
same stand in for each other (M. Robnik-Šikonja and I. Kononenko, Explaining classifications for
individual instances, 2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import ConfigError
from mnist_core.i18n import mark
from mnist_core.inference.answers import TableAnswer, TextAnswer, WordPush
from mnist_core.inference.models import LoadedModel, load
from mnist_core.inference.questions import check_text, columns_of
from mnist_core.runs import Store
from mnist_core.tasks import Task, Texts, multi_hot, split, task
from mnist_core.tasks.keras_data import vocabulary_of
from mnist_core.tasks.text_data import (
    FIRST_WORD,
    numbers_of,
    plain_word,
    split_words,
    token_indices,
)
from mnist_core.tensorflow_setup import keras

#: Variants of a text that the network is shown at a time; each takes 40 kB.
PIECE = 128
#: Yes or no: then it is always the yes that is explained.
TWO = 2


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
    words = token_indices(text, _numbers(vocabulary))
    loaded = load(store, run_id, checkpoint)
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
            mark("A row of {count} numbers was given. The table has {columns} columns."),
            mark("Give one number for each column."),
            count=len(values),
            columns=len(entry.columns),
        )
    loaded = load(store, run_id, checkpoint)
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
            mark("“{name}” was asked about {inputs}. It learned the task {task}, which has none."),
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
    words = dict.fromkeys(plain_word(word) for _, word in split_words(text) if word)
    return tuple(word for word in words if word not in _numbers(vocabulary))


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
