"""Trains the sources' experiments and measures their results."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from mnist_core.errors import TrainingError
from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.overfitting import CRITERIA, DEFAULT_CRITERION, Curves
from mnist_core.evaluation.service import evaluate
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import Lease
from mnist_core.studies.reproduction import SEEDS, Reproduced, experiment
from mnist_core.training.job import train


def last_test_accuracy(store: Store, run: Run) -> float:
    """Return the accuracy of the last model on the test set in percent, as the sources measure."""
    found = evaluate(store, run.id, "last", "test")
    assert isinstance(found, Evaluation)
    return 100 * found.accuracy.value


def test_error(store: Store, run: Run) -> float:  # noqa: ARG001 - all measures take a store
    """Return the mean absolute error of the final model on the test set."""
    assert run.test_metric is not None
    return run.test_metric


def turning_point(store: Store, run: Run) -> float:
    """Return the epoch after which the validation loss rises, by the default criterion."""
    found = CRITERIA[DEFAULT_CRITERION].find(Curves.of(store.curves(run.id))).best_epoch
    return float("nan") if found is None else float(found)


#: Measures of a run by the unit of the result; all other units are test errors.
MEASURES: dict[str, Callable[[Store, Run], float]] = {
    "%": last_test_accuracy,
    "epoch": turning_point,
}


def reproduce(
    store: Store,
    key: str,
    *,
    seeds: int = SEEDS,
    on_start: Callable[[str, int], None] = lambda key, seed: None,
) -> Reproduced:
    """Run an experiment in this process, with one seed after another.

    Args:
        store: The run store.
        key: The experiment's key.
        seeds: Number of seeds.
        on_start: Called with key and seed before each training.

    Returns:
        The result.

    Raises:
        ConfigError: The key is unknown.
        DataError: The data is not on this machine.
        TrainingError: A training did not finish.
    """
    known = experiment(key)
    measure = MEASURES.get(known.unit, test_error)
    figures, seconds = [], 0.0
    for seed in range(1, seeds + 1):
        on_start(key, seed)
        run = _trained(store, replace(known.config, seed=seed), f"{key}, seed {seed}")
        figures.append(round(measure(store, run), 4))
        seconds += run.active_seconds
    return Reproduced(key, tuple(figures), round(seconds, 1))


def _trained(store: Store, config: TrainingConfig, name: str) -> Run:
    token = secrets.token_hex(16)  # leased from the start, so no worker can claim the run
    run = store.create(config, name=name, tags=["reproduce"], lease_token=token)
    train(store, Lease(run.id, token), gives_way=False)
    run = store.get(run.id)
    if run.status is not RunStatus.FINISHED:
        raise TrainingError(
            mark("The run “{name}” did not finish (status: {status}). {reason}"),
            mark("Start the experiment again."),
            name=name,
            status=run.status.value,
            reason=run.message,
        )
    return run
