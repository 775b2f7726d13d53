"""Preprocessing of a text or a table row, step by step.

As for images (:mod:`mnist_core.tasks.image_steps`), the functions used in training compute the
arrays.
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
    """Return the results of all preprocessing steps of a text.

    Args:
        words: Its token indices.
        label: Label of its class.
        vocabulary: The words by token index.
        classes: Number of classes; above two there is also a one-hot label.

    Returns:
        The steps "words", "indices", "multi_hot", "label" and, above two classes, "one_hot".
    """
    indices = [number for number in words.tolist() if number > BEGIN]
    steps = [
        Step("words", "words = text.split()", np.array(read_back(words, vocabulary).split(" "))),
        Step("indices", "x = [number_of[word] for word in words]", np.array(indices, np.uint16)),
        Step(
            "multi_hot",
            f"row = np.zeros({WORDS}, np.float32); row[x] = 1",
            multi_hot(Texts.of([words.tolist()]))[0].astype(np.float32),
        ),
        Step("label", "y = np.int64(y_train[i])", np.array(label, np.int64)),
    ]
    if classes > 1 + 1:
        one_hot = np.eye(classes, dtype=np.float32)[label]
        steps.append(Step("one_hot", f"one_hot = np.eye({classes}, dtype=np.float32)[y]", one_hot))
    return steps


def table_steps(row: NDArray[np.float64], answer: float, standard: Standard) -> list[Step]:
    """Return the results of all preprocessing steps of a table row.

    Args:
        row: float64 (columns,), not standardised.
        answer: The target.
        standard: The mean and standard deviation of the training set.

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
    """Return probabilities in which all classes but the true class have the same probability.

    Args:
        right: Probability of the true class, above 0 and below 1.
        label: Label of the true class.
        classes: Number of classes.

    Returns:
        float64 (classes,), with the sum 1.
    """
    probabilities = np.full(classes, (1 - right) / (classes - 1))
    probabilities[label] = right
    return probabilities


def categorical_crossentropy(one_hot: NDArray[np.float32], p: NDArray[np.float64]) -> float:
    """Return the loss for a one-hot label: -Σ one_hot · log p.

    Args:
        one_hot: float32 (classes,).
        p: float64 (classes,), the predicted probabilities.
    """
    return float(-(one_hot * np.log(p)).sum())


def sparse_categorical_crossentropy(label: int, p: NDArray[np.float64]) -> float:
    """Return the loss for an integer label: -log p[label].

    Args:
        label: Label of the true class.
        p: float64 (classes,), the predicted probabilities.
    """
    return float(-np.log(p[label]))
