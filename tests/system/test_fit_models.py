"""What the fit loop takes: models, samples in compact form, and programs that begin anew."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from mnist_core.tasks import WORDS, Texts, arrange, multi_hot, pixel_factor, prepare, task
from mnist_core.training import fit
from mnist_core.training.fit import FitLoop, Program
from mnist_core.training.samples import Samples
from tests.keras_reference import (
    BATCH,
    LOSSES_NEAR,
    SEED,
    WEIGHTS_NEAR,
    data,
    loop_of,
    model_of,
)

TRAIN = 64  # the last batch is a partial one


def test_each_sample_has_a_loss_and_the_metric_is_its_mean():
    _, (x, y) = data("table-64-64")
    model = model_of("table-64-64")
    result = Program(model, batch_size=BATCH, jit=False).evaluate_now(Samples.of(x, y))
    errors = model.predict(x, verbose=0)[:, 0] - y
    np.testing.assert_allclose(result.losses, errors**2, rtol=1e-5)
    assert result.metric == pytest.approx(float(np.abs(errors).mean()), rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "mse"},
        {"loss": "mse", "metrics": ["accuracy", "mae"]},
        {"loss": "mse", "metrics": [keras.metrics.MeanAbsoluteError()]},
        {"metrics": ["mae"]},
        {"loss": keras.losses.MeanSquaredError(reduction="sum"), "metrics": ["mae"]},
    ],
)
def test_a_loss_or_a_metric_that_is_not_given_by_name_is_refused(settings):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile(optimizer="sgd", **settings)
    with pytest.raises(ValueError, match="by name"):
        Program(model, batch_size=BATCH)


def test_several_inputs_and_outputs_of_no_known_size_are_refused():
    one, two = keras.Input((3,)), keras.Input((3,))
    several = keras.Model([one, two], layers.Dense(1)(layers.Add()([one, two])))
    text = keras.Sequential([keras.Input((None,)), layers.Embedding(9, 4), layers.Flatten()])
    forked = keras.Model(one, [layers.Dense(1)(one), layers.Dense(1)(one)])
    for model in (several, text, forked):
        model.compile(optimizer="sgd", loss="mse", metrics=["mae"])
        with pytest.raises(ValueError, match="one input of known size and one output"):
            Program(model, batch_size=BATCH)


def test_a_validation_in_pieces_has_the_loss_of_all_samples():
    _, (x, y) = data("softmax")
    model = model_of("regularised-512-512")
    program = Program(model, batch_size=BATCH, jit=False)
    whole = program.evaluate_now(Samples.of(x, y)).loss
    assert whole == pytest.approx(model.evaluate(x, y, verbose=0)[0], rel=1e-5)
    for piece in (30, 15, 10):
        program.evaluation_samples = piece
        assert program.evaluate_now(Samples.of(x, y)).loss == pytest.approx(whole, rel=1e-5)


def test_a_training_after_one_that_was_stopped_trains():
    train, validation = data("softmax")
    model = model_of("softmax")
    model.stop_training = True
    assert loop_of(model, train, validation).run(epochs=2, callbacks=[]).epoch == [0, 1]


@pytest.mark.parametrize("name", ["nadam", "adagrad", "adam"])
def test_an_optimizer_begun_anew_is_as_it_was(name):
    train, validation = data("softmax")
    keras.utils.set_random_seed(SEED)
    model = model_of("softmax")
    model.compile(optimizer=name, loss=model.loss, metrics=["accuracy"])
    loop = loop_of(model, train, validation)
    rate = float(model.optimizer.learning_rate.numpy())
    first = loop.run(epochs=2, callbacks=[]).history
    loop.program.restart(model_of("softmax"), rate)
    assert loop.run(epochs=2, callbacks=[]).history == first


@pytest.mark.parametrize("scaling", ["unit", "raw"])
@pytest.mark.parametrize("key", ["softmax", "lenet"])
def test_grey_levels_are_trained_on_as_prepared_images_are(key, scaling):
    digits = task("mnist").load()
    images, labels = digits.x_train[:TRAIN], digits.y_train[:TRAIN].astype(np.int64)
    shape = model_of(key).input_shape[1:]
    prepared = Samples.of(prepare(images, scaling=scaling, input_shape=shape), labels)
    grey = Samples.of(arrange(images, input_shape=shape), labels, scale=pixel_factor(scaling))
    assert grey.x.dtype == "uint8"
    results = []
    for samples in (prepared, grey):
        model = model_of(key)
        loop = FitLoop(Program(model, batch_size=BATCH, jit=False), samples, samples, seed=SEED)
        results.append((loop.run(epochs=2, callbacks=[]).history, model.get_weights()))
    for name, values in results[0][0].items():
        np.testing.assert_allclose(results[1][0][name], values, rtol=LOSSES_NEAR, err_msg=name)
    for mine, other in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=WEIGHTS_NEAR)


def random_texts(count: int, classes: int) -> tuple[Texts, np.ndarray]:
    """Texts of up to 40 words with many words twice; one in the middle and the last have none."""
    generator = np.random.default_rng(SEED)
    lengths = generator.integers(1, 40, count)
    lengths[[count // 2, count - 1]] = 0
    words = (WORDS - 1) * generator.random(lengths.sum()) ** 4
    texts = Texts(words.astype(np.uint16), np.cumsum(lengths))
    return texts, generator.integers(0, classes, count)


@pytest.mark.parametrize("key", ["text-16-16", "text-64-64"])
def test_texts_are_trained_on_as_their_rows_of_zeros_and_ones_are(key, monkeypatch):
    texts, labels = random_texts(TRAIN, 2)
    results = []
    for inputs in (multi_hot(texts), texts):
        model = model_of(key, "rmsprop")
        samples = Samples.of(inputs, labels)
        assert len(samples) == TRAIN
        loop = FitLoop(Program(model, batch_size=BATCH, jit=False), samples, samples, seed=SEED)
        results.append((loop.run(epochs=3, callbacks=[]).history, model.get_weights()))
    (history, weights), (history_of_texts, weights_of_texts) = results
    assert history["loss"][-1] < history["loss"][0]
    for name, values in history.items():
        # Sums in another order: one text on the fence may be told otherwise.
        atol = 0 if "loss" in name else 1.5 / TRAIN
        np.testing.assert_allclose(
            history_of_texts[name], values, rtol=1e-3, atol=atol, err_msg=name
        )
    for mine, other in zip(weights_of_texts, weights, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-3)
    whole = loop.program.evaluate_now(samples)
    monkeypatch.setattr(fit, "EVALUATION_TEXTS", 25)
    assert loop.program.pieces(samples) == 3
    pieces = loop.program.evaluate_now(samples)
    np.testing.assert_allclose(pieces.losses, whole.losses, rtol=1e-5)
    assert pieces.loss == pytest.approx(whole.loss, rel=1e-5)
