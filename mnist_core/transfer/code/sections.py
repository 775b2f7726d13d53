"""Sections of exported code: each is one step, with its text, functions and statements.

The same sections form a script, whose ``main`` has their statements, and a notebook, where each is
a text cell and a code cell.
"""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.runs import Run

#: A constant at the head of the code: name, value as code, and explanation.
Setting = tuple[str, str, str]


@dataclass(frozen=True)
class Section:
    """One step.

    Attributes:
        title: A short heading.
        text: One or two plain sentences about the step and its purpose.
        steps: Statements of the step, not indented.
        definitions: Constants and functions that the statements use.
        imports: Import lines that both need.
    """

    title: str
    text: str
    steps: str
    definitions: str = ""
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataPart:
    """The steps of one task up to arrays for the network.

    They define ``x_train``, ``y_train``, ``x_test`` and ``y_test``, and with a validation set
    ``x_validation`` and ``y_validation``.

    Attributes:
        things: What the samples are, in the plural: "digits".
        origin: One sentence about the source of the data.
        settings: Constants that the steps use.
        sections: The steps.
        targets: What the targets are, in the plural: "labels".
        offline: A file that is used if a copy is in the folder or named on the command line; ""
            if there is none.
        keras_files: Otherwise: the files that Keras's folder needs for use offline, in words.
        batches: Code for the training data of ``model.fit``.
        validation_data: Code for the validation data of ``model.fit``.
        test: Code for the arguments of ``model.evaluate``.
    """

    things: str
    origin: str
    settings: tuple[Setting, ...]
    sections: tuple[Section, ...]
    targets: str = "labels"
    offline: str = ""
    keras_files: str = ""
    batches: str = "in_new_order(x_train, y_train)"
    validation_data: str = "(x_validation, y_validation)"
    test: str = "x_test, y_test"


@dataclass(frozen=True)
class Source:
    """The content of exported code.

    Attributes:
        run: The run, with its results.
        packages: Packages that the code needs.
        data: The task's part.
        settings: All constants, in order.
        sections: All steps in order, beginning with the data.
    """

    run: Run
    packages: tuple[str, ...]
    data: DataPart
    settings: tuple[Setting, ...]
    sections: tuple[Section, ...]

    @property
    def is_validated(self) -> bool:
        """Whether a validation set determines the best epoch."""
        return self.run.config.validation_size > 0
