"""Compile a training before anybody asks for it.

A network that this process has not trained before is traced and compiled in its first epoch, which
takes one to three seconds where the epoch itself takes a hundredth of one. The same work done
ahead, with the samples of the same configuration, leaves nothing to compile.
"""

from __future__ import annotations

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import split, task
from mnist_core.tensorflow_setup import tf
from mnist_core.training.fit import FitLoop
from mnist_core.training.programs import program_for
from mnist_core.training.samples import samples_of


def compile_ahead(config: TrainingConfig) -> None:
    """Compile each form of the training and evaluation steps that a run will call.

    The steps run once each, on the run's own samples; the next run begins with new weights.

    Args:
        config: What will be trained.

    Raises:
        DataError: The data is not there.
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
