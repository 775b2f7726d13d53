"""What a network can be asked: the length of a text, the values of a table's columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import ConfigError
from mnist_core.i18n import mark
from mnist_core.tasks import task
from mnist_core.tasks.text_data import split_words

#: The longest text that is read, in characters: well over 10,000 words. IMDB's longest review has
#: 13,704 characters.
MOST_CHARACTERS = 100_000
#: A slider has about so many places, at most ten times as many.
PLACES = 1_000
#: So many variations are shown of a digit.
VARIATIONS = 16


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
            mark("The text has {count} characters. At most {most} are read."),
            mark("Shorten it."),
            count=len(text),
            most=MOST_CHARACTERS,
        )
    if len(split_words(text)) == 1:  # the end alone
        raise ConfigError(
            mark("The text has no word in it. The inputs of the network are words."),
            mark("Type a sentence."),
        )
