"""Word frequencies: the most frequent and the most characteristic words of a class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.tasks.text_data import FIRST_WORD, WORDS, Texts


@dataclass(frozen=True)
class WordCount:
    """The frequency of a word in the texts of a class.

    Attributes:
        number: Token index of the word.
        count: Occurrences in the class.
        expected: Expected occurrences if the word were equally frequent in all classes.
    """

    number: int
    count: int
    expected: float


def count_words(texts: Texts, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """Count each word in all texts and in the chosen texts.

    Args:
        texts: n texts.
        chosen: bool (n,).

    Returns:
        The counts in all texts and in the chosen texts, int64 (10000,); 0 for special tokens.
    """
    lengths = np.diff(texts.ends, prepend=0)
    everywhere = np.bincount(texts.words, minlength=WORDS)
    inside = np.bincount(texts.words[np.repeat(chosen, lengths)], minlength=WORDS)
    for counts in (everywhere, inside):
        counts[:FIRST_WORD] = 0
    return everywhere, inside


def most_frequent(
    everywhere: NDArray[np.int64], inside: NDArray[np.int64], size: int
) -> list[WordCount]:
    """Return the words that occur most often in the chosen texts.

    Args:
        everywhere: Counts in all texts, see :func:`count_words`.
        inside: Counts in the chosen texts.
        size: Number of words.
    """
    return _listed(np.argsort(-inside, kind="stable")[:size], everywhere, inside)


def most_characteristic(
    everywhere: NDArray[np.int64], inside: NDArray[np.int64], size: int
) -> list[WordCount]:
    """Return the words that are most characteristic of the chosen texts.

    They have the largest Pearson residual, (count - expected) / √expected, which divides the
    excess of a word by its random variation.

    Args:
        everywhere: Counts in all texts, see :func:`count_words`.
        inside: Counts in the chosen texts.
        size: Number of words.
    """
    expected = everywhere * (inside.sum() / max(everywhere.sum(), 1))
    residual = (inside - expected) / np.sqrt(np.maximum(expected, 1))
    return _listed(np.argsort(-residual, kind="stable")[:size], everywhere, inside)


def _listed(
    numbers: NDArray[np.intp], everywhere: NDArray[np.int64], inside: NDArray[np.int64]
) -> list[WordCount]:
    share = inside.sum() / max(everywhere.sum(), 1)
    return [
        WordCount(number, int(inside[number]), float(everywhere[number] * share))
        for number in numbers.tolist()
        if inside[number]
    ]
