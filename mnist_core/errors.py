"""The exception hierarchy of the app; every message states a problem and a remedy.

Pages display the message. The command line prints it and exits with code 2.

    LabError
    ├── ConfigError          an invalid setting (also a ValueError)
    ├── DataError            an invalid data file or array
    │   ├── DamagedFileError a model or checkpoint file with a wrong checksum
    │   ├── DataPendingError a data set that is being downloaded
    │   └── DrawingError     a drawing or photo that does not show exactly one digit
    ├── StoreError           a failed operation of the run store
    │   ├── StoreGoneError   the database or the folder was deleted or moved
    │   └── UnknownRunError  no run has the id
    ├── TrainingError        training cannot start or continue
    └── EngineError          a worker or TensorBoard cannot be started or reached
"""

import difflib
import reprlib
from collections.abc import Callable, Iterable

from mnist_core.i18n import mark


def _unchanged(text: str) -> str:
    return text


class LabError(Exception):
    """A problem and its remedy, as templates that can be translated.

    The templates (`str.format`) are translated before their values are filled in, so one catalogue
    entry serves every value. A value that is a `LabError` is replaced by its problem.

    Attributes:
        problem: Template of what went wrong.
        remedy: Template of what to do.
        values: Values of the templates' fields.
    """

    def __init__(self, problem: str, remedy: str, /, **values: object) -> None:
        """Store the templates; the English message is the exception's text.

        Args:
            problem: Template of what went wrong.
            remedy: Template of what to do.
            **values: Values of the templates' fields.
        """
        self.problem = problem
        self.remedy = remedy
        self.values = values
        super().__init__(self.sentence())

    def sentence(self, translate: Callable[[str], str] = _unchanged) -> str:
        """Return the problem and the remedy on one line.

        Args:
            translate: Translates a template; English by default.
        """
        return f"{self.cause(translate)} {self._filled(self.remedy, translate)}"

    def cause(self, translate: Callable[[str], str] = _unchanged) -> str:
        """Return the problem alone, which another error may quote."""
        return self._filled(self.problem, translate)

    def _filled(self, template: str, translate: Callable[[str], str]) -> str:
        values = {
            name: value.cause(translate) if isinstance(value, LabError) else value
            for name, value in self.values.items()
        }
        text = translate(template).format(**values)
        # A path may contain bytes that are invalid in the encoding of this process.
        return text.encode(errors="surrogateescape").decode(errors="replace")

    def alone(self) -> "LabError":
        """Return the error without its `__cause__`, which may not be picklable."""
        return type(self)(self.problem, self.remedy, **self.values)

    def __reduce__(self) -> tuple[object, ...]:
        # By default an exception is rebuilt from `args`, here the message.
        return _rebuild, (type(self), self.problem, self.remedy, self.values)


def _rebuild(
    kind: type[LabError], problem: str, remedy: str, values: dict[str, object]
) -> LabError:
    return kind(problem, remedy, **values)


class ConfigError(LabError, ValueError):
    """A setting that is unknown, out of range or inconsistent with another setting."""


class DataError(LabError):
    """A data file or an array that is missing, damaged or malformed."""


class DamagedFileError(DataError):
    """A model or checkpoint file whose content does not match its checksum."""


class DataPendingError(DataError):
    """A data set that is being downloaded; the caller does not wait for it."""


class DrawingError(DataError):
    """A drawing or photo in which no single digit was found."""


class StoreError(LabError):
    """The run store cannot be opened, read or written, or rejects an operation."""


class StoreGoneError(StoreError):
    """The database or the folder of the run store was deleted or moved while it was open."""


class UnknownRunError(StoreError):
    """No run in the store has the given id."""


class TrainingError(LabError):
    """Training cannot start or continue, for example because the loss is not finite."""


class EngineError(LabError):
    """A worker or TensorBoard cannot be started or reached."""


def shown(value: object) -> str:
    """Return the `repr` of a value, shortened for a message."""
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = brief.maxlong = 60
    return brief.repr(value)


def unknown_name(field: str, value: object, known: Iterable[str]) -> ConfigError:
    """Return the error for a name that is not in a list of known names.

    Args:
        field: The setting, such as "architecture".
        value: The given value, of any type.
        known: The valid names.

    Returns:
        An error that lists the valid names and suggests the closest match, if any.
    """
    names = list(known)
    near = difflib.get_close_matches(value, names, n=1) if isinstance(value, str) else []
    return ConfigError(
        mark("{field} is {value}, which is not one of {names}."),
        mark("Did you mean {near}?") if near else mark("Choose one of these names."),
        field=field,
        value=shown(value),
        names=", ".join(names),
        near="".join(near),
    )
