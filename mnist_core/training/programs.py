"""Cache of compiled training programs.

Compiling a program takes half a second to several seconds. Runs with the same architecture,
optimizer, batch size and augmentation reuse one program.
"""

from __future__ import annotations

from collections import OrderedDict

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import task
from mnist_core.tensorflow_setup import keras
from mnist_core.training.augmentation import augmentation_of
from mnist_core.training.fit import Program
from mnist_core.training.networks import build_network

#: Largest number of cached programs; each has a model and its compiled functions, but no data.
KEPT = 16

_programs: OrderedDict[tuple[object, ...], Program] = OrderedDict()


def program_for(config: TrainingConfig) -> tuple[Program, keras.Model]:
    """Return a program that is ready to train a configuration from the first epoch.

    Args:
        config: The configuration; its seed determines the initial weights.

    Returns:
        The program, and a second model of the same architecture, with which weights are saved.
    """
    keras.utils.set_random_seed(config.seed)
    initial = build_network(config.architecture, config.task)
    key = (
        config.task,
        config.architecture,
        config.optimizer,
        config.momentum,
        config.batch_size,
        config.augmentation,
    )
    program = _programs.pop(key, None)
    if program is None:
        model = build_network(config.architecture, config.task)
        model.compile(
            optimizer=optimizer_of(config),
            loss=task(config.task).loss,
            metrics=[task(config.task).metric],
        )
        program = Program(
            model,
            batch_size=config.batch_size,
            jit=False if task(config.task).inputs == "texts" else None,
            augment=augmentation_of(config.augmentation),
        )
    _programs[key] = program
    if len(_programs) > KEPT:
        _programs.popitem(last=False)
    program.restart(initial, config.learning_rate, seed=config.seed)
    return program, initial


def optimizer_of(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """Return a new optimizer with the settings of a configuration."""
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(config.learning_rate, momentum=config.momentum)
    kinds = {"rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam}
    return kinds[config.optimizer](config.learning_rate)
