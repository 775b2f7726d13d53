"""The compiled fit loop does what ``model.fit`` does: Keras itself is the reference."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest

from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.training import fit
from mnist_core.training.callbacks import EarlyStopping
from mnist_core.training.fit import Program
from mnist_core.training.networks import build_network
from mnist_core.training.samples import Samples
from tests.keras_reference import (
    BATCH,
    LOSSES_NEAR,
    TRAIN,
    VALIDATION,
    WEIGHTS_NEAR,
    assert_same_weights,
    data,
    keras_fit,
    loop_of,
    model_of,
    moved,
)

#: What XLA compiles in the lab: no convolutions, and no texts, which are sparse.
DENSE = [key for key in ARCHITECTURES if not key.startswith(("lenet", "strided", "text"))]


class Hooks(keras.callbacks.Callback):
    """Notes which hooks are called."""

    def __init__(self) -> None:
        super().__init__()
        self.called: list[str] = []
        self.logs: dict[str, dict] = {}

    def __getattribute__(self, name):
        if name.startswith("on_") and not name.startswith(("on_batch", "on_predict")):
            calls, logs = self.called, self.logs

            def note(*arguments, **keywords):
                calls.append(name)
                given = keywords.get("logs", arguments[-1] if arguments else None)
                if isinstance(given, dict):
                    logs[name] = dict(given)

            return note
        return super().__getattribute__(name)


# Each with a partial last batch, but for one: there the shapes of Keras's graph and of ours differ,
# and so does the last bit of a mean, which batch normalisation with Adam makes a large number of.
CASES = [
    ("relu-2", "sgd", 3),
    ("softmax", "momentum", 2),
    ("tanh-200-100", "adam", 2),
    ("relu-512", "rmsprop", 2),
    ("relu-500-500", "rmsprop", 2),
    ("regularised-512-512", "sgd", 2),
    ("regularised-512-512", "adam", 2),
    ("lenet", "adam", 2),
    ("strided", "adam", 2),
    ("text-16-16", "rmsprop", 2),
    ("text-64-64", "rmsprop", 2),
    ("table-64-64", "rmsprop", 2),
    ("california-64-64", "rmsprop", 2),
]


#: Like another one but for their size, or their order of layers.
LIKE_ANOTHER = ("relu-512", "relu-500-500", "lenet", "text-64-64", "california-64-64")


def slow_if_like_another(key: str, *more: object, likewise: tuple[str, ...] = ()):
    marks = [pytest.mark.slow] if key in (*LIKE_ANOTHER, *likewise) else []
    return pytest.param(key, *more, marks=marks)


@pytest.mark.parametrize(
    ("key", "optimizer", "epochs"), [slow_if_like_another(*case) for case in CASES]
)
def test_the_loop_trains_what_keras_trains(key, optimizer, epochs):
    whole = (key, optimizer) == ("regularised-512-512", "adam")
    train, validation = data(key, train=TRAIN - TRAIN % BATCH if whole else TRAIN)
    reference = model_of(key, optimizer)
    expected = keras_fit(reference, train, validation, epochs=epochs)
    model = model_of(key, optimizer)
    history = loop_of(model, train, validation).run(epochs=epochs, callbacks=[])

    assert_same_weights(model, reference, WEIGHTS_NEAR)
    assert moved(model, key) > 100 * WEIGHTS_NEAR
    assert history.history.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(history.history[name], values, rtol=LOSSES_NEAR, err_msg=name)


def test_every_architecture_is_compared_with_keras():
    assert {key for key, *_ in CASES} == set(ARCHITECTURES)


@pytest.mark.parametrize("key", [slow_if_like_another(key) for key in DENSE])
def test_a_step_under_xla_is_the_same_but_for_rounding(key):
    train, validation = data(key, train=BATCH)
    reference = model_of(key, "sgd")
    expected = keras_fit(reference, train, validation, epochs=1)
    model = model_of(key, "sgd")
    history = loop_of(model, train, validation, jit=True).run(epochs=1, callbacks=[])
    assert_same_weights(model, reference, WEIGHTS_NEAR)
    for name, values in expected.items():
        np.testing.assert_allclose(history.history[name], values, rtol=LOSSES_NEAR, err_msg=name)


# Each with the optimizer of its experiment.
UNDER_XLA = {
    "relu-2": "sgd",
    "softmax": "rmsprop",
    "tanh-200-100": "adam",
    "relu-512": "rmsprop",
    "relu-500-500": "rmsprop",
    "regularised-512-512": "adam",
    "table-64-64": "rmsprop",
    "california-64-64": "rmsprop",
}


@pytest.mark.parametrize(
    ("key", "optimizer"),
    [
        slow_if_like_another(*item, likewise=("softmax", "tanh-200-100", "table-64-64"))
        for item in UNDER_XLA.items()
    ],
)
def test_after_several_epochs_under_xla_the_losses_are_the_same_but_for_a_hundredth(key, optimizer):
    train, validation = data(key, train=400)
    expected = keras_fit(model_of(key, optimizer), train, validation, epochs=4, batch_size=32)
    loop = loop_of(model_of(key, optimizer), train, validation, batch_size=32, jit=True)
    history = loop.run(epochs=4, callbacks=[])
    assert set(UNDER_XLA) == set(DENSE)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(history.history[name], expected[name], rtol=0.01, err_msg=name)


def test_only_models_without_convolution_are_compiled_by_xla():
    found = {key: fit.suits_xla(build_network(key)) for key in ARCHITECTURES}
    assert {key for key, suits in found.items() if not suits} == {"lenet", "strided"}


@pytest.mark.parametrize("batch_size", [1, TRAIN, TRAIN + 1])
def test_batches_of_any_size_are_keras_s(batch_size):
    train, validation = data("softmax")
    reference = model_of("softmax")
    expected = keras_fit(reference, train, validation, epochs=2, batch_size=batch_size)
    model = model_of("softmax")
    loop = loop_of(model, train, validation, batch_size=batch_size)
    history = loop.run(epochs=2, callbacks=[])
    assert loop.batches == -(-TRAIN // batch_size)
    assert_same_weights(model, reference, WEIGHTS_NEAR)
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(history.history[name], expected[name], rtol=LOSSES_NEAR)


@pytest.mark.parametrize("jit", [False, True])
def test_slices_of_any_size_give_the_same_result(monkeypatch, jit):
    train, validation = data("softmax")
    results = []
    model = model_of("softmax", "adam")
    loop = loop_of(model, train, validation, jit=jit)
    for sizes in ([1], [3, 1, 2], [1000]):
        slices = itertools.cycle(sizes)
        monkeypatch.setattr(loop, "_slice", lambda slices=slices: next(slices))
        loop.program.restart(model_of("softmax"), 0.001)
        hooks = Hooks()
        history = loop.run(epochs=2, callbacks=[hooks])
        results.append((model.get_weights(), history.history))
        assert hooks.called.count("on_train_batch_end") == {1: 16, 3: 9, 1000: 2}[sizes[0]]
    for weights, history in results[1:]:
        for mine, first in zip(weights, results[0][0], strict=True):
            np.testing.assert_array_equal(mine, first)
        assert history == results[0][1]


def test_a_slow_model_is_trained_in_shorter_slices():
    train, validation = data("softmax")
    loop = loop_of(model_of("softmax"), train, validation, batch_size=1)
    loop.slice_seconds = 1e-9  # every batch is slow against that
    seen = []
    batches = keras.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(b))
    loop.run(epochs=1, callbacks=[batches])
    # The first slice also measures; after that each batch is a slice of its own.
    assert len(seen) >= TRAIN - 2 * fit.FIRST_SLICE[False]


@pytest.mark.parametrize(
    ("key", "piece"),
    [
        ("softmax", 7),
        ("softmax", VALIDATION),
        ("softmax", 1000),
        ("regularised-512-512", 7),
        ("lenet", 7),
    ],
)
def test_an_evaluation_is_keras_s(key, piece):
    _, (x, y) = data(key)
    model = model_of(key, dropout=True)
    program = Program(model, batch_size=BATCH, jit=False)
    program.evaluation_samples = piece
    pieces = list(program.evaluate(Samples.of(x, y)))
    assert pieces[:-1] == [None] * -(-VALIDATION // piece)
    result = pieces[-1]
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert result.loss == pytest.approx(loss, rel=1e-5)
    assert result.metric == pytest.approx(accuracy, rel=1e-5)
    chosen = model.predict(x, verbose=0)[np.arange(VALIDATION), y]
    np.testing.assert_allclose(result.losses, -np.log(chosen), rtol=1e-4, atol=1e-6)
    penalty = sum(float(loss) for loss in model.losses)
    assert (penalty > 0) == (key == "regularised-512-512")
    assert result.loss == pytest.approx(float(result.losses.mean()) + penalty, rel=1e-5)


def test_dropout_draws_anew_for_each_batch():
    train, _ = data("regularised-512-512", train=2 * BATCH)
    twice = (np.concatenate([train[0][:BATCH]] * 2), np.concatenate([train[1][:BATCH]] * 2))
    model = model_of("regularised-512-512", dropout=True)
    model.optimizer.learning_rate.assign(0.0)
    program = Program(model, batch_size=BATCH, jit=False)
    samples = Samples.of(*twice)
    order = np.arange(2 * BATCH, dtype=np.int32)
    losses = [program.train(samples, order, start, 1)[0] for start in (0, 1, 0)]
    assert len(set(losses)) == 3


def test_a_program_begun_anew_has_forgotten_everything():
    train, validation = data("regularised-512-512")
    model = model_of("regularised-512-512", "adam", dropout=True)
    loop = loop_of(model, train, validation)
    first = loop.run(epochs=2, callbacks=[]).history
    model.stop_training = True
    loop.program.restart(model_of("regularised-512-512", dropout=True), 0.5)
    assert float(model.optimizer.learning_rate.numpy()) == 0.5
    assert int(model.optimizer.iterations.numpy()) == 0
    loop.program.restart(model_of("regularised-512-512", dropout=True), 0.001)
    assert loop.run(epochs=2, callbacks=[]).history == first


def test_each_epoch_has_an_order_of_its_own_that_follows_from_the_seed():
    train, validation = data("softmax")
    loop = loop_of(model_of("softmax"), train, validation)
    orders = [loop._order(epoch) for epoch in (1, 2, 3)]
    for order in orders:
        assert sorted(order) == list(range(TRAIN))
    assert not (orders[0] == orders[1]).all() and not (orders[1] == orders[2]).all()
    np.testing.assert_array_equal(orders[1], loop._order(2))


def test_a_training_that_goes_on_sees_what_it_would_have_seen():
    train, validation = data("softmax")
    whole = loop_of(model_of("softmax"), train, validation).run(epochs=5, callbacks=[])
    model = model_of("softmax")
    first = loop_of(model, train, validation).run(epochs=2, callbacks=[])
    rest = loop_of(model, train, validation).run(epochs=5, first_epoch=3, callbacks=[])
    assert rest.epoch == [2, 3, 4]
    for name, values in whole.history.items():
        assert first.history[name] + rest.history[name] == values


def test_callbacks_are_called_where_keras_calls_them(monkeypatch):
    train, validation = data("softmax")
    theirs, ours = Hooks(), Hooks()
    kwargs = {"batch_size": BATCH, "shuffle": False, "validation_data": validation, "verbose": 0}
    kwargs["validation_batch_size"] = VALIDATION
    model_of("softmax").fit(*train, epochs=2, callbacks=[theirs], **kwargs)
    model = model_of("softmax")
    loop = loop_of(model, train, validation)
    monkeypatch.setattr(loop, "_slice", lambda: 1)
    loop.run(epochs=2, callbacks=[ours])
    assert ours.called == theirs.called
    assert ours.logs["on_epoch_end"].keys() == theirs.logs["on_epoch_end"].keys()
    assert ours.logs["on_train_batch_end"].keys() == theirs.logs["on_train_batch_end"].keys()


def test_a_stop_between_slices_leaves_the_epoch_out(monkeypatch):
    train, validation = data("softmax")
    model = model_of("softmax")
    loop = loop_of(model, train, validation)
    monkeypatch.setattr(loop, "_slice", lambda: 1)
    ended = []

    def stop(batch, logs):
        if loop.progress[:2] == (2, 3):
            model.stop_training = True

    history = loop.run(
        epochs=5,
        callbacks=[
            keras.callbacks.LambdaCallback(
                on_train_batch_end=stop, on_train_end=lambda logs: ended.append(True)
            )
        ],
    )
    assert history.epoch == [0]
    assert loop.progress == (2, 3, 8) and not loop.is_between_epochs
    assert ended == [True]


def test_a_stop_at_the_end_of_an_epoch_keeps_it():
    train, validation = data("softmax")
    model = model_of("softmax")
    loop = loop_of(model, train, validation)

    def stop(epoch, logs):
        model.stop_training = epoch == 1

    history = loop.run(epochs=5, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=stop)])
    assert history.epoch == [0, 1]
    assert loop.is_between_epochs


def test_a_stop_during_the_validation_leaves_the_epoch_out():
    train, validation = data("softmax")
    model = model_of("softmax")
    loop = loop_of(model, train, validation)
    loop.program.evaluation_samples = 10
    seen = []

    def stop(batch, logs):
        seen.append(batch)
        model.stop_training = len(seen) == 6

    history = loop.run(epochs=5, callbacks=[keras.callbacks.LambdaCallback(on_test_batch_end=stop)])
    assert history.epoch == [0]
    assert seen == [0, 1, 2, 3, 0, 1]


def test_a_stop_after_the_last_piece_of_the_validation_keeps_the_epoch():
    train, validation = data("softmax")
    model = model_of("softmax")

    def stop(batch, logs):
        model.stop_training = True

    callback = keras.callbacks.LambdaCallback(on_test_batch_end=stop)
    history = loop_of(model, train, validation).run(epochs=5, callbacks=[callback])
    assert history.epoch == [0] and len(history.history["val_loss"]) == 1


def test_a_training_that_is_stopped_before_it_begins_trains_nothing():
    train, validation = data("softmax")
    model = model_of("softmax")

    def stop(logs):
        model.stop_training = True

    callback = keras.callbacks.LambdaCallback(on_train_begin=stop)
    history = loop_of(model, train, validation).run(epochs=5, callbacks=[callback])
    assert history.epoch == [] and moved(model, "softmax") == 0


LOSSES = [1.0, 0.8, 0.85, 0.79, 0.8, 0.795, 0.81, 0.7, 0.9, 0.9, 0.9, 0.9]


def stopped_after(callback: keras.callbacks.EarlyStopping, losses, *, first: int = 0) -> int | None:
    """Feed validation losses to a callback as a training would; the epoch that it stops after."""
    model = model_of("softmax")
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    if model.stop_training:
        return first
    for epoch, loss in enumerate(losses[first:], start=first):
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            return epoch + 1
    return None


@pytest.mark.parametrize(
    ("patience", "min_delta", "epoch"),
    [(1, 0.0, 3), (2, 0.0, 6), (3, 0.0, 7), (3, 0.05, 5), (4, 0.0, 12), (9, 0.0, None)],
)
def test_early_stopping_counts_the_epochs_of_earlier_attempts(patience, min_delta, epoch):
    settings = {"patience": patience, "min_delta": min_delta}
    theirs = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", **settings)
    assert stopped_after(theirs, LOSSES) == epoch
    for first in range(len(LOSSES[:epoch]) + 1):
        ours = EarlyStopping(earlier=LOSSES[:first], **settings)
        assert stopped_after(ours, LOSSES, first=first) == epoch
