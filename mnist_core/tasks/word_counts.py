"""Which words occur how often, and which ones more often in one class than in the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.tasks.text_data import FIRST_WORD, WORDS, Texts


@dataclass(frozen=True)
class WordCount:
    """How often a word occurs.

    Attributes:
        number: Of the word.
        count: How often.
        expected: How often it would, if it were as frequent in each class.
    """

    number: int
    count: int
    expected: float


def count_words(texts: Texts, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """Count each word in all of some texts, and in those that are chosen.

    Args:
        texts: n texts.
        chosen: bool (n,).

    Returns:
        int64 (10000,) twice: in all, and in the chosen ones; Keras's marks are left out.
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
    """The words that occur most often in the chosen texts, as `count_words` counted them."""
    return _listed(np.argsort(-inside, kind="stable")[:size], everywhere, inside)


def most_telling(
    everywhere: NDArray[np.int64], inside: NDArray[np.int64], size: int
) -> list[WordCount]:
    """The words that stand out in the chosen texts, as `count_words` counted them.

    Standing out is Pearson's residual, (count - expected) / sqrt(expected): a rare word needs a
    larger excess than a frequent one, since chance plays with rare words more.
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
