"""Compilation of training programs ahead of the first run.

TensorFlow traces and compiles a network in its first epoch, which takes one to three seconds, a
hundred times longer than the epoch of a small network. An idle worker compiles the presets before
a run needs them.
"""

from __future__ import annotations

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import split, task
from mnist_core.tensorflow_setup import tf
from mnist_core.training.fit import FitLoop
from mnist_core.training.programs import program_for
from mnist_core.training.samples import samples_of


def compile_ahead(config: TrainingConfig) -> None:
    """Compile the training and evaluation functions that a run of a configuration calls.

    Each function runs once on the run's samples; the next run resets the weights.

    Args:
        config: The configuration.

    Raises:
        DataError: The data set cannot be loaded.
    """
    parts = split(task(config.task).load(), config)
    train = samples_of(config, parts.train)
    validation = samples_of(config, parts.validation) if config.validation_size else None
    program, _ = program_for(config)
    loop = FitLoop(program, train, validation, seed=config.seed)
    order = tf.range(len(train), dtype=tf.int32)
    program.train(train, order, 0, 1)
    if len(train) % config.batch_size:
        program.train(train, order, loop.batches - 1, 1)
    for samples in (validation, samples_of(config, parts.test)):
        if samples is not None:
            next(program.evaluate(samples))
