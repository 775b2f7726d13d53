"""Texts as the networks here see them: which words occur, not in which order or how often.

A text is a row of word numbers. For the network it becomes a row of 10,000 zeros and ones, one for
each of the most frequent words: "multi-hot". Most are zeros, so texts are kept as their words and
made into rows of bytes only when they are needed; as float32 the 25,000 reviews of IMDB would take
a gigabyte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

#: Words that a network knows: the most frequent ones.
WORDS = 10_000
#: Keras puts three marks before the words: 0 fills up, 1 begins a text, 2 is any rarer word.
BEGIN, RARE, FIRST_WORD = 1, 2, 3
#: Words that turn the next one round.
NEGATIONS = frozenset({"not", "no", "never", "nor", "neither", "nothing", "hardly", "without"})
#: What a word is in a text that somebody types: letters and digits, with apostrophes inside.
_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, eq=False)
class Texts:
    """Many texts, one after another.

    Attributes:
        words: uint16, all texts' word numbers in their order, each below 10,000.
        ends: int64 (n,), where in ``words`` each text ends.
    """

    words: NDArray[np.uint16]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]]) -> Texts:
        """Lay texts one after another."""
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        words = np.fromiter((word for text in texts for word in text), np.uint16)
        return cls(words, ends)

    def __len__(self) -> int:
        """The number of texts."""
        return len(self.ends)

    def __getitem__(self, chosen: NDArray[np.int64] | slice) -> Texts:
        """Some of the texts, in the order of their numbers."""
        if isinstance(chosen, slice):
            chosen = np.arange(len(self))[chosen]
        starts, ends = self.starts[chosen], self.ends[chosen]
        lengths = ends - starts
        new_ends = np.cumsum(lengths)
        # Each word's place: where its text starts, and how far it is from there.
        places = np.arange(lengths.sum()) + np.repeat(starts - (new_ends - lengths), lengths)
        return Texts(self.words[places], new_ends)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """int64 (n,), where in ``words`` each text begins."""
        return np.concatenate([[0], self.ends[:-1]]).astype(np.int64)

    def distinct(self) -> Texts:
        """The same texts with each of their words once, in the order of the words' numbers."""
        from scipy.sparse import csr_array  # a tenth of a second, which no page has to spare

        splits = np.concatenate([[0], self.ends])
        places = (np.ones(len(self.words), bool), self.words.astype(np.int32), splits)
        rows = csr_array(places, shape=(len(self), WORDS))
        rows.sum_duplicates()  # sorts them, too
        return Texts(rows.indices.astype(np.uint16), rows.indptr[1:].astype(np.int64))

    def text(self, number: int) -> NDArray[np.uint16]:
        """The word numbers of one text."""
        return self.words[self.starts[number] : self.ends[number]]


def multi_hot(texts: Texts) -> NDArray[np.uint8]:
    """Which words each text has.

    Args:
        texts: n texts.

    Returns:
        uint8 (n, 10000), 1 where the word of that number occurs, else 0.
    """
    rows = np.repeat(np.arange(len(texts)), np.diff(texts.ends, prepend=0))
    found = np.zeros((len(texts), WORDS), np.uint8)
    found[rows, texts.words] = 1
    return found


def read_back(words: NDArray[np.uint16], vocabulary: Sequence[str]) -> str:
    """A text in words again; a word that is not among the most frequent ones is an ellipsis.

    Args:
        words: Its word numbers.
        vocabulary: The words by number.
    """
    return " ".join(
        "…" if number < FIRST_WORD else vocabulary[number] for number in words if number > BEGIN
    )


def numbers_of(vocabulary: Sequence[str]) -> dict[str, int]:
    """The number of each word that a network knows.

    Args:
        vocabulary: The words by number; a place without a word is empty.
    """
    return {word: number for number, word in enumerate(vocabulary) if word}


def spelled(text: str) -> list[tuple[str, str]]:
    """A text cut at its words, so that the pieces together are the text again.

    Args:
        text: Anything.

    Returns:
        What stands before each word, and the word, as they were typed; at the end what is left,
        with an empty word.
    """
    pieces, done = [], 0
    for match in _WORD.finditer(text):
        pieces.append((text[done : match.start()], match[0]))
        done = match.end()
    return [*pieces, (text[done:], "")]


def has_negation(text: str) -> bool:
    """Whether a word turns another one round ("not good"), of which a multi-hot row shows nothing.

    Args:
        text: Anything.
    """
    words = (plain_word(word) for _, word in spelled(text))
    return any(word in NEGATIONS or word.endswith("n't") for word in words)


def plain_word(word: str) -> str:
    """A word as vocabularies have it: in small letters, with a straight apostrophe."""
    return word.lower().replace("’", "'")


def beginning(text: str, characters: int = 200) -> str:
    """The first words of a text, so many characters at most, with an ellipsis if there are more."""
    if len(text) <= characters:
        return text
    return text[: text.rfind(" ", 1, characters) + 1 or characters].rstrip() + " …"


def typed(text: str, numbers: Mapping[str, int]) -> NDArray[np.uint16]:
    """The word numbers of a text that somebody typed.

    Args:
        text: Anything.
        numbers: Number of each known word.

    Returns:
        uint16 (words + 1,), beginning with the mark that begins every text.
    """
    words = [plain_word(word) for _, word in spelled(text) if word]
    return np.array([BEGIN, *(numbers.get(word, RARE) for word in words)], np.uint16)
