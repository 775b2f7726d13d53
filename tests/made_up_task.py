"""A task that the lab does not have, with its own unit: the fuel economy of cars.

It consists of what a developer would add: one object, its line in the table of tasks, and its code
for export. The table is generated; it has the shape of the Auto MPG data set.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mnist_core.experiment.presets import PRESETS, first_experiment
from mnist_core.tasks import TASKS, Quantity
from mnist_core.tasks.base import Dataset, Task

if TYPE_CHECKING:
    from mnist_core.transfer.code.tables import TableCode

ROWS, TRAINED = 398, 318
#: File from which the exported code reads the table.
FILE = "mpg.npz"


@cache
def load() -> Dataset:
    """Generate cars whose fuel economy depends on weight and age."""
    dice = np.random.default_rng(7)
    columns = [
        *(dice.choice([4, 6, 8], ROWS), dice.uniform(70, 455, ROWS), dice.uniform(46, 230, ROWS)),
        *(dice.uniform(1_600, 5_200, ROWS), dice.uniform(8, 25, ROWS)),
        *(dice.integers(70, 83, ROWS), dice.integers(1, 4, ROWS)),
    ]
    x = np.stack(columns, axis=1).astype(np.float64)
    economy = 30 - (x[:, 3] - 3_000) / 150 + (x[:, 5] - 76) / 2 + dice.normal(0, 1, ROWS)
    y = economy.clip(9, 47).astype(np.float32)
    return Dataset(x[:TRAINED], y[:TRAINED], x[TRAINED:], y[TRAINED:], 0, (0, 0))


MPG = Task(
    key="mpg",
    label="Fuel economy of cars",
    summary="Predict how far a car goes on a gallon of fuel from seven numbers about it.",
    inputs="table",
    classes=(),
    loss="mean_squared_error",
    metric="mae",
    samples=TRAINED,
    test_samples=ROWS - TRAINED,
    load=load,
    columns=(
        *("cylinders", "displacement", "horsepower", "weight", "acceleration", "model year"),
        "origin",
    ),
    columns_explained=(
        *("How many.", "In cubic inches.", "Of the engine.", "In pounds.", "Seconds to 60 mph."),
        *("From 70 to 82.", "1 America, 2 Europe, 3 Japan."),
    ),
    quantity=Quantity(
        name="fuel economy",
        unit="miles per gallon",
        shown_unit="miles per gallon",
        step=0.1,
        largest_error=10,
        suffix=" mpg",
        digits=1,
    ),
    noun="car",
    nouns="cars",
    source="Made up in the shape of R. Quinlan's Auto MPG data (1993)",
)


def register(patch: pytest.MonkeyPatch) -> None:
    """Add the task to the table of tasks, and its experiment to the presets."""
    patch.setitem(TASKS, MPG.key, MPG)
    patch.setitem(PRESETS, MPG.key, first_experiment(MPG))


def code() -> TableCode:
    """Return the task's entry in the table of exported code."""
    from mnist_core.transfer.code.tables import TableCode

    return TableCode(
        name="Auto MPG",
        things="cars",
        lines=f'    with np.load("{FILE}", allow_pickle=False) as arrays:\n'
        '        names = ("x_train", "y_train", "x_test", "y_test")\n'
        "        return tuple(arrays[name] for name in names)",
        origin=f"The code reads the table from {FILE}, in the folder that it runs in.",
    )


def write(folder: Path) -> None:
    """Write the table to where the exported code looks for it."""
    data = load()
    names = ("x_train", "y_train", "x_test", "y_test")
    np.savez(folder / FILE, **{name: getattr(data, name) for name in names})
