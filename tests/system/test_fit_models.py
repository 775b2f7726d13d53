"""Models that learners build, for classes, for yes or no, for numbers: all as Keras trains them."""

from __future__ import annotations

from collections.abc import Callable

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
    assert_same_weights,
    data,
    keras_fit,
    loop_of,
    model_of,
)

FEATURES = 13
TRAIN, VALIDATION = 64, 21  # the last batch is a partial one


def numbers() -> tuple[tuple, tuple]:
    """A regression: a made-up linear rule with noise."""
    generator = np.random.default_rng(SEED)
    x = generator.normal(size=(TRAIN + VALIDATION, FEATURES)).astype(np.float32)
    y = x @ generator.normal(size=FEATURES) + generator.normal(size=len(x)) + 5
    return _parts(x, y.astype(np.float32))


def yes_or_no() -> tuple[tuple, tuple]:
    (x, y), (x_val, y_val) = numbers()
    return (x, (y > 5).astype(np.int64)), (x_val, (y_val > 5).astype(np.int64))


def one_hot() -> tuple[tuple, tuple]:
    (x, y), (x_val, y_val) = data("softmax")
    return (x, np.eye(10, dtype=np.float32)[y]), (x_val, np.eye(10, dtype=np.float32)[y_val])


def pictures() -> tuple[tuple, tuple]:
    return data("lenet", train=43)


def _parts(x, y) -> tuple[tuple, tuple]:
    return (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])


def dense(outputs: int, activation: str | None, features: int = FEATURES) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((features,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(outputs, activation=activation),
        ]
    )


def branched() -> keras.Model:
    """Two paths that meet again, with three kinds of regularisation and of normalisation."""
    inputs = keras.Input((784,))
    wide = layers.Dense(24, kernel_regularizer=keras.regularizers.L1L2(1e-4, 1e-3))(inputs)
    wide = layers.BatchNormalization()(wide)
    wide = layers.LeakyReLU()(wide)
    deep = layers.Dense(24, activity_regularizer=keras.regularizers.L2(1e-3))(inputs)
    deep = layers.LayerNormalization()(deep)
    both = layers.Concatenate()([wide, layers.Add()([wide, deep])])
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(both))


def small_convolution() -> keras.Model:
    features = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.SeparableConv2D(6, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.AveragePooling2D(2),
            layers.Conv2D(8, 3, strides=2, activation="elu"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    return keras.Sequential(
        [keras.Input((28, 28, 1)), features, layers.Dense(10, activation="softmax")]
    )


MODELS: dict[str, tuple[Callable, Callable, str | keras.losses.Loss, str, str]] = {
    "number": (numbers, lambda: dense(1, None), "mse", "mae", "rmsprop"),
    "number, robust": (numbers, lambda: dense(1, None), keras.losses.Huber(2.0), "mae", "sgd"),
    "yes or no": (
        yes_or_no,
        lambda: dense(1, "sigmoid"),
        "binary_crossentropy",
        "accuracy",
        "rmsprop",
    ),
    "one-hot": (
        one_hot,
        lambda: dense(10, "softmax", 784),
        "categorical_crossentropy",
        "accuracy",
        "adam",
    ),
    "labels in a column": (
        lambda: tuple((x, y[:, None]) for x, y in data("softmax")),
        lambda: dense(10, "softmax", 784),
        "sparse_categorical_crossentropy",
        "accuracy",
        "sgd",
    ),
    "either side of nought": (
        lambda: tuple((x, np.where(y > 0, 1, -1)) for x, y in yes_or_no()),
        lambda: dense(1, "tanh"),
        "hinge",
        "accuracy",
        "sgd",
    ),
    "logits": (
        lambda: data("softmax"),
        lambda: dense(10, None, 784),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "accuracy",
        "sgd",
    ),
    "branched": (
        lambda: data("softmax", train=60),
        branched,
        "sparse_categorical_crossentropy",
        "accuracy",
        "sgd",
    ),
    "convolution": (
        pictures,
        small_convolution,
        "sparse_categorical_crossentropy",
        "accuracy",
        "adam",
    ),
}


def compiled(name: str) -> keras.Model:
    _, build, loss, metric, optimizer = MODELS[name]
    keras.utils.set_random_seed(SEED)
    model = build()
    model.compile(optimizer=optimizer, loss=loss, metrics=[metric])
    return model


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_of_model_is_trained_as_keras_does(name):
    train, validation = MODELS[name][0]()
    reference, model, untrained = compiled(name), compiled(name), compiled(name)
    expected = keras_fit(reference, train, validation, epochs=3)
    history = loop_of(model, train, validation).run(epochs=3, callbacks=[])
    assert_same_weights(model, reference, WEIGHTS_NEAR)
    assert any(
        np.abs(now.numpy() - then.numpy()).max() > 100 * WEIGHTS_NEAR
        for now, then in zip(model.weights, untrained.weights, strict=True)
    )
    assert history.history.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_allclose(history.history[key], values, rtol=LOSSES_NEAR, err_msg=key)


#: Under XLA the losses are computed by other code, and so are layers; the others run with --all.
QUICK = ("yes or no", "branched")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
        for name in MODELS
        if name != "convolution"
    ],
)
def test_every_kind_of_model_is_trained_under_xla_but_for_rounding(name):
    train, validation = MODELS[name][0]()
    model, reference = compiled(name), compiled(name)
    assert fit.suits_xla(model)
    expected = keras_fit(reference, train, validation, epochs=3)
    history = loop_of(model, train, validation, jit=True).run(epochs=3, callbacks=[])
    for key in ("loss", "val_loss"):
        np.testing.assert_allclose(history.history[key], expected[key], rtol=0.01, err_msg=key)


