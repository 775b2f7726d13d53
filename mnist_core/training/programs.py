"""Compiled programs, kept from run to run in a worker.

Compiling takes half a second to several; a class that starts the same experiment thirty times
should pay for it once.
"""

from __future__ import annotations

from collections import OrderedDict

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import task
from mnist_core.tensorflow_setup import keras
from mnist_core.training.augmentation import augmentation_of
from mnist_core.training.fit import Program
from mnist_core.training.networks import build_network

#: Programs kept; each holds a model and its compiled steps, not the data.
KEPT = 16

_programs: OrderedDict[tuple[object, ...], Program] = OrderedDict()


def program_for(config: TrainingConfig) -> tuple[Program, keras.Model]:
    """A program ready to train a configuration from its first epoch.

    Args:
        config: What to train; its seed decides the initial weights.

    Returns:
        The program, and a second model of the same architecture, for saving weights with.
    """
    keras.utils.set_random_seed(config.seed)
    initial = build_network(config.architecture)
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
        model = build_network(config.architecture)
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
    """A new optimizer, as a configuration asks for it."""
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(config.learning_rate, momentum=config.momentum)
    kinds = {"rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam}
    return kinds[config.optimizer](config.learning_rate)
