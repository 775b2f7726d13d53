"""The page Cross-validate, without a browser."""

from __future__ import annotations

import math

import pytest

from mnist_core.crossvalidation import find_study, newest_study, queue_folds
from mnist_core.presets import PRESETS
from mnist_core.runs import RunStatus, Store
from mnist_core.runs.leases import RunQueue, RunWriter
from ui import presses

from .conftest import Open, said
from .conftest import record as epoch_record

BOSTON = PRESETS["boston"].config


def train_all(store: Store, tag: str, epochs: int = 5) -> None:
    """Write what workers would have written for every fold."""
    for run in find_study(store, tag).folds:
        lease = RunQueue(store.database).claim(run.id)
        assert lease is not None
        writer = RunWriter(store.database, lease)
        writer.append(
            [epoch_record(epoch) for epoch in range(1, epochs + 1)],
            best_epoch=epochs,
            progress=None,
            active_seconds=1.0,
        )
        writer.set_status(RunStatus.FINISHED)
        writer.release()


def test_start_queues_a_run_for_each_fold(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("folds")
    assert not app.exception
    assert "built on race" in said(app)
    app.number_input(key="folds-count").set_value(3)
    app.number_input(key="folds-epochs").set_value(20).run()
    monkeypatch.setattr(presses, "REPEAT_SECONDS", math.inf)  # the machine may be slow
    for _ in range(2):  # a double click is two presses
        app.button(key="folds-start").click().run()
    assert not app.exception and not app.error
    study = newest_study(store)
    assert study is not None and len(store.list_runs()) == 3
    assert [(run.config.fold, run.config.folds) for run in study.folds] == [(1, 3), (2, 3), (3, 3)]
    assert {run.config.epochs for run in study.folds} == {20}
    assert app.query_params["study"] == study.tag


def test_the_mean_curve_proposes_the_epochs_of_the_final_training(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = queue_folds(store, BOSTON, 2, name="boston, fold {fold} of {folds}")
    train_all(store, tag)
    app = open_page("folds", study=tag)
    assert not app.exception
    best = app.number_input(key="folds-final-epochs").value
    assert f"lowest after epoch **{best}**" in said(app)
    monkeypatch.setattr(presses, "REPEAT_SECONDS", math.inf)
    for _ in range(2):
        app.button(key="folds-final").click().run()
    (final,) = find_study(store, tag).final
    assert (final.config.train_size, final.config.validation_size) == (404, 0)
    assert (final.config.epochs, final.name) == (best, "boston, final")


@pytest.mark.parametrize("tag", ["nothing", "folds-00000000"])
def test_a_study_that_is_not_there_is_said_to_be(tag: str, open_page: Open) -> None:
    app = open_page("folds", study=tag)
    assert not app.exception
    assert len(app.warning) + len(app.error) == 1
