"""Keras's callbacks do on the fit loop what they do on ``model.fit``."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable

import keras
import numpy as np
import pytest

from mnist_core.training.fit import FitLoop
from tests.keras_reference import (
    TRAIN,
    WEIGHTS_NEAR,
    assert_same_weights,
    data,
    keras_fit,
    loop_of,
    model_of,
)

EPOCHS = 6


@pytest.fixture
def softmax() -> Callable[..., tuple[keras.Model, FitLoop]]:
    train, validation = data("softmax")

    def begin(**settings) -> tuple[keras.Model, FitLoop]:
        model = model_of("softmax", "adam", **settings)
        return model, loop_of(model, train, validation)

    return begin


def test_early_stopping_stops_and_restores_the_best_weights(softmax):
    model, loop = softmax()
    weights: list[list[np.ndarray]] = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: weights.append(model.get_weights())
    )
    # Nothing is an improvement by ten: the first epoch stays the best.
    stop = keras.callbacks.EarlyStopping(patience=2, min_delta=10.0, restore_best_weights=True)
    history = loop.run(epochs=EPOCHS, callbacks=[keep, stop])
    assert len(history.epoch) == 3 and stop.stopped_epoch == 2
    for mine, first in zip(model.get_weights(), weights[0], strict=True):
        np.testing.assert_array_equal(mine, first)


def test_model_checkpoint_saves_the_best_model(softmax, tmp_path):
    model, loop = softmax()
    best = tmp_path / "best.keras"
    each = str(tmp_path / "epoch-{epoch:02d}.weights.h5")
    history = loop.run(
        epochs=3,
        callbacks=[
            keras.callbacks.ModelCheckpoint(best, monitor="val_loss", save_best_only=True),
            keras.callbacks.ModelCheckpoint(each, save_weights_only=True),
        ],
    )
    names = sorted(path.name for path in tmp_path.glob("*.h5"))
    assert names == [f"epoch-{epoch:02d}.weights.h5" for epoch in (1, 2, 3)]
    _, (x, y) = data("softmax")
    loss, _ = keras.saving.load_model(best).evaluate(x, y, verbose=0)
    assert loss == pytest.approx(min(history.history["val_loss"]), rel=1e-5)
    again = model_of("softmax", "adam")
    again.optimizer.build(again.trainable_variables)
    again.load_weights(tmp_path / names[-1])
    assert_same_weights(again, model, 0)


def test_model_checkpoint_counts_batches_where_each_is_a_slice(softmax, tmp_path):
    _, loop = softmax()
    loop.slice_seconds = 0
    path = str(tmp_path / "{epoch:02d}-{batch:02d}.weights.h5")
    save = keras.callbacks.ModelCheckpoint(path, save_freq=3, save_weights_only=True)
    loop.run(epochs=2, callbacks=[save])
    # Eight batches an epoch; Keras names both from 1 and counts on from epoch to epoch.
    assert sorted(file.name[:5] for file in tmp_path.iterdir()) == [
        "01-03", "01-06", "02-01", "02-04", "02-07",
    ]  # fmt: skip


def test_a_learning_rate_schedule_is_followed(softmax):
    model, loop = softmax()
    used = []
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.001 / 2**epoch)
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: used.append(float(model.optimizer.learning_rate))
    )
    history = loop.run(epochs=3, callbacks=[schedule, note])
    assert sorted(set(used), reverse=True) == pytest.approx([0.001, 0.0005, 0.00025])
    assert history.history["learning_rate"] == pytest.approx([0.001, 0.0005, 0.00025])


def test_a_scheduled_rate_moves_the_weights_as_it_does_in_keras(softmax):
    def rate(epoch, _):
        return 0.01 if epoch == 0 else 0.0

    model, loop = softmax()
    loop.run(epochs=3, callbacks=[keras.callbacks.LearningRateScheduler(rate)])
    reference = model_of("softmax", "adam")
    reference.optimizer.learning_rate = 0.01
    keras_fit(reference, *data("softmax"), epochs=1)
    assert_same_weights(model, reference, WEIGHTS_NEAR)


def test_the_rate_is_reduced_on_a_plateau(softmax):
    model, loop = softmax()
    reduce = keras.callbacks.ReduceLROnPlateau(
        monitor="val_loss", factor=0.1, patience=2, min_delta=10.0
    )
    history = loop.run(epochs=EPOCHS, callbacks=[reduce])
    # The first epoch is the best for good: reduced after every second one from then on.
    rates = [1e-3, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5]
    assert history.history["learning_rate"] == pytest.approx(rates)
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-5)


def test_a_loss_that_is_no_number_ends_the_training():
    (x, y), validation = data("softmax")
    model = model_of("softmax")
    model.optimizer.learning_rate.assign(math.inf)
    loop = loop_of(model, (x, y), validation)
    loop.slice_seconds = 0
    history = loop.run(epochs=EPOCHS, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert model.stop_training
    assert len(history.epoch) < 2 and loop.progress[0] == 1


def test_a_csv_log_has_a_line_for_each_epoch(softmax, tmp_path):
    _, loop = softmax()
    path = tmp_path / "log.csv"
    history = loop.run(epochs=3, callbacks=[keras.callbacks.CSVLogger(str(path))])
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    for name, values in history.history.items():
        assert [float(row[name]) for row in rows] == pytest.approx(values), name


def test_batch_hooks_are_called_for_each_batch_on_request(softmax):
    _, loop = softmax()
    loop.slice_seconds = 0
    seen = []
    note = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    loop.run(epochs=2, callbacks=[note])
    assert seen == 2 * list(range(-(-TRAIN // 10)))
