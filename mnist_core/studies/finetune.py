"""Teach a trained network a class's own handwriting, without letting it forget MNIST's.

A network goes on learning from where it stood, for a few short epochs. Three images of four are
MNIST's and one is a drawing of the class's, varied anew each time: without the three it would
forget what it knew (M. McCloskey, N. Cohen, Catastrophic interference in connectionist networks,
1989), and without the variations it would memorise the few drawings. Of the drawings every
fifth one is kept aside; they and MNIST's validation images together choose the best epoch, and on
both it is said how well the network read before and after.
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

#: Fewer drawings than this teach nothing that holds for others.
FEWEST = 10
#: MNIST's images in a lesson, at most.
TRAIN_SIZE = 12_000
VALIDATION_SIZE = 2_000
EPOCHS = 6
#: Small steps: it is to learn something new, not to begin anew.
LEARNING_RATE = 2e-4


def teach(store: Store, run_id: str, *, name: str, **more: Any) -> Run:
    """Queue a run that goes on from another run's best model with the class's drawings.

    Args:
        store: Where the run and the drawings are.
        run_id: The run whose best model is to learn more.
        name: What to call the new run.
        **more: Further arguments of :meth:`Store.create`.

    Returns:
        The new run.

    Raises:
        StoreError: There are too few drawings, or the run has left no model.
    """
    base = store.get(run_id)
    if base.config.task != "mnist":
        raise StoreError(
            mark("“{name}” is to be taught. It learned another task than digits."),
            mark("Choose a run that reads digits."),
            name=base.name,
        )
    if BEST_MODEL not in store.artifacts.names(run_id) and not base.has_models:
        raise StoreError(
            mark("“{name}” is to be taught."),
            mark("It has left no model yet: it is at work, or ended before its first epoch."),
            mark("Wait for its end, or choose another run."),
            name=base.name,
        )
    if base.imported is not None:
        raise StoreError(
            mark("“{name}” is to be taught."),
            mark("It came in as a file: how it learned, with which images and steps, is unknown."),
            mark("Choose a run that was trained here."),
            name=base.name,
        )
    drawings = store.drawings.all()
    if len(drawings) < FEWEST:
        raise StoreError(
            mark("There are {count} labelled drawings."),
            mark("A network learns nothing that holds for others from fewer than {fewest}."),
            mark("Draw some more and say which digits they are, each digit a few times."),
            count=len(drawings),
            fewest=FEWEST,
        )
    x = np.array([drawing.image_u8 for drawing in drawings], np.uint8)
    y = np.array([drawing.label for drawing in drawings], np.int64)
    lesson = Lesson.of(x, y)
    judged = len(lesson.held_out[1]) if len(lesson.held_out[1]) < len(y) else 0
    return store.create(
        lesson_config(base.config),
        name=name,
        files={BASE_MODEL: left_model(store, base, BEST_MODEL), LESSON: pack(x, y)},
        lesson={
            "base": base.id,
            "base_name": base.name,
            "drawings": len(y),
            "kept_aside": judged,
            "before": {"drawings": None, "test": base.test_metric},
            "after": {"drawings": None, "test": None},
        },
        **more,
    )


def lesson_config(base: TrainingConfig) -> TrainingConfig:
    """What a lesson trains: the same network, on a mixture, with small steps."""
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
