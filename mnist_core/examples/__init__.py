"""Trained networks that come with the lab, so that the first visitor need not train one first.

Each example is a preset, trained from its own settings and saved as the lab saves any run: one
archive (:mod:`mnist_core.transfer.archive`) in this folder. ``examples.json`` records how each was
trained and what it reaches. ``python -m mnist_core examples --build`` makes all of it anew.

A store that is opened by :func:`open_store` has the examples as runs with their own mark
(``Run.example``). They are never listed among the runs that people have started.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from mnist_core.errors import LabError, StoreError
from mnist_core.runs import Run, Store
from mnist_core.runs.model_files import MODELS
from mnist_core.transfer.archive_reader import opened, read_run
from mnist_core.transfer.uploads import add_ended

FOLDER = Path(__file__).parent
RECORD = FOLDER / "examples.json"
#: Set to "off" for a lab without examples.
VARIABLE = "MNIST_LAB_EXAMPLES"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Example:
    """How an example was trained, and what it reaches; as ``examples.json`` has it.

    Attributes:
        preset: Key of the preset, and of the example.
        id: The run's id, the same in every store; a rebuilt example has another one.
        seed: The seed of its training.
        epochs: Epochs trained.
        best_epoch: The epoch with the lowest validation loss.
        test_metric: Of the best model on the test set: accuracy, 0 to 1, or the mean absolute
            error in the task's unit.
        spread: The lowest and the highest ``test_metric`` of a faultless rebuild: other machines
            round differently, which acts like another seed.
        seconds: How long the training took.
        trained_with: Versions of Python, TensorFlow and Keras.
        bytes: Size of the archive.
    """

    preset: str
    id: str
    seed: int
    epochs: int
    best_epoch: int
    test_metric: float
    spread: tuple[float, float]
    seconds: float
    trained_with: str
    bytes: int

    @property
    def file(self) -> Path:
        """The archive."""
        return FOLDER / f"{self.preset}.zip"


@cache
def known_examples() -> dict[str, Example]:
    """The examples of this version of the lab by key, in the order of the lists."""
    entries: list[dict[str, Any]] = json.loads(RECORD.read_text("utf-8"))
    names = [field.name for field in fields(Example)]
    found = [Example(**{name: entry[name] for name in names}) for entry in entries]
    return {example.preset: example for example in found}


def listed_examples(store: Store, *, hidden: bool = False) -> list[Run]:
    """The examples of a store in the order of the lists.

    Args:
        store: Where.
        hidden: Also those that somebody has hidden.
    """
    order = {key: place for place, key in enumerate(known_examples())}
    found = store.examples(hidden=hidden)
    return sorted(found, key=lambda run: order.get(run.example or "", len(order)))


def open_store() -> Store:
    """The store that the environment names, with the examples of this version of the lab.

    ``MNIST_LAB_EXAMPLES=off`` leaves the examples out.

    Raises:
        StoreError: The store cannot be opened.
    """
    store = Store.open()
    install_known(store)
    return store


def install_known(store: Store) -> None:
    """Make the examples of a store those of this version of the lab, if that can be done."""
    try:
        install(store, {} if os.environ.get(VARIABLE) == "off" else known_examples())
    except LabError as error:  # on a full or read-only disk: a person's own runs are still there
        log.warning("The examples could not be added: %s", error)


def install(store: Store, examples: dict[str, Example]) -> None:
    """Make the examples of a store those of this version of the lab.

    Args:
        store: Where.
        examples: What the store shall have, by key; others are removed.

    Raises:
        LabError: An archive is damaged, or the store cannot be written.
    """
    present = {run.example: run for run in store.examples(hidden=True)}
    for key, example in examples.items():
        old = present.get(key)
        if old is not None and old.id == example.id and _is_whole(store, example):
            del present[key]
            continue
        if old is not None:
            store.remove_example(present.pop(key).id)
        _add(store, example, hidden=old is not None and old.hidden)
    for run in present.values():
        store.remove_example(run.id)


def _is_whole(store: Store, example: Example) -> bool:
    """Whether a store has all files of an example."""
    return set(MODELS) <= set(store.artifacts.names(example.id))


def _add(store: Store, example: Example, *, hidden: bool) -> None:
    with example.file.open("rb") as file, opened(file) as parts:
        ended = read_run(parts)
        for name in MODELS:  # of the lab's own making: no need to build them anew
            store.artifacts.write(example.id, name, parts.read(name))
    try:
        add_ended(store, example.id, ended, example=example.preset, hidden=hidden)
    except StoreError:
        if not store.versions([example.id]):  # else another process was quicker
            raise
