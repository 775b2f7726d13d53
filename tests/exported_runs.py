"""Trained runs, for tests of exports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import Lease
from mnist_core.training.job import train

#: The learning rate is so high that the loss rises again, with most seeds.
SOFTMAX: dict[str, Any] = {
    "architecture": "softmax",
    "train_size": 2000,
    "validation_size": 500,
    "epochs": 3,
    "learning_rate": 0.5,
}


def trained(store: Store, name: str | None = None, **settings: Any) -> Run:
    """Train a run in this process."""
    run = store.create(TrainingConfig(**settings), name=name, lease_token="mine")
    train(store, Lease(run.id, "mine"))
    run = store.get(run.id)
    assert run.status is RunStatus.FINISHED, run.message
    return run


def trained_past_its_best(store: Store, config: TrainingConfig, name: str | None = None) -> Run:
    """Train a run whose best model is not its last.

    The best epoch depends on the seed and on the processor, so several seeds are tried.
    """
    for seed in (config.seed, *range(10, 40)):
        run = trained(store, name, **replace(config, seed=seed).to_dict())
        if run.best is not None and run.best != run.last:
            return run
        store.delete(run.id)
    raise AssertionError("with thirty seeds, the last epoch was the best")
