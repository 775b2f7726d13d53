"""What is compiled ahead is what a run of the same configuration then uses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import RunStatus, Store
from mnist_core.runs.queue import RunQueue
from mnist_core.training import programs
from mnist_core.training.job import train
from mnist_core.training.precompile import compile_ahead


def trained(config: TrainingConfig, store: Store):
    run = store.create(config)
    lease = RunQueue(store.database).claim(run.id)
    assert lease is not None
    train(store, lease)
    run = store.get(run.id)
    assert run.status is RunStatus.FINISHED, run.message
    return [replace(one, seconds=0.0, recorded_at=0.0) for one in store.curves(run.id)], run


@pytest.mark.parametrize(
    "config",
    [
        replace(PRESETS["overfit-700"].config, epochs=3),
        replace(PRESETS["boston"].config, epochs=3),
        TrainingConfig(
            architecture="strided",
            train_size=150,
            validation_size=50,
            batch_size=64,
            epochs=2,
            augmentation="handwriting",
        ),
    ],
    ids=lambda config: config.architecture,
)
def test_a_run_compiles_nothing_more_and_trains_the_same_curve(config, lab_home):
    store = Store(lab_home)
    before, _ = trained(config, store)
    programs._programs.clear()
    compile_ahead(config)
    (program,) = programs._programs.values()
    forms = len(program._concrete)
    after, run = trained(config, store)
    assert len(program._concrete) == forms
    assert after == before
    assert run.test_metric is not None
