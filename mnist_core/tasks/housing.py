"""House prices in Boston and California: regression on tables.

The Boston data set is part of this package. It is so small that results depend on the choice of
the validation set, so it is used to explain cross-validation. Its feature "B" is computed from the
proportion of Black people in a neighbourhood, on the assumption that segregation affects prices;
many libraries have removed the data set for this reason. It is kept for the tutorials and as an
example of an unethical feature. The California data set is from 1990, is forty times larger, and
is downloaded by Keras.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import DataError
from mnist_core.i18n import mark
from mnist_core.tasks.base import Dataset, Task
from mnist_core.tasks.keras_data import arrays_of
from mnist_core.tasks.quantity import Quantity

DATA_FILE = Path(__file__).resolve().parent.parent / "data" / "boston_housing.npz"
DATA_SHA256 = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"
#: Keras's seed of the test set, used here so that results can be compared.
KERAS_SEED = 113
TRAIN_SAMPLES = 404


@cache
def load_boston(path: Path = DATA_FILE) -> Dataset:
    """Return the Boston house prices from the file in this package, with Keras's test set.

    Args:
        path: The data file.

    Returns:
        404 training and 102 test rows, float64 (n, 13); prices in thousands of dollars.

    Raises:
        DataError: The file is missing, incomplete or altered.
    """
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != DATA_SHA256:
        raise DataError(
            mark("The data file {file} is missing or altered: it has {size} bytes."),
            mark(
                "Restore it with `git checkout -- mnist_core/data`, or install the project again."
            ),
            file=path.name,
            size=len(content),
        )
    with np.load(path, allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    order = np.arange(len(x))
    # Keras's generator, so that the test set is the same.
    np.random.RandomState(KERAS_SEED).shuffle(order)
    x, y = x[order], y[order].astype(np.float32)
    return _dataset(x[:TRAIN_SAMPLES], y[:TRAIN_SAMPLES], x[TRAIN_SAMPLES:], y[TRAIN_SAMPLES:])


@cache
def load_california() -> Dataset:
    """Return the California house prices, from Keras's cache or downloaded by Keras.

    Returns:
        16,512 training and 4,128 test rows, float64 (n, 8); prices in thousands of dollars.

    Raises:
        DataPendingError: The data is being downloaded, and the caller does not wait.
        DataError: The data is not in the cache and cannot be downloaded.
    """
    arrays = arrays_of("california")
    x_train, x_test = (arrays[name].astype(np.float64) for name in ("x_train", "x_test"))
    y_train, y_test = (arrays[name].astype(np.float32) / 1000 for name in ("y_train", "y_test"))
    return _dataset(x_train, y_train, x_test, y_test)


def _dataset(
    x_train: NDArray[Any], y_train: NDArray[Any], x_test: NDArray[Any], y_test: NDArray[Any]
) -> Dataset:
    for array in (x_train, y_train, x_test, y_test):
        array.setflags(write=False)
    # No reserved validation samples: the data sets are too small.
    return Dataset(x_train, y_train, x_test, y_test, classes=0, validation_pool=(0, 0))


PRICE = Quantity(
    name=mark("price"),
    unit=mark("thousand dollars"),
    shown_unit=mark("dollars"),
    step=0.1,
    largest_error=5_000,
    scale=1_000,
    prefix="$",
)

BOSTON = Task(
    key="boston",
    label=mark("House prices in Boston"),
    summary=mark("Predict the price of a house from 13 features of its neighbourhood."),
    inputs="table",
    classes=(),
    loss="mean_squared_error",
    metric="mae",
    samples=TRAIN_SAMPLES,
    test_samples=102,
    load=load_boston,
    columns=(  # also keys in JSON
        mark("crime rate"),
        mark("large plots"),
        mark("industry"),
        mark("at the river"),
        mark("nitric oxides"),
        mark("rooms"),
        mark("built before 1940"),
        mark("distance to work"),
        mark("motorways"),
        mark("property tax"),
        mark("pupils for each teacher"),
        mark("B (built on race)"),
        mark("low status"),
    ),
    columns_explained=(
        mark("Crimes per inhabitant of the town."),
        mark("Residential land with plots over 25,000 square feet, in percent."),
        mark("Land with business other than retail, in percent."),
        mark("1 if the neighbourhood borders the Charles River, else 0."),
        mark("Concentration of nitric oxides in the air, in parts per ten million."),
        mark("Average number of rooms of a dwelling."),
        mark("Dwellings occupied by their owners and built before 1940, in percent."),
        mark("Weighted distance to five centres of employment."),
        mark("Access to the motorways into the city, as an index from 1 to 24."),
        mark("Property tax, in dollars per 10,000 dollars of value."),
        mark("Number of pupils per teacher in the town's schools."),
        mark(
            "Computed from the proportion of Black people in the town, on the assumption that "
            "segregation affects prices: the ethical problem of this data set."
        ),
        mark("Inhabitants of lower status, as the study defined it, in percent."),
    ),
    quantity=PRICE,
    noun=mark("house"),
    nouns=mark("houses"),
    row=mark("neighbourhood"),
    source=mark(
        "D. Harrison and D. Rubinfeld, Hedonic prices and the demand for clean air (1978). The "
        "feature B is based on race; many libraries have removed the data set for this ethical "
        "problem. It is included because the tutorials use it; California is the better choice."
    ),
)

CALIFORNIA = Task(
    key="california",
    label=mark("House prices in California"),
    summary=mark("Predict the median price of houses in a district from eight features."),
    inputs="table",
    classes=(),
    loss="mean_squared_error",
    metric="mae",
    samples=16_512,
    test_samples=4_128,
    load=load_california,
    columns=(
        mark("longitude"),
        mark("latitude"),
        mark("median age of houses"),
        mark("rooms in all"),
        mark("bedrooms in all"),
        mark("inhabitants"),
        mark("households"),
        mark("median income"),
    ),
    columns_explained=(
        mark("In degrees; negative, because California lies west of Greenwich."),
        mark("In degrees; larger values are further north."),
        mark("In years: half of the district's houses are older."),
        mark("Total number of rooms in the district."),
        mark("Total number of bedrooms in the district."),
        mark("Number of inhabitants of the district."),
        mark("Number of households in the district."),
        mark("Median income of a household, in tens of thousands of dollars."),
    ),
    quantity=PRICE,
    noun=mark("house"),
    nouns=mark("houses"),
    row=mark("neighbourhood"),
    source=mark("R. Pace and R. Barry, Sparse spatial autoregressions (1997), 1990 census"),
)
