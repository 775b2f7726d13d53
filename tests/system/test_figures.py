"""The figures that the README promises, trained in full."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.evaluation.overfitting import CRITERIA, DEFAULT_CRITERION, Curves
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import RunQueue
from mnist_core.training.job import train

pytestmark = pytest.mark.slow

log = logging.getLogger(__name__)  # pytest --log-cli-level INFO shows the figures


@pytest.fixture
def store(lab_home: Path) -> Store:
    return Store(lab_home)


def trained(store: Store, config: TrainingConfig) -> Run:
    run = store.create(config)
    lease = RunQueue(store.database).claim(run.id)
    assert lease is not None
    train(store, lease)
    run = store.get(run.id)
    assert run.status is RunStatus.FINISHED, run.message
    log.info(
        "%s: %.2f %% of the test set in %.1f s",
        config.architecture,
        100 * (run.test_metric or 0),
        run.active_seconds,
    )
    return run


@pytest.mark.parametrize(
    ("config", "accuracy"),
    [
        (
            replace(PRESETS["softmax"].config, pixel_scaling="unit", learning_rate=1e-3, epochs=10),
            0.92,
        ),
        (PRESETS["mlp-512"].config, 0.975),
        (replace(PRESETS["lenet"].config, epochs=3), 0.985),
        (PRESETS["reads-handwriting"].config, 0.99),
    ],
    ids=["softmax", "mlp-512", "lenet", "reads-handwriting"],
)
def test_a_preset_reaches_its_accuracy_on_the_test_set(store, config, accuracy):
    assert trained(store, config).test_metric >= accuracy


def test_seven_hundred_digits_overfit_after_about_a_hundred_epochs(store):
    found: dict[int, int | None] = {}
    for seed in range(1, 6):
        run = trained(store, replace(PRESETS["overfit-700"].config, seed=seed))
        records = store.curves(run.id)
        columns = ("loss", "metric", "val_loss", "val_metric", "val_rise_se")
        curves = Curves(
            **{name: np.array([getattr(row, name) for row in records]) for name in columns}
        )
        found[seed] = CRITERIA[DEFAULT_CRITERION].find(curves).best_epoch
    log.info("best epochs by seed: %s", found)
    inside = [seed for seed, epoch in found.items() if epoch is not None and 80 <= epoch <= 155]
    assert 3 in inside, found  # the seed that the preset has
    assert len(inside) >= 3, found
