"""The way of one text, or of one row of a table, into a network, step by step.

As for pictures (:mod:`mnist_core.tasks.image_steps`) the arrays are what the product's own
functions make, not a copy of what they do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnist_core.tasks.base import Standard
from mnist_core.tasks.image_steps import Step
from mnist_core.tasks.text_data import BEGIN, WORDS, Texts, multi_hot, read_back


def text_steps(
    words: NDArray[np.uint16], label: int, vocabulary: Sequence[str], classes: int
) -> list[Step]:
    """Prepare one text as training does, and keep what there is after each step.

    Args:
        words: Its word numbers.
        label: Its class.
        vocabulary: The words by number.
        classes: How many classes there are; of more than two the label is also made one-hot.

    Returns:
        The steps "words", "indices", "multi_hot", "label" and perhaps "one_hot".
    """
    spoken = [number for number in words.tolist() if number > BEGIN]
    found = [
        Step("words", "words = text.split()", np.array(read_back(words, vocabulary).split(" "))),
        Step("indices", "x = [number_of[word] for word in words]", np.array(spoken, np.uint16)),
        Step(
            "multi_hot",
            f"row = np.zeros({WORDS}, np.float32); row[x] = 1",
            multi_hot(Texts.of([words.tolist()]))[0].astype(np.float32),
        ),
        Step("label", "y = np.int64(y_train[i])", np.array(label, np.int64)),
    ]
    if classes > 1 + 1:
        one_hot = np.eye(classes, dtype=np.float32)[label]
        found.append(Step("one_hot", f"one_hot = np.eye({classes}, dtype=np.float32)[y]", one_hot))
    return found


def table_steps(row: NDArray[np.float64], answer: float, standard: Standard) -> list[Step]:
    """Prepare one row of a table as training does, and keep what there is after each step.

    Args:
        row: float64 (columns,), as the data has it.
        answer: The number that is to be found.
        standard: The training part's mean and deviation.

    Returns:
        The steps "row", "centred", "scaled" and "answer".
    """
    return [
        Step("row", "x = rows[i]", row),
        Step("centred", "x = x - x_train.mean(axis=0)", row - standard.mean),
        Step("scaled", "x = x / x_train.std(axis=0)", standard.apply(row[None])[0]),
        Step("answer", "y = np.float32(y_train[i])", np.array(answer, np.float32)),
    ]


def spread_over(right: float, label: int, classes: int) -> NDArray[np.float64]:
    """A prediction that gives the right class a probability and the others what is left, evenly.

    Args:
        right: The probability of the right class, above 0 and below 1.
        label: The right class.
        classes: How many classes there are.

    Returns:
        float64 (classes,); together 1.
    """
    probabilities = np.full(classes, (1 - right) / (classes - 1))
    probabilities[label] = right
    return probabilities


def categorical_crossentropy(one_hot: NDArray[np.float32], p: NDArray[np.float64]) -> float:
    """The loss with the answer as ones and zeros: all terms but one are 0.

    Args:
        one_hot: float32 (classes,).
        p: float64 (classes,), the probabilities that were predicted.
    """
    return float(-(one_hot * np.log(p)).sum())


def sparse_categorical_crossentropy(label: int, p: NDArray[np.float64]) -> float:
    """The loss with the answer as a whole number: the one term that is left.

    Args:
        label: The right class.
        p: float64 (classes,), the probabilities that were predicted.
    """
    return float(-np.log(p[label]))
