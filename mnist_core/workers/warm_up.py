"""What a worker does before its first run or question, so that nobody waits for it.

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

#: Between two presets, in seconds: long enough for a run that waits to take its turn.
TURN_SECONDS = 0.05
log = logging.getLogger(__name__)


def prepare_for_questions() -> None:
    """Load what the first questions need, and build something small."""
    task("mnist").load()
    program_for(TrainingConfig())
    load_scikit_learn()


def compile_presets() -> None:
    """Compile what the presets need while nobody trains, so that no first epoch waits for it.

    A run that is started meanwhile waits for the one preset that is being compiled. Presets whose
    data is not on this machine are left out; data in Keras's cache is put into its compact form.
    """
    for preset in PRESETS.values():
        name = preset.config.task
        if not availability.is_present(name):
            continue
        try:
            if name in keras_data.SOURCES:
                keras_data.keep(name)  # in a process of its own: a run need not wait for it
            with at_work:
                compile_ahead(preset.config)
        except Exception:  # a run says what is wrong, to the person who starts it
            log.exception("%s could not be compiled ahead", preset.key)
        time.sleep(TURN_SECONDS)
