"""How a run's weights were spread, epoch by epoch, read from its event files.

No TensorFlow and no TensorBoard are needed for it: a histogram in an event file is a table of
(left edge, right edge, count), 30 bars of equal width from the smallest weight to the largest. As
those two move from epoch to epoch, the tables are laid onto one grid here, to be drawn as a
picture with the epochs from left to right.

An event file may have come with a saved run from elsewhere. So a worker reads it, not the web
process, and its names are of any kind and number.
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

#: Cells of a picture: from the smallest weight to the largest, and from the first epoch on.
VALUES = 60
EPOCHS = 200
#: Arrays of weights that are shown of one run, at most: its first ones.
MOST_ARRAYS = 100
#: Larger numbers are no weights of a network and would leave the range of what is computed.
LARGEST = 1e30
#: Bytes of one bar: its edges and its count, 64 bits each.
BAR_BYTES = 24


@dataclass(frozen=True)
class WeightHistograms:
    """The histograms of one array of weights.

    Attributes:
        name: Its layer and kind, such as "dense_1/kernel".
        epochs: int64 (n,), rising, at most :data:`EPOCHS`.
        values: float64 (m,), the middles of the cells.
        shares: float64 (m, n), the share of the weights in each cell, 0 to 1; each column's sum
            is 1.
        quartiles: float64 (5, n), the smallest weight of each epoch, the one below which a
            quarter lies, the middle one, the one above which a quarter lies, the largest; all but
            the first and the last as near as 30 bars tell.
    """

    name: str
    epochs: NDArray[np.int64]
    values: NDArray[np.float64]
    shares: NDArray[np.float64]
    quartiles: NDArray[np.float64]


def read_histograms(store: Store, run_id: str) -> list[WeightHistograms]:
    """The histograms of a run, in the order of its layers.

    Args:
        store: Where the run is.
        run_id: The run.

    Returns:
        Those of its first :data:`MOST_ARRAYS` arrays; none where it kept none.

    Raises:
        StoreError: The files are there, but cannot be read.
    """
    files = store.event_files
    try:
        return _read([path for path in files.paths(run_id) if path.parent.name == TRAIN])
    except OSError as error:
        raise StoreError(
            mark("The event files of run {run_id} are to be read. The system says: {cause}."),
            mark("See that the folder is there and readable, or set MNIST_LAB_HOME."),
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
    """The bars (k, 3) of one histogram, from left to right; None where the bytes are none."""
    if not content or len(content) % BAR_BYTES:
        return None
    bars = np.frombuffer(content, "<f8").reshape(-1, 3)
    edges, counts = bars[:, :2].ravel(), bars[:, 2]
    if not (np.abs(bars) < LARGEST).all():  # nor what is no number
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
    if low == high:  # nothing has moved yet: a bias that is still zero
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
    """The share of the weights below each edge; within a bar they count as evenly spread."""
    left, right, counts = table.T
    if left[0] == right[-1]:  # all weights are the same
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
