"""One training by one method in its own process, for training_speed.py.

    python benchmarks/one_training.py keras|lab|jax|scikit-learn PRESET --epochs N [--images N]
    python benchmarks/one_training.py matmul

Prints one JSON object. All methods train the preset's model on the preset's images with its batch
size, optimizer and learning rate, and evaluate it on the validation set after each epoch.

keras         as in tutorials: one-hot labels, NumPy arrays, ``model.fit`` with its progress bar
lab           the lab's fit loop, without engine, store and browser
jax           a scan over the batches, written for the matrices of the model
scikit-learn  MLPClassifier, one epoch at a time (sgd and adam only)
matmul        floating-point operations per second of a large matrix product
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.inputs import network_inputs
from mnist_core.experiment.presets import preset
from mnist_core.tasks import Part, split, task

#: Sizes of the dense layers, from input to output, of the models that the peers rebuild.
WIDTHS = {
    "relu-2": (784, 2, 10),
    "softmax": (784, 10),
    "tanh-200-100": (784, 200, 100, 10),
    "relu-512": (784, 512, 10),
    "relu-500-500": (784, 500, 500, 10),
}


def config_of(key: str, epochs: int, images: int | None) -> TrainingConfig:
    """Return a preset's configuration, optionally with fewer images, of which a tenth validate."""
    config = replace(preset(key).config, epochs=epochs)
    if images is None:
        return config
    return replace(config, train_size=images - images // 10, validation_size=images // 10)


def arrays(config: TrainingConfig, part: Part) -> tuple[np.ndarray, np.ndarray]:
    shape = architecture(config.architecture).input_shape
    return network_inputs(part.inputs, config, shape), part.labels


class EpochTimes:
    """Records the end of each epoch."""

    def __init__(self) -> None:
        self.marks = [time.perf_counter()]

    def __call__(self, *_: object) -> None:
        """Record the end of an epoch."""
        self.marks.append(time.perf_counter())

    def figures(self) -> dict[str, float]:
        """Seconds per epoch after the first, and the additional seconds of the first epoch."""
        spans = np.diff(self.marks)
        each = float((self.marks[-1] - self.marks[1]) / (len(spans) - 1))
        return {"seconds": each, "first_epoch_extra": float(spans[0]) - each}


def keras_fit(config: TrainingConfig) -> dict[str, Any]:
    import keras

    from mnist_core.training.networks import build_network

    keras.utils.set_random_seed(config.seed)
    parts = split(task(config.task).load(), config)
    x, y = arrays(config, parts.train)
    x_val, y_val = arrays(config, parts.validation)
    model = build_network(config.architecture, config.task)
    rates = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop}
    optimizer = rates.get(config.optimizer, keras.optimizers.Adam)(config.learning_rate)
    known = task(config.task)
    loss = known.loss
    if len(known.classes) > 2:  # as in tutorials
        loss = "categorical_crossentropy"
        y, y_val = (keras.utils.to_categorical(one, len(known.classes)) for one in (y, y_val))
    model.compile(optimizer=optimizer, loss=loss, metrics=[known.metric])
    times = EpochTimes()
    history = model.fit(
        x,
        y,
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_data=(x_val, y_val),
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=times)],
    )
    return times.figures() | {"val_metric": history.history[f"val_{known.metric}"][-1]}


def lab_fit(config: TrainingConfig) -> dict[str, Any]:
    from mnist_core.tensorflow_setup import keras
    from mnist_core.training.fit import FitLoop
    from mnist_core.training.programs import program_for
    from mnist_core.training.samples import samples_of

    parts = split(task(config.task).load(), config)
    train, validation = samples_of(config, parts.train), samples_of(config, parts.validation)
    del parts
    figures = []
    # The second run has another seed and the same shape, and should not be compiled again.
    for run in (config, replace(config, seed=config.seed + 1, epochs=2)):
        times = EpochTimes()
        program, _ = program_for(run)
        callback = keras.callbacks.LambdaCallback(on_epoch_end=times)
        loop = FitLoop(program, train, validation, seed=run.seed)
        history = loop.run(epochs=run.epochs, callbacks=[callback])
        last = history.history[f"val_{config.metric}"][-1]
        figures.append(times.figures() | {"val_metric": last})
    first, second = figures
    return first | {"first_epoch_extra_again": second["first_epoch_extra"], "xla": program.jit}


