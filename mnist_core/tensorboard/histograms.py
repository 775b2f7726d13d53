"""Weight histograms over the epochs, read from a run's event files.

Neither TensorFlow nor TensorBoard is needed: a histogram in an event file is a table of (left edge,
right edge, count), with 30 bins of equal width from the smallest weight to the largest. Since the
range changes from epoch to epoch, all histograms are resampled to one grid, which is drawn as an
image with the epochs from left to right.

An event file may be from an archive of another machine. So a worker reads it, not the web process,
and its tags are untrusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import StoreError
from mnist_core.i18n import mark
from mnist_core.runs import Store
from mnist_core.runs.event_files import HISTOGRAM, TRAIN, read_events

#: Cells of the image: for the weights, and for the epochs.
VALUES = 60
EPOCHS = 200
#: Maximum number of weight arrays of a run that are shown.
MOST_ARRAYS = 100
#: Values above this are not weights, and would overflow in the computation.
LARGEST = 1e30
#: Bytes of one bin: two edges and a count, 64 bits each.
BAR_BYTES = 24


@dataclass(frozen=True)
class WeightHistograms:
    """The histograms of one array of weights.

    Attributes:
        name: Layer and kind of the weights, such as "dense_1/kernel".
        epochs: int64 (n,), ascending, at most :data:`EPOCHS`.
        values: float64 (m,), the centres of the cells.
        shares: float64 (m, n), the fraction of the weights in each cell, 0 to 1; each column
            sums to 1.
        quartiles: float64 (5, n), minimum, lower quartile, median, upper quartile and maximum for
            each epoch; the quartiles are interpolated within the 30 bins.
    """

    name: str
    epochs: NDArray[np.int64]
    values: NDArray[np.float64]
    shares: NDArray[np.float64]
    quartiles: NDArray[np.float64]


def read_histograms(store: Store, run_id: str) -> list[WeightHistograms]:
    """Return the histograms of a run, in the order of its layers.

    Args:
        store: The run store.
        run_id: The run.

    Returns:
        The histograms of the first :data:`MOST_ARRAYS` arrays; [] if the run stored none.

    Raises:
        StoreError: The files cannot be read.
    """
    files = store.event_files
    try:
        return _read([path for path in files.paths(run_id) if path.parent.name == TRAIN])
    except OSError as error:
        raise StoreError(
            mark("Could not read the event files of run {run_id}: {cause}."),
            mark("Check that the run's folder exists and is readable, or set MNIST_LAB_HOME."),
            run_id=run_id[:8],
            cause=error.strerror or str(error),
        ) from error


def _read(files: Sequence[Path]) -> list[WeightHistograms]:
    tables: dict[str, dict[int, NDArray[np.float64]]] = {}
    for path in files:
        for event in read_events(path):
            for value in event.summary.value:
                name = value.tag.removesuffix(HISTOGRAM)
                if name == value.tag or (name not in tables and len(tables) >= MOST_ARRAYS):
                    continue
                table = _table(value.tensor.tensor_content)
                if table is not None:
                    tables.setdefault(name, {})[event.step] = table
    return [_on_a_grid(name, steps) for name, steps in tables.items()]


def _table(content: bytes) -> NDArray[np.float64] | None:
    """Return the bins (k, 3) of a histogram, or None if the bytes are not a histogram."""
    if not content or len(content) % BAR_BYTES:
        return None
    bars = np.frombuffer(content, "<f8").reshape(-1, 3)
    edges, counts = bars[:, :2].ravel(), bars[:, 2]
    if not (np.abs(bars) < LARGEST).all():  # also rejects NaN
        return None
    if (np.diff(edges) < 0).any() or (counts < 0).any():
        return None
    return bars if counts.sum() > 0 else None


def _on_a_grid(name: str, tables: dict[int, NDArray[np.float64]]) -> WeightHistograms:
    every = sorted(tables)
    chosen = sorted({round(place) for place in np.linspace(0, len(every) - 1, EPOCHS)})
    epochs = np.array([every[place] for place in chosen], np.int64)
    bars = [tables[int(epoch)] for epoch in epochs]
    low = min(table[0, 0] for table in bars)
    high = max(table[-1, 1] for table in bars)
    if low == high:  # all weights are equal, such as a bias before training
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, VALUES + 1)
    shares = np.stack([np.diff(_below(table, edges)) for table in bars], axis=1)
    return WeightHistograms(
        name=name,
        epochs=epochs,
        values=(edges[:-1] + edges[1:]) / 2,
        shares=shares,
        quartiles=np.stack([_quartiles(table) for table in bars], axis=1),
    )


def _below(table: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the fraction of the weights below each edge; bins count as evenly filled."""
    left, right, counts = table.T
    if left[0] == right[-1]:  # all weights are equal
        return np.where(edges > left[0], 1.0, 0.0)
    total = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    shares: NDArray[np.float64] = np.interp(edges, np.append(left, right[-1]), total)
    return shares


def _quartiles(table: NDArray[np.float64]) -> NDArray[np.float64]:
    left, right, counts = table.T
    total = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    places = np.append(left, right[-1])
    found: NDArray[np.float64] = np.interp([0, 0.25, 0.5, 0.75, 1], total, places)
    return found
