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

    After them there are ``x_train``, ``y_train``, ``x_test`` and ``y_test``, and where somebody
    judges ``x_validation`` and ``y_validation``.

    Attributes:
        things: What one sample is, many of them: "digits".
        origin: Where the code takes them from, in one sentence.
        settings: Constants that the steps use.
        sections: The steps.
        answers: What is known of the samples, many of them: "labels".
        offline: A file of which a copy in the folder, or named on the command line, is used
            first; empty if there is none.
        keras_files: Else what has to be in Keras's folder where there is no network, in words.
        batches: Code for what ``model.fit`` takes.
        judges: Code for what it takes as validation data.
        test: Code for the arguments of ``model.evaluate``.
    """

    things: str
    origin: str
    settings: tuple[Setting, ...]
    sections: tuple[Section, ...]
    answers: str = "labels"
    offline: str = ""
    keras_files: str = ""
    batches: str = "in_new_order(x_train, y_train)"
    judges: str = "(x_validation, y_validation)"
    test: str = "x_test, y_test"


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

    @property
    def is_judged(self) -> bool:
        """Whether validation samples choose the best epoch."""
        return self.run.config.validation_size > 0
