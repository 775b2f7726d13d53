"""Bag of words: texts as token indices and as multi-hot vectors.

A text is a sequence of token indices. The input of a network is a multi-hot vector: 1 for each of
the 10,000 most frequent words that occurs in the text, else 0, without order or frequency. Most
elements are 0, so texts are stored as token indices and converted when needed; the 25,000 reviews
of IMDB would take a gigabyte as float32.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

#: Size of the vocabulary: the most frequent words, with the special tokens.
WORDS = 10_000
#: Keras's special tokens: 0 for padding, 1 for the start of a text, 2 for an unknown word.
BEGIN, RARE, FIRST_WORD = 1, 2, 3
#: Words that negate another word.
NEGATIONS = frozenset({"not", "no", "never", "nor", "neither", "nothing", "hardly", "without"})
#: A word in a user's text: letters and digits, with apostrophes inside.
_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts of different lengths in one array.

    Attributes:
        words: uint16, the token indices of all texts, one text after another, below 10,000.
        ends: int64 (n,), the end (exclusive) of each text in ``words``.
    """

    words: NDArray[np.uint16]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]]) -> Texts:
        """Return texts, given as sequences of token indices."""
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        words = np.fromiter((word for text in texts for word in text), np.uint16)
        return cls(words, ends)

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.ends)

    def __getitem__(self, chosen: NDArray[np.int64] | slice) -> Texts:
        """Return a selection of texts, in the order of the indices."""
        if isinstance(chosen, slice):
            chosen = np.arange(len(self))[chosen]
        starts, ends = self.starts[chosen], self.ends[chosen]
        lengths = ends - starts
        new_ends = np.cumsum(lengths)
        # The position of a word is the start of its text plus its position in the text.
        positions = np.arange(lengths.sum()) + np.repeat(starts - (new_ends - lengths), lengths)
        return Texts(self.words[positions], new_ends)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """int64 (n,), the start of each text in ``words``."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    def distinct(self) -> Texts:
        """Return the texts with each token index once, in ascending order."""
        from scipy.sparse import csr_array  # imported here, because it takes a tenth of a second

        splits = np.concatenate([[0], self.ends])
        entries = (np.ones(len(self.words), bool), self.words.astype(np.int32), splits)
        rows = csr_array(entries, shape=(len(self), WORDS))
        rows.sum_duplicates()  # also sorts the indices
        return Texts(rows.indices.astype(np.uint16), rows.indptr[1:].astype(np.int64))

    def text(self, number: int) -> NDArray[np.uint16]:
        """Return the token indices of the text with the given index, uint16."""
        return self.words[self.starts[number] : self.ends[number]]


def multi_hot(texts: Texts) -> NDArray[np.uint8]:
    """Return texts as multi-hot vectors.

    Args:
        texts: n texts.

    Returns:
        uint8 (n, 10000), 1 where the token of that index occurs, else 0.
    """
    rows = np.repeat(np.arange(len(texts)), np.diff(texts.ends, prepend=0))
    found = np.zeros((len(texts), WORDS), np.uint8)
    found[rows, texts.words] = 1
    return found


def read_back(words: NDArray[np.uint16], vocabulary: Sequence[str]) -> str:
    """Decode a text; an ellipsis replaces each unknown word.

    Args:
        words: Its token indices.
        vocabulary: The words by token index.
    """
    return " ".join(
        "…" if number < FIRST_WORD else vocabulary[number] for number in words if number > BEGIN
    )


def numbers_of(vocabulary: Sequence[str]) -> dict[str, int]:
    """Return the token index of each word.

    Args:
        vocabulary: The words by token index; empty for an index without a word.
    """
    return {word: number for number, word in enumerate(vocabulary) if word}


def split_words(text: str) -> list[tuple[str, str]]:
    """Split a text into words and the characters between them; joined, they are the text.

    Args:
        text: A text of a user.

    Returns:
        The characters before each word, and the word; at the end the remaining characters, with
        an empty word.
    """
    pieces, done = [], 0
    for match in _WORD.finditer(text):
        pieces.append((text[done : match.start()], match[0]))
        done = match.end()
    return [*pieces, (text[done:], "")]


def has_negation(text: str) -> bool:
    """Return whether a text has a negation ("not good"), whose scope a multi-hot vector loses.

    Args:
        text: A text of a user.
    """
    words = (plain_word(word) for _, word in split_words(text))
    return any(word in NEGATIONS or word.endswith("n't") for word in words)


def plain_word(word: str) -> str:
    """Return a word in the form of the vocabulary: lower case, with a straight apostrophe."""
    return word.lower().replace("’", "'")


def beginning(text: str, characters: int = 200) -> str:
    """Return the first words of a text, followed by an ellipsis if it is longer.

    Args:
        text: A text.
        characters: Largest number of characters before the ellipsis.
    """
    if len(text) <= characters:
        return text
    return text[: text.rfind(" ", 1, characters) + 1 or characters].rstrip() + " …"


def token_indices(text: str, numbers: Mapping[str, int]) -> NDArray[np.uint16]:
    """Encode a text of a user as token indices.

    Args:
        text: A text of a user.
        numbers: Token index of each word of the vocabulary.

    Returns:
        uint16 (words + 1,), beginning with the start token.
    """
    words = [plain_word(word) for _, word in split_words(text) if word]
    return np.array([BEGIN, *(numbers.get(word, RARE) for word in words)], np.uint16)
