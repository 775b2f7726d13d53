"""K-fold cross-validation: configurations, the mean curve, and the runs of one study."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mnist_core.errors import ConfigError, StoreError
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Command, EpochRecord, RunStatus, Store
from mnist_core.runs.queue import RunQueue, RunWriter
from mnist_core.studies.crossvalidation import (
    TAG,
    final_config,
    find_study,
    fold_configs,
    mean_curve,
    newest_study,
    queue_folds,
    queue_missing,
    stop,
)

BOSTON = PRESETS["boston"].config


def record(epoch: int, val_loss: float, val_metric: float) -> EpochRecord:
    return EpochRecord(
        epoch=epoch,
        loss=1.0,
        metric=1.0,
        val_loss=val_loss,
        val_metric=val_metric,
        val_loss_se=0.1,
        val_rise_se=0.1,
        learning_rate=0.001,
        seconds=0.1,
    )


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path)


@pytest.mark.parametrize("folds", [2, 4, 10])
def test_the_folds_differ_in_their_judges_alone(folds):
    configs = fold_configs(BOSTON, folds)
    assert [config.fold for config in configs] == list(range(1, folds + 1))
    assert all(config.train_size + config.validation_size == 404 for config in configs)
    assert sum(config.validation_size for config in configs) == 404
    assert {config.seed for config in configs} == {BOSTON.seed}


@pytest.mark.parametrize("folds", [0, 1, 11])
def test_so_many_folds_cannot_be(folds):
    with pytest.raises(ConfigError) as caught:
        fold_configs(BOSTON, folds)
    assert caught.value.values == {"folds": folds}


def test_the_final_training_has_all_samples_and_no_judge():
    config = final_config(fold_configs(BOSTON, 4)[1], 80)
    assert (config.train_size, config.validation_size) == (404, 0)
    assert (config.folds, config.fold, config.epochs) == (0, 0, 80)


def test_the_mean_goes_as_far_as_every_fold():
    mean = mean_curve(
        [
            [record(1, 4.0, 1.0), record(2, 2.0, 3.0), record(3, 9.0, 9.0)],
            [record(1, 6.0, 2.0), record(2, 4.0, 5.0)],
        ]
    )
    assert mean.epochs.tolist() == [1, 2]
    assert mean.val_loss.tolist() == [5.0, 3.0]
    assert mean.val_metric.tolist() == [1.5, 4.0]
    np.testing.assert_allclose(mean.spread, [0.5, 1.0])
    assert mean.best_epoch == 2


def test_a_loss_that_is_no_number_is_no_best_epoch():
    mean = mean_curve([[record(1, math.nan, 1.0), record(2, 5.0, 1.0)]])
    assert mean.best_epoch == 2
    assert mean_curve([[record(1, math.nan, 1.0)]]).best_epoch is None


@pytest.mark.parametrize("curves", [[], [[]], [[record(1, 1.0, 1.0)], []]])
def test_before_the_first_epoch_of_all_there_is_no_mean(curves):
    mean = mean_curve(curves)
    assert len(mean.epochs) == 0 and mean.best_epoch is None


def test_a_study_is_found_by_its_tag_with_its_final_runs(store):
    tag = queue_folds(store, BOSTON, 3, name="boston, fold {fold} of {folds}")
    other = queue_folds(store, BOSTON, 2, name="other {fold}")
    store.create(final_config(BOSTON, 7), name="final", tags=[tag])
    assert TAG.fullmatch(tag) and tag != other
    study = find_study(store, tag)
    assert [run.name for run in study.folds] == [f"boston, fold {n} of 3" for n in (1, 2, 3)]
    assert [run.config.fold for run in study.folds] == [1, 2, 3]
    assert all(run.status is RunStatus.QUEUED for run in study.folds)
    assert [run.name for run in study.final] == ["final"]
    assert len(find_study(store, other).folds) == 2
    newest = newest_study(store)
    assert newest is not None and newest.tag == other


def test_a_fold_that_was_deleted_is_missed_and_one_that_came_back_counts_once(store):
    tag = queue_folds(store, BOSTON, 3, name="fold {fold}")
    first, second, _ = find_study(store, tag).folds
    assert find_study(store, tag).missing == ()
    store.create(second.config, name="brought in once more", tags=[tag])
    assert [run.name for run in find_study(store, tag).folds] == ["fold 1", "fold 2", "fold 3"]
    store.command(first.id, Command.STOP)
    store.delete(first.id)
    study = find_study(store, tag)
    assert ([run.config.fold for run in study.folds], study.missing) == ([2, 3], (1,))


def test_a_study_that_is_gone_is_said_to_be(store):
    with pytest.raises(StoreError) as caught:
        find_study(store, "folds-00000000")
    assert caught.value.values == {"tag": "folds-00000000"}
    assert newest_study(store) is None


def test_stop_ends_the_folds_that_wait_and_tells_the_one_that_trains(store):
    tag = queue_folds(store, BOSTON, 3, name="fold {fold}")
    first, second, third = find_study(store, tag).folds
    lease = RunQueue(store.database).claim(first.id)
    assert lease is not None
    stop(store, tag)
    study = find_study(store, tag)
    assert [run.status for run in study.folds] == [
        RunStatus.RUNNING,
        RunStatus.STOPPED,
        RunStatus.STOPPED,
    ]
    writer = RunWriter(store.database, lease)
    assert writer.commands() == [(Command.STOP, None)]
    assert [run.id for run in study.active] == [first.id]
    assert study.missing == (second.config.fold, third.config.fold) == (2, 3)


def test_stop_reaches_the_others_where_a_fold_was_deleted_meanwhile(store, monkeypatch):
    tag = queue_folds(store, BOSTON, 3, name="fold {fold}")
    seen = store.tagged(tag)
    store.command(seen[0].id, Command.STOP)
    store.delete(seen[0].id)
    with monkeypatch.context() as patch:
        patch.setattr(store, "tagged", lambda _tag: seen)
        stop(store, tag)
    assert find_study(store, tag).active == ()


def test_stop_reaches_a_fold_that_was_queued_twice(store):
    tag = queue_folds(store, BOSTON, 2, name="fold {fold}")
    store.create(find_study(store, tag).folds[0].config, name="from another tab", tags=[tag])
    stop(store, tag)
    assert not any(run.status.is_active for run in store.tagged(tag))


def test_only_the_folds_that_are_missing_are_queued_again(store):
    tag = queue_folds(store, BOSTON, 4, name="fold {fold}")
    first, second, third, fourth = find_study(store, tag).folds
    finish(store, first.id)
    store.command(second.id, Command.STOP)
    store.command(third.id, Command.STOP)
    store.delete(third.id)
    assert find_study(store, tag).missing == (2, 3)
    queue_missing(store, find_study(store, tag), name="again {fold}")
    study = find_study(store, tag)
    assert [run.id for run in study.finished] == [first.id]
    assert [run.name for run in study.folds] == ["fold 1", "again 2", "again 3", "fold 4"]
    assert study.folds[1].config == second.config and study.folds[3].id == fourth.id
    assert study.missing == ()


def finish(store: Store, run_id: str) -> None:
    lease = RunQueue(store.database).claim(run_id)
    assert lease is not None
    writer = RunWriter(store.database, lease)
    writer.set_status(RunStatus.FINISHED)
    writer.release()
