"""Trains the sources' experiments and measures what came of them."""

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
    """Percent of the test set that the last model tells correctly, as the sources measure."""
    found = evaluate(store, run.id, "last", "test")
    assert isinstance(found, Evaluation)
    return 100 * found.accuracy.value


def test_error(store: Store, run: Run) -> float:  # noqa: ARG001 - the form of all measures
    """Mean absolute error of the final model on the test set."""
    assert run.test_metric is not None
    return run.test_metric


def turning_point(store: Store, run: Run) -> float:
    """The epoch after which the validation loss rises, by the usual criterion."""
    found = CRITERIA[DEFAULT_CRITERION].find(Curves.of(store.curves(run.id))).best_epoch
    return float("nan") if found is None else float(found)


#: How the figure of one run is found, by its unit; all others are test errors.
MEASURES: dict[str, Callable[[Store, Run], float]] = {
    "%": last_test_accuracy,
    "epoch": turning_point,
}


def reproduce(
    store: Store,
    key: str,
    *,
    seeds: int = SEEDS,
    said: Callable[[str, int], None] = lambda key, seed: None,
) -> Reproduced:
    """Run an experiment in this process, with one seed after another.

    Args:
        store: Where the runs are kept.
        key: Which experiment.
        seeds: With how many seeds.
        said: Called with key and seed before each training.

    Returns:
        What came of it.

    Raises:
        ConfigError: There is no such experiment.
        DataError: Its data is not on this machine.
        TrainingError: A training did not come to its end.
    """
    known = experiment(key)
    measure = MEASURES.get(known.unit, test_error)
    figures, seconds = [], 0.0
    for seed in range(1, seeds + 1):
        said(key, seed)
        run = _trained(store, replace(known.config, seed=seed), f"{key}, seed {seed}")
        figures.append(round(measure(store, run), 4))
        seconds += run.active_seconds
    return Reproduced(key, tuple(figures), round(seconds, 1))


def _trained(store: Store, config: TrainingConfig, name: str) -> Run:
    token = secrets.token_hex(16)  # it never stands in the queue, where a worker could take it
    run = store.create(config, name=name, tags=["reproduce"], lease_token=token)
    train(store, Lease(run.id, token), gives_way=False)
    run = store.get(run.id)
    if run.status is not RunStatus.FINISHED:
        raise TrainingError(
            mark("The run “{name}” ended as {status}."),
            mark("Every experiment has to be trained to its end. {reason}"),
            mark("Start it again."),
            name=name,
            status=run.status.value,
            reason=run.message,
        )
    return run