def jax_scan(config: TrainingConfig) -> dict[str, Any]:
    import jax
    import jax.numpy as jnp

    parts = split(task(config.task).load(), config)
    x, y = (jnp.asarray(array) for array in arrays(config, parts.train))
    x_val, y_val = (jnp.asarray(array) for array in arrays(config, parts.validation))
    widths = WIDTHS[config.architecture]
    activation = jnp.tanh if config.architecture.startswith("tanh") else jax.nn.relu
    generator = np.random.default_rng(config.seed)
    weights = []
    for rows, columns in itertools.pairwise(widths):
        limit = np.sqrt(6 / (rows + columns))
        matrix = generator.uniform(-limit, limit, (rows, columns)).astype(np.float32)
        bias = np.full(columns, float(activation is jnp.tanh), np.float32)
        weights.append((jnp.asarray(matrix), jnp.asarray(bias)))

    def judge(weights, x, y):
        for matrix, bias in weights[:-1]:
            x = activation(x @ matrix + bias)
        logits = x @ weights[-1][0] + weights[-1][1]
        right = logits.argmax(1) == y
        taken = jnp.take_along_axis(logits, y[:, None], 1)[:, 0]
        losses = jax.nn.logsumexp(logits, 1) - taken
        return losses.mean(), right

    def update(weights, state, gradient, step):
        rate = config.learning_rate
        if config.optimizer == "sgd":
            return jax.tree.map(lambda w, g: w - rate * g, weights, gradient), state
        first, second = state
        if config.optimizer == "rmsprop":
            second = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g * g, second, gradient)
            new = jax.tree.map(
                lambda w, g, v: w - rate * g / jnp.sqrt(v + 1e-7), weights, gradient, second
            )
            return new, (first, second)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        rate = rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        new = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, first, second
        )
        return new, (first, second)

    def one_batch(carry, rows):
        weights, state, step = carry
        graded = jax.value_and_grad(judge, has_aux=True)
        (loss, right), gradient = graded(weights, x[rows], y[rows])
        weights, state = update(weights, state, gradient, step + 1)
        return (weights, state, step + 1), (loss * len(rows), right.sum())

    @jax.jit
    def epoch(carry, key):
        order = jax.random.permutation(key, len(y))
        whole = len(y) // config.batch_size * config.batch_size
        batches = order[:whole].reshape(-1, config.batch_size)
        carry, (losses, right) = jax.lax.scan(one_batch, carry, batches)
        loss, count = losses.sum(), right.sum()
        if whole < len(y):
            carry, (rest_loss, rest_right) = one_batch(carry, order[whole:])
            loss, count = loss + rest_loss, count + rest_right
        val_loss, val_right = judge(carry[0], x_val, y_val)
        return carry, loss / len(y), count / len(y), val_loss, val_right.mean()

    zeros = jax.tree.map(jnp.zeros_like, weights)
    carry = (weights, (zeros, zeros), jnp.float32(0))
    keys = jax.random.split(jax.random.key(config.seed), config.epochs)
    times = EpochTimes()
    for key in keys:
        carry, *logs = epoch(carry, key)
        logs = [float(value) for value in logs]
        times()
    return times.figures() | {"val_metric": logs[-1]}


def scikit_learn(config: TrainingConfig) -> dict[str, Any]:
    from sklearn.neural_network import MLPClassifier

    parts = split(task(config.task).load(), config)
    x, y = arrays(config, parts.train)
    x_val, y_val = arrays(config, parts.validation)
    model = MLPClassifier(
        hidden_layer_sizes=WIDTHS[config.architecture][1:-1],
        activation="tanh" if config.architecture.startswith("tanh") else "relu",
        solver=config.optimizer,
        alpha=0.0,
        batch_size=config.batch_size,
        learning_rate_init=config.learning_rate,
        momentum=0.0,
        random_state=config.seed,
    )
    times = EpochTimes()
    for _ in range(config.epochs):
        model.partial_fit(x, y, classes=range(10))
        accuracy = model.score(x_val, y_val)
        times()
    return times.figures() | {"val_metric": accuracy}


def matmul(size: int = 2048, seconds: float = 3.0) -> dict[str, Any]:
    """Return the median rate of a large float32 matrix product on all cores."""
    from mnist_core.tensorflow_setup import tf

    matrix = tf.random.normal((size, size))
    rates = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        tf.matmul(matrix, matrix).numpy()
        rates.append(2 * size**3 / (time.perf_counter() - began))
    return {"flops_per_second": statistics.median(rates)}


WAYS: dict[str, Callable[[TrainingConfig], dict[str, Any]]] = {
    "keras": keras_fit,
    "lab": lab_fit,
    "jax": jax_scan,
    "scikit-learn": scikit_learn,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way", choices=[*WAYS, "matmul"])
    parser.add_argument("preset", nargs="?")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--images", type=int)
    options = parser.parse_args()
    if options.way == "matmul":
        figures = matmul()
    else:
        config = config_of(options.preset, options.epochs, options.images)
        figures = WAYS[options.way](config)
    # The unit is KiB on Linux, and bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures["peak_megabytes"] = round(peak / (1e6 if sys.platform == "darwin" else 1e3))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
