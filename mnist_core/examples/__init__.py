"""Trained example networks that come with the lab, so that a visitor need not train one first.

Each example is a run of a preset with its own settings: one archive
(:mod:`mnist_core.transfer.archive`) in this folder. ``examples.json`` records how each was trained
and its result. ``python -m mnist_core examples --build`` trains them again.

A store that is opened by :func:`open_store` has the examples as runs that are marked
(``Run.example``). They are not listed among the runs that people have started.
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
    """How an example was trained, and its result, as in ``examples.json``.

    Attributes:
        preset: Key of the preset, and of the example.
        id: The run's id, the same in every store; a rebuilt example gets a new id.
        seed: The seed.
        epochs: Number of epochs.
        best_epoch: The epoch with the lowest validation loss.
        test_metric: The best model's accuracy on the test set, 0 to 1, or its mean absolute error
            in the task's unit.
        spread: Smallest and largest valid ``test_metric`` of a rebuilt example: other machines
            round differently, which has the effect of another seed.
        seconds: Duration of the training.
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
        """Path of the archive."""
        return FOLDER / f"{self.preset}.zip"


@cache
def known_examples() -> dict[str, Example]:
    """Return the examples of this version of the lab by key, in the order of the lists."""
    entries: list[dict[str, Any]] = json.loads(RECORD.read_text("utf-8"))
    names = [field.name for field in fields(Example)]
    found = [Example(**{name: entry[name] for name in names}) for entry in entries]
    return {example.preset: example for example in found}


def listed_examples(store: Store, *, hidden: bool = False) -> list[Run]:
    """Return the examples of a store in the order of the lists.

    Args:
        store: The run store.
        hidden: Whether to include hidden examples.
    """
    order = {key: place for place, key in enumerate(known_examples())}
    found = store.examples(hidden=hidden)
    return sorted(found, key=lambda run: order.get(run.example or "", len(order)))


def open_store() -> Store:
    """Open the store that the environment names, and add the examples of this version.

    ``MNIST_LAB_EXAMPLES=off`` omits the examples.

    Raises:
        StoreError: The store cannot be opened.
    """
    store = Store.open()
    install_known(store)
    return store


def install_known(store: Store) -> None:
    """Update the examples of a store to those of this version; log an error and continue."""
    try:
        install(store, {} if os.environ.get(VARIABLE) == "off" else known_examples())
    except LabError as error:  # on a full or read-only disk, the other runs are still usable
        log.warning("Could not add the examples: %s", error)


def install(store: Store, examples: dict[str, Example]) -> None:
    """Update the examples of a store.

    Args:
        store: The run store.
        examples: The wanted examples by key; others are removed.

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
    """Return whether a store has all model files of an example."""
    return set(MODELS) <= set(store.artifacts.names(example.id))


def _add(store: Store, example: Example, *, hidden: bool) -> None:
    with example.file.open("rb") as file, opened(file) as parts:
        ended = read_run(parts)
        for name in MODELS:  # written by the lab itself, so they need not be rebuilt
            store.artifacts.write(example.id, name, parts.read(name))
    try:
        add_ended(store, example.id, ended, example=example.preset, hidden=hidden)
    except StoreError:
        if not store.versions([example.id]):  # otherwise another process has added it
            raise
