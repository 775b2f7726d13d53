"""Failures as a small documented tree, each of which says three things.

What was received, why it cannot be used, and what to do. A page shows the sentence, the command
line prints it and ends with exit code 2; nobody is left with a traceback.

    LabError
    ├── ConfigError          a setting that cannot be used (also a ValueError)
    ├── DataError            a data file or an array that cannot be used
    │   ├── DamagedFileError a model or a checkpoint that is not as it was written
    │   ├── DataPendingError data that is on its way: ask again in a moment
    │   └── DrawingError     a drawing or a photo that is not one digit
    ├── StoreError           the run store cannot do what was asked
    │   ├── StoreGoneError   its database or its folder was deleted or moved
    │   └── UnknownRunError  no run has that id
    ├── TrainingError        a training that cannot go on
    └── EngineError          the workers, or TensorBoard, cannot be reached or started
"""

import difflib
import reprlib
from collections.abc import Callable, Iterable

from mnist_core.i18n import mark


def _unchanged(text: str) -> str:
    return text


class LabError(Exception):
    """A failure in three parts that can be shown in any language.

    The parts are templates in the sense of `str.format`: they are translated first and filled
    in afterwards, so that one catalogue entry serves every value.

    Attributes:
        received: What was received.
        why: Why it cannot be used.
        remedy: What to do about it.
        values: What the places in the templates stand for.
    """

    def __init__(self, received: str, why: str, remedy: str, **values: object) -> None:
        """Keep the parts, and their English sentence as the exception's own text.

        Args:
            received: Template that says what was received.
            why: Template that says why it cannot be used.
            remedy: Template that says what to do.
            **values: The values of the places in the three templates.
        """
        self.received = received
        self.why = why
        self.remedy = remedy
        self.values = values
        super().__init__(self.sentence())

    def sentence(self, translate: Callable[[str], str] = _unchanged) -> str:
        """Say the three parts in one line.

        Args:
            translate: Turns a template into the reader's language; English by default.

        Returns:
            The three translated and filled-in parts, joined by spaces.
        """
        parts = (self.received, self.why, self.remedy)
        text = " ".join(translate(part).format(**self.values) for part in parts)
        # A path may hold bytes that are no letters in the encoding that this process expects.
        return text.encode(errors="surrogateescape").decode(errors="replace")

    def alone(self) -> "LabError":
        """The same error without the one that led to it, which may not fit through a pickle."""
        return type(self)(self.received, self.why, self.remedy, **self.values)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are rebuilt from their `args`, here one sentence: without this an error
        # could not come back from a worker process.
        return _rebuild, (type(self), self.received, self.why, self.remedy, self.values)


def _rebuild(
    kind: type[LabError], received: str, why: str, remedy: str, values: dict[str, object]
) -> LabError:
    return kind(received, why, remedy, **values)


class ConfigError(LabError, ValueError):
    """A setting that is out of range, unknown, or at odds with another."""


class DataError(LabError):
    """A data file or an array that is missing, damaged or of the wrong form."""


class DamagedFileError(DataError):
    """A model or a checkpoint of a run whose content is not as it was written."""


class DataPendingError(DataError):
    """A data set that is being fetched, for somebody who does not wait for it."""


class DrawingError(DataError):
    """A drawing or a photo in which no single digit can be read."""


class StoreError(LabError):
    """The run store cannot be opened, read or written, or refuses what was asked."""


class StoreGoneError(StoreError):
    """The database or the folder of the run store was deleted or moved while it was open."""


class UnknownRunError(StoreError):
    """No run of the store has the id that was asked for."""


class TrainingError(LabError):
    """A training that cannot start or cannot go on, for example because the loss is not finite."""


class EngineError(LabError):
    """The workers that train, or TensorBoard, cannot be started or reached."""


def shown(value: object) -> str:
    """Return a value as it may stand in a sentence: its `repr`, cut to a readable length."""
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = brief.maxlong = 60
    return brief.repr(value)


def unknown_name(field: str, value: object, known: Iterable[str]) -> ConfigError:
    """Make the error for a name that is none of the known ones.

    Args:
        field: What the name was given for, such as "architecture".
        value: What was received; any type.
        known: The names that would have done.

    Returns:
        An error that lists the known names and, if one is close, proposes it.
    """
    names = list(known)
    if isinstance(value, str) and (near := difflib.get_close_matches(value, names, n=1)):
        return ConfigError(
            mark("{field} is {value}."),
            mark("There is none of that name; the known ones are {names}."),
            mark("Did you mean {near}?"),
            field=field,
            value=shown(value),
            names=", ".join(names),
            near=near[0],
        )
    return ConfigError(
        mark("{field} is {value}."),
        mark("There is none of that name; the known ones are {names}."),
        mark("Choose one of them."),
        field=field,
        value=shown(value),
        names=", ".join(names),
    )
