"""What is wrong with a file from outside."""

from __future__ import annotations

from mnist_core.errors import DataError
from mnist_core.i18n import mark


class RefusedError(Exception):
    """A file that is not taken; its name is known to the caller alone.

    Attributes:
        why: Template of why it cannot be used.
        remedy: Template of what to do.
        values: What the places in the templates stand for.
    """

    def __init__(self, why: str, remedy: str, **values: object) -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy
        self.values = values

    def named(self, file: str) -> DataError:
        """The error in three parts, with the file's name."""
        received = mark("The file “{file}” could not be imported.")
        return DataError(received, self.why, self.remedy, **self.values, file=file)


def brief(value: object, length: int = 60) -> str:
    """A value from outside as it may stand in a sentence: on one line, cut to a length."""
    text = " ".join(str(value).split())
    text = "".join(sign for sign in text if sign.isprintable())
    return text if len(text) <= length else text[: length - 1] + "…"


def damaged(why: str = mark("It is damaged or cut short.")) -> RefusedError:
    """The file is not whole, or not as Keras writes one."""
    return RefusedError(why, mark("Save it once more, and give the whole file."))
