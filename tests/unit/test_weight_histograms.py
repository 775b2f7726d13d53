"""The weights over the epochs, from event files to the picture."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from mnist_core.runs import Run, Store
from mnist_core.tensorboard.histograms import EPOCHS, MOST_ARRAYS, VALUES, read_histograms
from mnist_core.tensorboard.writer import EventWriter
from tests.live_training import Training, record
from ui.models.histogram_charts import histogram_figure

GENERATOR = np.random.default_rng(3)
KERNEL = GENERATOR.normal(size=4000).astype(np.float32)


@pytest.fixture
def store(lab_home: Path) -> Store:
    return Store(lab_home)


def run_with(store: Store, epochs: int) -> Run:
    """A kernel that spreads with each epoch, and a bias that stays zero."""
    training = Training(store)
    writer = EventWriter(store.event_files, training.run)
    writer.begin([])
    rows = [record(epoch) for epoch in range(1, epochs + 1)]
    for row in rows:
        writer.histograms(row.epoch, {"dense/kernel": KERNEL * row.epoch, "dense/bias": [0.0] * 10})
    writer.take(rows)
    writer.close()
    return training.run


def test_the_weights_come_back_as_they_were(store: Store) -> None:
    kernel, bias = read_histograms(store, run_with(store, 5).id)
    assert (kernel.name, bias.name) == ("dense/kernel", "dense/bias")
    assert list(kernel.epochs) == [1, 2, 3, 4, 5]
    assert kernel.shares.shape == (VALUES, 5)
    np.testing.assert_allclose(kernel.shares.sum(axis=0), 1)
    np.testing.assert_allclose(bias.shares.sum(axis=0), 1)
    for place, epoch in enumerate(kernel.epochs):
        weights = KERNEL * epoch
        bar = np.ptp(weights) / 30
        quantiles = np.quantile(weights, [0, 0.25, 0.5, 0.75, 1])
        np.testing.assert_allclose(kernel.quartiles[:, place], quantiles, atol=bar)
    within = np.abs(kernel.values) < 5  # the deviation of the last epoch's weights
    assert kernel.shares[within, -1].sum() == pytest.approx(0.683, abs=0.05)
    assert bias.quartiles.tolist() == np.zeros((5, 5)).tolist()


def test_a_long_run_is_thinned_and_keeps_its_ends(store: Store) -> None:
    kernel, _ = read_histograms(store, run_with(store, EPOCHS + 50).id)
    assert len(kernel.epochs) == EPOCHS
    assert (kernel.epochs[0], kernel.epochs[-1]) == (1, EPOCHS + 50)


def test_new_epochs_are_seen(store: Store) -> None:
    run = run_with(store, 2)
    assert len(read_histograms(store, run.id)[0].epochs) == 2
    writer = EventWriter(store.event_files, run)
    writer.begin([record(1), record(2)])
    writer.histograms(3, {"dense/kernel": KERNEL})
    writer.take([record(3)])
    writer.close()
    assert list(read_histograms(store, run.id)[0].epochs) == [1, 2, 3]


def test_a_run_without_histograms_has_none(store: Store) -> None:
    training = Training(store)
    writer = EventWriter(store.event_files, training.run)
    writer.begin([])
    writer.take([record(1)])
    writer.close()
    assert read_histograms(store, training.id) == []
    assert read_histograms(store, "0" * 32) == []


def test_the_picture_shows_each_epoch(store: Store) -> None:
    kernel, bias = read_histograms(store, run_with(store, 3).id)
    figure = histogram_figure(kernel, theme="dark")
    heat, *lines = figure.data
    assert list(heat.x) == [1, 2, 3] and np.asarray(heat.z).shape == (VALUES, 3)
    assert len(lines) == 3
    assert histogram_figure(bias).data[0].y[0] == pytest.approx(-0.5, abs=0.02)


def test_foreign_tables_and_countless_names_are_passed_over(store: Store) -> None:
    run = run_with(store, 1)
    (path,) = (path for path in store.event_files.paths(run.id) if path.parent.name == "train")
    tables = {"odd/length": b"12345", "no/order": bars(2, 1, 5), "less/than none": bars(1, 2, -5)}
    tables |= {"too/many": bars(1, 2, 1e308, 2, 3, 1e308), "too/wide": bars(-1e308, 1e308, 1)}
    names = {f"layer_{number}/kernel": bars(0, 1, 3) for number in range(2 * MOST_ARRAYS)}
    with path.open("ab") as file:
        for name, content in (tables | names).items():
            value = Summary.Value(tag=f"{name}/histogram", tensor={"tensor_content": content})
            event = Event(step=1, summary=Summary(value=[value])).SerializeToString()
            file.write(struct.pack("<Q4x", len(event)) + event + bytes(4))
    found = [one.name for one in read_histograms(store, run.id)]
    assert found == ["dense/kernel", "dense/bias", *list(names)[: MOST_ARRAYS - 2]]


def bars(*numbers: float) -> bytes:
    return np.array(numbers, "<f8").tobytes()
