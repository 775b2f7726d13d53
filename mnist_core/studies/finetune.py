"""Fine-tuning of a trained network on a class's own drawings, without catastrophic forgetting.

Training continues from the best model for a few short epochs. Three of four images are from MNIST
and one is a drawing, augmented anew each time: without MNIST's images the network would forget what
it had learned (M. McCloskey, N. Cohen, Catastrophic interference in connectionist networks, 1989),
and without augmentation it would memorise the few drawings. Every fifth drawing is held out; the
held-out drawings and MNIST's validation images together determine the best epoch, and the accuracy
before and after is reported for both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mnist_core.errors import StoreError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs import Run, Store
from mnist_core.runs.artifacts import BASE_MODEL, BEST_MODEL, LESSON
from mnist_core.runs.drawings import pack
from mnist_core.runs.model_files import left_model
from mnist_core.training.lesson import Lesson

#: Smallest number of drawings; fewer do not generalise to other drawings.
FEWEST = 10
#: Largest number of MNIST's images.
TRAIN_SIZE = 12_000
VALIDATION_SIZE = 2_000
EPOCHS = 6
#: Small, so that the network keeps what it has learned.
LEARNING_RATE = 2e-4


def teach(store: Store, run_id: str, *, name: str, **more: Any) -> Run:
    """Queue a run that fine-tunes another run's best model on the class's drawings.

    Args:
        store: The run store, which also has the drawings.
        run_id: The run whose best model is fine-tuned.
        name: Name of the new run.
        **more: Further arguments of :meth:`Store.create`.

    Returns:
        The new run.

    Raises:
        StoreError: There are too few drawings, or the run cannot be fine-tuned.
    """
    base = store.get(run_id)
    if base.config.task != "mnist":
        raise StoreError(
            mark("Could not fine-tune “{name}” on drawings: its task is not digits."),
            mark("Choose a run that classifies digits."),
            name=base.name,
        )
    if BEST_MODEL not in store.artifacts.names(run_id) and not base.has_models:
        raise StoreError(
            mark(
                "Could not fine-tune “{name}”: it has no model yet, since it is active or ended "
                "before its first epoch."
            ),
            mark("Wait until it has ended, or choose another run."),
            name=base.name,
        )
    if base.imported is not None:
        raise StoreError(
            mark(
                "Could not fine-tune “{name}”: the model was imported, so its training images and "
                "settings are unknown."
            ),
            mark("Choose a run that was trained in this lab."),
            name=base.name,
        )
    drawings = store.drawings.all()
    if len(drawings) < FEWEST:
        raise StoreError(
            mark(
                "There are {count} labelled drawings, too few to generalise to others; at least "
                "{fewest} are needed."
            ),
            mark("Draw and label more digits, each digit a few times."),
            count=len(drawings),
            fewest=FEWEST,
        )
    x = np.array([drawing.image_u8 for drawing in drawings], np.uint8)
    y = np.array([drawing.label for drawing in drawings], np.int64)
    lesson = Lesson.of(x, y)
    held_out = len(lesson.held_out[1]) if len(lesson.held_out[1]) < len(y) else 0
    return store.create(
        lesson_config(base.config),
        name=name,
        files={BASE_MODEL: left_model(store, base, BEST_MODEL), LESSON: pack(x, y)},
        lesson={
            "base": base.id,
            "base_name": base.name,
            "drawings": len(y),
            "kept_aside": held_out,
            "before": {"drawings": None, "test": base.test_metric},
            "after": {"drawings": None, "test": None},
        },
        **more,
    )


def lesson_config(base: TrainingConfig) -> TrainingConfig:
    """Return the configuration for fine-tuning: the same network, with small steps."""
    return replace(
        base,
        train_size=min(base.train_size, TRAIN_SIZE),
        validation_size=min(base.validation_size, VALIDATION_SIZE),
        batch_size=min(base.batch_size, 128),
        epochs=EPOCHS,
        optimizer="adam",
        learning_rate=LEARNING_RATE,
        momentum=0.0,
        augmentation="handwriting",
        label_noise=0.0,
        patience=None,
        min_delta=0.0,
        folds=0,
        fold=0,
    )
