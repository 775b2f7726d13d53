"""Errors of imported files."""

from __future__ import annotations

from mnist_core.errors import DataError, LabError
from mnist_core.i18n import mark


class RefusedError(LabError):
    """A rejected file; only the caller knows its name."""

    def named(self, file: str) -> DataError:
        """Return the error with the file's name."""
        problem = mark("Could not import “{file}”. {reason}")
        return DataError(problem, self.remedy, **self.values, file=file, reason=self)


def brief(value: object, length: int = 60) -> str:
    """Return an imported value for a message: on one line, shortened to a length."""
    text = " ".join(str(value).split())
    text = "".join(sign for sign in text if sign.isprintable())
    return text if len(text) <= length else text[: length - 1] + "…"


def damaged(problem: str = mark("The file is damaged or incomplete.")) -> RefusedError:
    """Return the error of a damaged file, or of one that Keras did not write."""
    return RefusedError(problem, mark("Save the model again, and upload the complete file."))
