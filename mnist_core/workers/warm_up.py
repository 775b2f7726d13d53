"""Warm-up of a worker before its first run or request.

Importing this module loads TensorFlow.
"""

from __future__ import annotations

import logging
import time

from mnist_core.evaluation.classification import load_scikit_learn
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.tasks import availability, keras_data, task
from mnist_core.training.job import at_work
from mnist_core.training.precompile import compile_ahead
from mnist_core.training.programs import program_for

#: Pause between two presets, in seconds, in which a waiting run can start.
TURN_SECONDS = 0.05
log = logging.getLogger(__name__)


def prepare_for_requests() -> None:
    """Load what the first requests need, and build a small model."""
    task("mnist").load()
    program_for(TrainingConfig())
    load_scikit_learn()


def compile_presets() -> None:
    """Compile the training programs of the presets while the worker is idle.

    A run that starts meanwhile waits for at most one preset. Presets whose data is not on this
    machine are skipped; data in Keras's cache is converted to its compact form.
    """
    for preset in PRESETS.values():
        name = preset.config.task
        if not availability.is_present(name):
            continue
        try:
            if name in keras_data.SOURCES:
                keras_data.keep(name)  # in a child process, so a run need not wait
            with at_work:
                compile_ahead(preset.config)
        except Exception:  # a run that fails for the same reason reports it
            log.exception("could not compile the preset %s ahead", preset.key)
        time.sleep(TURN_SECONDS)
