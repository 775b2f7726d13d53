"""Code for tables, prices in Boston or California: load, split, bring columns to one scale."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import task
from mnist_core.transfer.code.sections import DataPart, Section
from mnist_core.transfer.code.split import parts_steps, split_sections, split_settings

LOAD = '''\
def load_prices() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Read {name}: {samples:,} {things} to choose from, and {test:,} to test with at the end.

    Returns:
        A row of {columns} numbers for each, float64 (n, {columns}), and its price in thousands of
        dollars, float32 (n,): of those to choose from first, then of the others.
    """
    (x, y), (x_test, y_test) = keras.datasets.{module}.load_data()
{steps}
'''

IN_THOUSANDS = """\
    return x, y.astype(np.float32), x_test, y_test.astype(np.float32)"""

IN_DOLLARS = """\
    x, x_test = x.astype(np.float64), x_test.astype(np.float64)
    return x, y.astype(np.float32) / 1000, x_test, y_test.astype(np.float32) / 1000"""

STANDARDISE = '''\
def standardise(rows: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Bring each column to one scale: how many deviations it is from the mean, float32."""
    return ((rows - mean) / deviation).astype(np.float32)
'''


@dataclass(frozen=True)
class _Kind:
    """What differs between the tables.

    Attributes:
        name: Of the data set.
        things: What one row is, many of them.
        module: Keras's name of it, and of its file.
        steps: The last lines of its loading.
        warning: What has to be said of it.
    """

    name: str
    things: str
    module: str
    steps: str
    warning: str = ""


KINDS = {
    "boston": _Kind(
        "Boston housing",
        "neighbourhoods",
        "boston_housing",
        IN_THOUSANDS,
        " One of its columns is built on race, an ethical problem for which many libraries have "
        "removed it: learn from it, but do not use it.",
    ),
    "california": _Kind("California housing", "districts", "california_housing", IN_DOLLARS),
}


def data_part(config: TrainingConfig, input_shape: tuple[int, ...]) -> DataPart:
    """The steps from Keras's table to what a configuration's network takes."""
    kind = KINDS[config.task]
    return DataPart(
        things=kind.things,
        answers="prices",
        origin="Keras downloads the table once (a small file) and keeps it in ~/.keras/datasets.",
        keras_files=f"{kind.module}.npz",
        settings=split_settings(config, kind.things),
        sections=(
            _load(kind, config.task, input_shape[0]),
            # Too few to keep some apart for good: validation samples are drawn from all.
            *split_sections(config, kind.things, (0, 0)),
            _scale(config),
        ),
    )


def _load(kind: _Kind, key: str, columns: int) -> Section:
    entry = task(key)
    return Section(
        title="The prices",
        text=(
            f"{kind.name}: {columns} numbers about each of {entry.samples:,} {kind.things} to "
            f"choose from, and of {entry.test_samples:,} others, which are looked at once, at the "
            f"end.{kind.warning}"
        ),
        steps="x_all, y_all, x_test, y_test = load_prices()",
        definitions=LOAD.format(
            name=kind.name,
            samples=entry.samples,
            things=kind.things,
            test=entry.test_samples,
            columns=columns,
            module=kind.module,
            steps=kind.steps,
        ),
        imports=("import keras", "import numpy as np"),
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
