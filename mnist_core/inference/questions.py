"""Validation of a user's inputs to a network: length of a text, range of a table's columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import ConfigError
from mnist_core.i18n import mark
from mnist_core.tasks import task
from mnist_core.tasks.text_data import split_words

#: Largest length of a text in characters; the longest review of IMDB has 13,704.
MOST_CHARACTERS = 100_000
#: Approximate number of positions of a slider, at most ten times this.
PLACES = 1_000
#: Number of augmented variants of a digit on a page.
VARIATIONS = 16


@dataclass(frozen=True)
class Column:
    """The range of a table's column.

    Attributes:
        low: Smallest value.
        median: Median, rounded to the step.
        high: Largest value.
        step: Step of a slider.
    """

    low: float
    median: float
    high: float
    step: float


@cache
def columns_of(key: str) -> tuple[Column, ...]:
    """Return the ranges of the columns in the training and validation samples of a task.

    Args:
        key: Key of the task.

    Raises:
        DataError: The data set cannot be loaded.
    """
    rows: NDArray[np.float64] = task(key).load().x_train
    return tuple(_column(values) for values in rows.T)


def _column(values: NDArray[np.float64]) -> Column:
    low, high = float(values.min()), float(values.max())
    step = 10.0 ** np.floor(np.log10(max(high - low, 1e-9) / PLACES))
    if not (values % 1).any():  # integers
        step = max(step, 1.0)
    digits = max(0, -round(np.log10(step)))
    median = round(round(float(np.median(values)) / step) * step, digits)
    return Column(low, min(max(median, low), high), high, round(float(step), digits))


def check_text(text: str) -> None:
    """Check that a text has a word and is not too long.

    Args:
        text: A text of a user.

    Raises:
        ConfigError: The text has no word, or is too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigError(
            mark("The text has {count} characters, more than the maximum of {most}."),
            mark("Shorten the text."),
            count=len(text),
            most=MOST_CHARACTERS,
        )
    if len(split_words(text)) == 1:  # only the remaining characters
        raise ConfigError(
            mark("The text contains no word."),
            mark("Type a sentence."),
        )
