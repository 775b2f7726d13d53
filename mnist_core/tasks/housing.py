"""House prices: a table of numbers, and a number to be found (regression).

Boston's data set is small enough to be in this package, and small enough that it matters who
judges: that is why cross-validation is taught with it. It also carries a warning. One of its
columns, "B", is computed from the share of Black people in a neighbourhood, on the assumption that
segregation has a price; many libraries have removed the data for that reason. It is here because
the tutorials use it, and so that the question is asked: what goes into a model's table?
California's is ten years younger, forty times larger, and comes from Keras.
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
#: Keras draws the test set with this seed; so do we, so that figures can be compared.
KERAS_SEED = 113
TRAIN_SAMPLES = 404


@cache
def load_boston(path: Path = DATA_FILE) -> Dataset:
    """Return Boston's house prices from the file in this package, divided as Keras divides them.

    Args:
        path: Another copy of the same file.

    Returns:
        404 training and 102 test rows, float64 (n, 13); prices in thousands of dollars.

    Raises:
        DataError: If the file is missing or was altered.
    """
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != DATA_SHA256:
        raise DataError(
            mark("The data file {file} has {size} bytes. It is missing, cut short or altered."),
            mark(
                "Restore it with `git checkout -- mnist_core/data`, or install the project again."
            ),
            file=path.name,
            size=len(content),
        )
    with np.load(path, allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    order = np.arange(len(x))
    # Keras's own generator: only it draws the same test set.
    np.random.RandomState(KERAS_SEED).shuffle(order)
    x, y = x[order], y[order].astype(np.float32)
    return _dataset(x[:TRAIN_SAMPLES], y[:TRAIN_SAMPLES], x[TRAIN_SAMPLES:], y[TRAIN_SAMPLES:])


@cache
def load_california() -> Dataset:
    """Return California's house prices, from Keras's cache or downloaded by Keras.

    Returns:
        16,512 training and 4,128 test rows, float64 (n, 8); prices in thousands of dollars.

    Raises:
        DataError: If it is not in the cache and cannot be downloaded.
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
    # Too few to keep some apart for good: validation samples are drawn from all.
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
    summary=mark("Predict the price of a house from 13 numbers about its neighbourhood."),
    inputs="table",
    classes=(),
    loss="mean_squared_error",
    metric="mae",
    samples=TRAIN_SAMPLES,
    test_samples=102,
    load=load_boston,
    columns=(
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
        mark("Crimes in the town, set against its number of inhabitants."),
        mark("Share of the land that is set apart for plots over 25,000 square feet, in percent."),
        mark("Share of the land with business other than shops, in percent."),
        mark("1 if the neighbourhood lies at the Charles River, 0 if not."),
        mark("Nitric oxides in the air, in parts of ten million."),
        mark("Rooms of a dwelling, on average."),
        mark("Share of the owners' dwellings that were built before 1940, in percent."),
        mark("Weighted distance to five centres of employment."),
        mark("How easily the motorways into the city are reached, as an index from 1 to 24."),
        mark("Property tax, in dollars for each 10,000 dollars of value."),
        mark("Pupils for each teacher in the town's schools."),
        mark(
            "Computed from the share of Black people in the town, as if segregation had a price. "
            "That is the data's ethical problem."
        ),
        mark("What the study called people of lower status, in percent of the inhabitants."),
    ),
    quantity=PRICE,
    noun=mark("house"),
    nouns=mark("houses"),
    row=mark("neighbourhood"),
    source=mark(
        "D. Harrison and D. Rubinfeld, Hedonic prices and the demand for clean air (1978). Its "
        "column B is built on race, an ethical problem for which many libraries have removed the "
        "data. It is here because the tutorials use it; California is the better choice."
    ),
)

CALIFORNIA = Task(
    key="california",
    label=mark("House prices in California"),
    summary=mark("Predict the median price of houses in a district from eight numbers about it."),
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
        mark("In degrees; the further below zero, the further west."),
        mark("In degrees; the higher, the further north."),
        mark("In years: half of the district's houses are older."),
        mark("In all dwellings of the district together."),
        mark("In all dwellings of the district together."),
        mark("How many people live in the district."),
        mark("How many households the district has."),
        mark("Of a household, in tens of thousands of dollars."),
    ),
    quantity=PRICE,
    noun=mark("house"),
    nouns=mark("houses"),
    row=mark("neighbourhood"),
    source=mark("R. Pace and R. Barry, Sparse spatial autoregressions (1997), of the 1990 census"),
)
