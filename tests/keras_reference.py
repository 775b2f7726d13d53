"""Reference for the fit loop: Keras's own ``model.fit``."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from mnist_core.experiment.architectures import architecture
from mnist_core.tasks import TASKS, prepare, task
from mnist_core.training import fit
from mnist_core.training.fit import FitLoop, Program
from mnist_core.training.networks import build_network
from mnist_core.training.samples import Samples

SEED = 5
TRAIN, VALIDATION, BATCH = 73, 31, 10  # the last batch is smaller
#: Tolerances for another order of floating-point operations: absolute for weights, relative for
#: losses. A missing or additional step differs a hundred times as much.
WEIGHTS_NEAR, LOSSES_NEAR = 1e-5, 1e-4

OPTIMIZERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    "sgd": lambda: keras.optimizers.SGD(0.01),
    "momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.001),
    "adam": lambda: keras.optimizers.Adam(0.001),
}


def data(key: str, *, train: int = TRAIN) -> tuple[tuple, tuple]:
    """Return samples for an architecture: digits, or generated texts and tables."""
    entry, shape = architecture(key), architecture(key).input_shape
    known = next(one for one in TASKS.values() if entry.fits(one))
    count = train + VALIDATION
    generator = np.random.default_rng(SEED)
    if known.inputs == "images":
        digits = task("mnist").load()
        x = prepare(digits.x_train[:count], scaling="unit", input_shape=shape)
        y = digits.y_train[:count].astype(np.int64)
    elif known.inputs == "texts":
        x = (generator.random((count, *shape)) < 0.01).astype(np.float32)
        y = generator.integers(0, len(known.classes), count)
    else:
        x = generator.normal(size=(count, *shape)).astype(np.float32)
        y = (3 * x[:, 0] - x[:, 1] + 20).astype(np.float32)
    return (x[:train], y[:train]), (x[train:], y[train:])


def model_of(key: str, optimizer: str = "sgd", *, dropout: bool = False) -> keras.Model:
    """Return a compiled model, the same each time; without dropout, which no two loops share."""
    keras.utils.set_random_seed(SEED)
    model = build_network(key)
    known = next(one for one in TASKS.values() if architecture(key).fits(one))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout) and not dropout:
            layer.rate = 0.0
    model.compile(
        optimizer=OPTIMIZERS[optimizer](),
        loss=known.loss,
        metrics=[known.metric],
    )
    return model


def loop_of(
    model: keras.Model, train, validation, *, batch_size: int = BATCH, jit=False
) -> FitLoop:
    program = Program(model, batch_size=batch_size, jit=jit)
    return FitLoop(program, Samples.of(*train), Samples.of(*validation), seed=SEED)


def keras_fit(
    model: keras.Model, train, validation, *, epochs: int, batch_size: int = BATCH
) -> dict[str, list[float]]:
    """Call ``model.fit`` for each epoch, on samples in the order that the loop uses."""
    history: dict[str, list[float]] = {}
    for epoch in range(1, epochs + 1):
        order = np.random.default_rng([SEED, fit.ORDER_SEED, epoch]).permutation(len(train[0]))
        figures = model.fit(
            train[0][order],
            train[1][order],
            batch_size=batch_size,
            shuffle=False,
            validation_data=validation,
            verbose=0,
        )
        for name, values in figures.history.items():
            history.setdefault(name, []).extend(values)
    return history


def assert_same_weights(model: keras.Model, other: keras.Model, tolerance: float) -> None:
    for mine, reference in zip(model.weights, other.weights, strict=True):
        np.testing.assert_allclose(
            mine.numpy(), reference.numpy(), rtol=0, atol=tolerance, err_msg=mine.path
        )


def moved(model: keras.Model, key: str) -> float:
    """Return the largest distance of a weight from its initial value."""
    pairs = zip(model.weights, model_of(key).weights, strict=True)
    return max(float(np.abs(now.numpy() - then.numpy()).max()) for now, then in pairs)
