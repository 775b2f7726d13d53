"""Leave-one-out explanations of predictions for texts and table rows.

The contribution of a word is the difference between the predictions with and without the word;
the contribution of a column is the difference to the prediction with the column's median. Unlike
the gradient, which describes small changes, this describes the absence of a whole word. The
contributions do not add up to the prediction, because similar words replace each other
(M. Robnik-Šikonja and I. Kononenko, Explaining classifications for individual instances, 2008).
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

#: Number of variants of a text in a call of the network; each takes 40 kB.
PIECE = 128
#: Number of classes for which the second (positive) class is explained.
BINARY = 2


def answer_text(store: Store, run_id: str, checkpoint: str, text: str) -> TextAnswer:
    """Predict the class of a text and compute the contributions of its words.

    Args:
        store: The store that has the run.
        run_id: Id of a run whose task has texts.
        checkpoint: "best" or "last".
        text: A text of a user.

    Raises:
        ConfigError: The text has no word or is too long, or the run's task has no texts.
        StoreError: The run or its model does not exist.
        DataError: The model or the vocabulary cannot be loaded.
    """
    entry = _task_of(store, run_id, "texts")
    check_text(text)
    vocabulary = vocabulary_of(entry.key)
    words = token_indices(text, _numbers(vocabulary))
    loaded = load(store, run_id, checkpoint)
    known = np.unique(words[words >= FIRST_WORD]).astype(np.int64)
    row = multi_hot(Texts.of([words.tolist()]))[0]
    logits = np.concatenate(
        [_logits(loaded, row[None]), *(_without(loaded, row, piece) for piece in _pieces(known))]
    )
    probabilities = _probabilities(logits)
    explained = 1 if len(entry.classes) == BINARY else int(probabilities[0].argmax())
    odds = _log_odds(logits, explained)
    pushes = [
        WordPush(
            vocabulary[number],
            float(odds[0] - odds[place]),
            float(probabilities[place, explained]),
        )
        for place, number in enumerate(known.tolist(), start=1)
    ]
    return TextAnswer(
        tuple(map(float, probabilities[0])),
        explained,
        tuple(sorted(pushes, key=lambda push: -abs(push.push))),
        _unknown(text, vocabulary),
    )


def answer_table(
    store: Store, run_id: str, checkpoint: str, values: Sequence[float]
) -> TableAnswer:
    """Predict the number for a table row and compute the contributions of its columns.

    Args:
        store: The store that has the run.
        run_id: Id of a run whose task has a table.
        checkpoint: "best" or "last".
        values: A value for each column, not standardised.

    Raises:
        ConfigError: The number of values is wrong, or the run's task has no table.
        StoreError: The run or its model does not exist.
        DataError: The model or the data cannot be loaded.
    """
    entry = _task_of(store, run_id, "table")
    if len(values) != len(entry.columns):
        raise ConfigError(
            mark("The row has {count} numbers, but the table has {columns} columns."),
            mark("Give one number for each column."),
            count=len(values),
            columns=len(entry.columns),
        )
    loaded = load(store, run_id, checkpoint)
    medians = np.array([column.median for column in columns_of(entry.key)])
    # The row, the row with the median in each column in turn, and the row of medians.
    rows = np.tile(np.array(values, np.float64), (len(values) + 2, 1))
    places = np.arange(len(values))
    rows[places + 1, places] = medians
    rows[-1] = medians
    standard = split(entry.load(), store.get(run_id).config).standard
    assert standard is not None  # tables are standardised
    found = loaded.probabilities(standard.apply(rows))[:, 0].astype(float)
    pushes = (found[0] - found[1:-1]).tolist()
    return TableAnswer(float(found[0]), float(found[-1]), tuple(pushes))


def _task_of(store: Store, run_id: str, inputs: str) -> Task:
    run = store.get(run_id)
    entry = task(run.known_config().task)
    if entry.inputs != inputs:
        raise ConfigError(
            mark("“{name}” is trained on the task {task}, whose inputs are not {inputs}."),
            mark("Choose a run of another task."),
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
    """Return the logits for a text without each of the given tokens in turn."""
    rows = np.tile(row, (len(numbers), 1))
    rows[np.arange(len(numbers)), numbers] = 0
    return _logits(loaded, rows)


def _logits(loaded: LoadedModel, rows: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the logits of the last layer, which differ even if probabilities are rounded to 1.

    Returns:
        float64 (n, classes); for two classes the logit of the first class is 0.
    """
    model = loaded.model
    last = model.layers[-1]
    before = keras.Model(model.inputs[0], last.input)(rows.astype(np.float32), training=False)
    logits = before.numpy().astype(np.float64) @ last.kernel.numpy() + last.bias.numpy()
    return np.pad(logits, ((0, 0), (1, 0))) if logits.shape[1] == 1 else logits


def _probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of each row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return softmax


def _log_odds(logits: NDArray[np.float64], label: int) -> NDArray[np.float64]:
    """Return the log-odds of a class against all other classes, for each row."""
    others = np.delete(logits, label, axis=1)
    highest = others.max(axis=1)
    log_sum = highest + np.log(np.exp(others - highest[:, None]).sum(axis=1))
    odds: NDArray[np.float64] = logits[:, label] - log_sum
    return odds