def test_a_convolution_within_a_model_within_the_model_is_found():
    assert fit.has_convolution(compiled("convolution"))
    assert not fit.suits_xla(compiled("convolution"))


def test_each_sample_has_a_loss_and_the_metric_is_its_mean():
    _, (x, y) = numbers()
    model = compiled("number")
    result = Program(model, batch_size=BATCH, jit=False).evaluate_now(Samples.of(x, y))
    errors = model.predict(x, verbose=0)[:, 0] - y
    np.testing.assert_allclose(result.losses, errors**2, rtol=1e-5)
    assert result.metric == pytest.approx(float(np.abs(errors).mean()), rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "mse"}, "one metric, given by its name"),
        ({"loss": "mse", "metrics": ["accuracy", "mae"]}, "one metric, given by its name"),
        ({"loss": "mse", "metrics": [keras.metrics.MeanAbsoluteError()]}, "given by its name"),
        ({"metrics": ["mae"]}, "with one loss"),
        ({"loss": "mse", "metrics": ["mae"], "loss_weights": 0.5}, "without weights"),
        ({"loss": keras.losses.MeanSquaredError(reduction="sum"), "metrics": ["mae"]}, "reduction"),
    ],
)
def test_what_would_be_trained_otherwise_than_it_was_compiled_is_refused(settings, words):
    model = dense(1, None)
    model.compile(optimizer="sgd", **settings)
    with pytest.raises(ValueError, match=words):
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
    keras.utils.set_random_seed(SEED)
    model = branched()
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    program = Program(model, batch_size=BATCH, jit=False)
    whole = program.evaluate_now(Samples.of(x, y)).loss
    assert whole == pytest.approx(model.evaluate(x, y, verbose=0)[0], rel=1e-5)
    for piece in (30, 15, 10):
        program.evaluation_samples = piece
        assert program.evaluate_now(Samples.of(x, y)).loss == pytest.approx(whole, rel=1e-5)


def test_a_convolution_within_a_wrapper_is_found():
    convolution = layers.TimeDistributed(layers.Conv2D(2, 3))
    model = keras.Sequential([keras.Input((2, 8, 8, 1)), convolution, layers.Flatten()])
    assert fit.has_convolution(model) and not fit.suits_xla(model)


def test_averaged_weights_take_the_place_of_the_last_ones():
    train, validation = data("softmax", train=70)
    models = []
    for _ in range(2):
        model = model_of("softmax")
        optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8)
        model.compile(optimizer=optimizer, loss=model.loss, metrics=["accuracy"])
        models.append(model)
    keras_fit(models[0], train, validation, epochs=1)
    loop_of(models[1], train, validation).run(epochs=1, callbacks=[])
    assert_same_weights(models[1], models[0], WEIGHTS_NEAR)


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
