"""Exported code for tables: loading, split, standardisation of the columns."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import task
from mnist_core.transfer.code.sections import DataPart, Section
from mnist_core.transfer.code.split import parts_steps, split_sections, split_settings

LOAD = '''\
def load_table() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read {name}: {samples:,} {things} to train and validate on, and {test:,} to test on.

    Returns:
        A row of {columns} numbers for each, float64 (n, {columns}), and its {quantity} in
        {unit}, float32 (n,): for training and validation first, then for the test.
    """
{lines}
'''

STANDARDISE = '''\
def standardise(rows: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Standardise each column: its distance from the mean in standard deviations, float32."""
    return ((rows - mean) / deviation).astype(np.float32)
'''


@dataclass(frozen=True)
class TableCode:
    """The steps from one task's table to the input of a configuration's network.

    Attributes:
        name: Name of the data set.
        things: What the rows are, in the plural.
        lines: The body of ``load_table``, indented.
        origin: One sentence about the source of the table.
        keras_files: Files that Keras's folder needs for use offline, in words.
        warning: A warning about the data.
        imports: Imports of ``lines`` besides NumPy.
    """

    name: str
    things: str
    lines: str
    origin: str
    keras_files: str = ""
    warning: str = ""
    imports: tuple[str, ...] = ()

    def __call__(self, config: TrainingConfig, input_shape: tuple[int, ...]) -> DataPart:
        """Return the steps for a configuration."""
        return DataPart(
            things=self.things,
            targets="true values",
            origin=self.origin,
            keras_files=self.keras_files,
            settings=split_settings(config, self.things),
            sections=(
                self._load(config.task, input_shape[0]),
                # In a table, validation samples are drawn from all rows.
                *split_sections(config, self.things, (0, 0)),
                _scale(config),
            ),
        )

    def _load(self, key: str, columns: int) -> Section:
        entry = task(key)
        assert entry.quantity is not None  # every table task predicts a quantity
        return Section(
            title="The table",
            text=(
                f"{self.name}: {columns} numbers for each of {entry.samples:,} {self.things} for "
                f"training and validation, and of {entry.test_samples:,} for the test, which are "
                f"used once, at the end.{self.warning}"
            ),
            steps="x_all, y_all, x_test, y_test = load_table()",
            definitions=LOAD.format(
                name=self.name,
                samples=entry.samples,
                things=self.things,
                test=entry.test_samples,
                columns=columns,
                quantity=entry.quantity.name,
                unit=entry.quantity.unit,
                lines=self.lines,
            ),
            imports=(*self.imports, "import numpy as np"),
        )


def _of_keras(name: str, things: str, module: str, lines: str, warning: str = "") -> TableCode:
    return TableCode(
        name=name,
        things=things,
        lines=f"    (x, y), (x_test, y_test) = keras.datasets.{module}.load_data()\n{lines}",
        origin="Keras downloads the table once (a small file) and keeps it in ~/.keras/datasets.",
        keras_files=f"{module}.npz",
        warning=warning,
        imports=("import keras",),
    )


BOSTON = _of_keras(
    "Boston housing",
    "neighbourhoods",
    "boston_housing",
    "    return x, y.astype(np.float32), x_test, y_test.astype(np.float32)",
    " One of its columns is built on race, an ethical problem for which many libraries have "
    "removed it: learn from it, but do not use it.",
)
CALIFORNIA = _of_keras(
    "California housing",
    "districts",
    "california_housing",
    "    x, x_test = x.astype(np.float64), x_test.astype(np.float64)\n"
    "    return x, y.astype(np.float32) / 1000, x_test, y_test.astype(np.float32) / 1000",
)


def _scale(config: TrainingConfig) -> Section:
    return Section(
        title="Standardisation",
        text=(
            "Networks learn badly from columns of different scales. Mean and standard deviation "
            "are those of the training set, since validation and test data must be unknown."
        ),
        steps="mean, deviation = x_all[train].mean(axis=0), x_all[train].std(axis=0)\n"
        "deviation[deviation == 0] = 1  # a constant column\n"
        + parts_steps(config, "standardise({}, mean, deviation)"),
        definitions=STANDARDISE,
        imports=("import numpy as np",),
    )
