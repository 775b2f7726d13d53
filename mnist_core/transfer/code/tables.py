"""Code for tables of numbers: load, split, bring the columns to one scale."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import task
from mnist_core.transfer.code.sections import DataPart, Section
from mnist_core.transfer.code.split import parts_steps, split_sections, split_settings

LOAD = '''\
def load_table() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read {name}: {samples:,} {things} to choose from, and {test:,} to test with at the end.

    Returns:
        A row of {columns} numbers for each, float64 (n, {columns}), and its {quantity} in
        {unit}, float32 (n,): of those to choose from first, then of the others.
    """
{lines}
'''

STANDARDISE = '''\
def standardise(rows: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Bring each column to one scale: how many deviations it is from the mean, float32."""
    return ((rows - mean) / deviation).astype(np.float32)
'''


@dataclass(frozen=True)
class TableCode:
    """The steps from one task's table to what a configuration's network takes.

    Attributes:
        name: Of the data set.
        things: What one row is, many of them.
        lines: The body of ``load_table``, indented.
        origin: Where the code takes the table from, in one sentence.
        keras_files: What has to be in Keras's folder where there is no network, in words.
        warning: What has to be said of the data.
        imports: What the lines import besides NumPy.
    """

    name: str
    things: str
    lines: str
    origin: str
    keras_files: str = ""
    warning: str = ""
    imports: tuple[str, ...] = ()

    def __call__(self, config: TrainingConfig, input_shape: tuple[int, ...]) -> DataPart:
        """The steps for a configuration."""
        return DataPart(
            things=self.things,
            answers="true values",
            origin=self.origin,
            keras_files=self.keras_files,
            settings=split_settings(config, self.things),
            sections=(
                self._load(config.task, input_shape[0]),
                # Of a table, validation samples are drawn from all rows.
                *split_sections(config, self.things, (0, 0)),
                _scale(config),
            ),
        )

    def _load(self, key: str, columns: int) -> Section:
        entry = task(key)
        assert entry.quantity is not None  # of every table
        return Section(
            title="The table",
            text=(
                f"{self.name}: {columns} numbers about each of {entry.samples:,} {self.things} to "
                f"choose from, and of {entry.test_samples:,} others, which are looked at once, at "
                f"the end.{self.warning}"
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
        title="One scale",
        text=(
            "A network learns badly from columns of unlike size. The scale is that of the training "
            "part alone, for whoever judges must not be known before."
        ),
        steps="mean, deviation = x_all[train].mean(axis=0), x_all[train].std(axis=0)\n"
        "deviation[deviation == 0] = 1  # a column that never changes\n"
        + parts_steps(config, "standardise({}, mean, deviation)"),
        definitions=STANDARDISE,
        imports=("import numpy as np",),
    )
