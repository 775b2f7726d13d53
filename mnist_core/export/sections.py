"""What exported code is made of: a section is one step, with its words, functions and lines.

The same sections make a script, whose ``main`` runs their lines, and a notebook, where each is a
text and a cell.
"""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.runs import Run

#: The constants at the head of the code: name, value as code, and what it is.
Setting = tuple[str, str, str]


@dataclass(frozen=True)
class Section:
    """One step.

    Attributes:
        title: A short heading.
        text: One or two plain sentences on what is done and why.
        steps: Lines of code that do it, not indented.
        definitions: Constants and functions that they use.
        imports: Import lines that both need.
    """

    title: str
    text: str
    steps: str
    definitions: str = ""
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataPart:
    """The steps of one task up to arrays that a network takes.

    After them there are ``x_train``, ``y_train``, ``x_validation``, ``y_validation``, ``x_test``
    and ``y_test``.

    Attributes:
        things: What one sample is, many of them: "digits".
        origin: Where the code takes them from, in one sentence.
        file: The file that Keras keeps them in; one of that name in the folder is used first.
        settings: Constants that the steps use.
        sections: The steps.
        batches: Code for what ``model.fit`` takes, if it is something else than the training
            samples in a new order each epoch (``in_new_order(x_train, y_train)``).
    """

    things: str
    origin: str
    file: str
    settings: tuple[Setting, ...]
    sections: tuple[Section, ...]
    batches: str | None = None


@dataclass(frozen=True)
class Source:
    """All that code is written from.

    Attributes:
        run: The run, with its figures.
        packages: What the code needs, besides Python.
        data: The task's part.
        settings: All constants, in order.
        sections: All steps in order, the data's first.
    """

    run: Run
    packages: tuple[str, ...]
    data: DataPart
    settings: tuple[Setting, ...]
    sections: tuple[Section, ...]
