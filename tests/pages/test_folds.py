"""The page Cross-validate, without a browser."""

from __future__ import annotations

import json
import math

import pytest

from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import RunQueue, RunWriter
from mnist_core.studies.crossvalidation import find_study, newest_study, queue_folds
from ui.common import idempotency

from .conftest import Open, plain, said
from .conftest import record as epoch_record

BOSTON = PRESETS["boston"].config


def train(
    store: Store,
    run: Run,
    status: RunStatus = RunStatus.FINISHED,
    *,
    epochs: int = 5,
    message: str = "",
) -> None:
    """Write what a worker would have written for a run."""
    lease = RunQueue(store.database).claim(run.id)
    assert lease is not None
    writer = RunWriter(store.database, lease)
    if epochs:
        records = [epoch_record(epoch) for epoch in range(1, epochs + 1)]
        writer.append(records, best_epoch=epochs, progress=None, active_seconds=1.0)
    if status is not RunStatus.RUNNING:
        writer.set_status(status, message)
    if status is RunStatus.FINISHED:
        writer.measured(test_loss=9.0, test_metric=2.851)
    if not status.is_active:
        writer.release()


def train_all(store: Store, tag: str) -> None:
    """Write what workers would have written for every fold."""
    for run in find_study(store, tag).folds:
        train(store, run)


def test_start_queues_a_run_for_each_fold(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("folds")
    assert not app.exception
    assert "based on race" in said(app)
    assert app.button(key="folds-stop").disabled
    app.selectbox(key="folds-count").set_value(3)
    app.number_input(key="folds-epochs").set_value(20).run()
    monkeypatch.setattr(idempotency, "REPEAT_SECONDS", math.inf)  # the machine may be slow
    for _ in range(2):  # a double click is two presses
        app.button(key="folds-start").click().run()
    assert not app.exception and not app.error
    study = newest_study(store)
    assert study is not None and len(store.list_runs()) == 3
    assert [(run.config.fold, run.config.folds) for run in study.folds] == [(1, 3), (2, 3), (3, 3)]
    assert {run.config.epochs for run in study.folds} == {20}
    assert all(run.name.endswith(f", fold {run.config.fold} of 3") for run in study.folds)
    assert app.query_params["study"] == study.tag


def test_the_mean_curve_proposes_the_epochs_of_the_final_training(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = queue_folds(store, BOSTON, 2, name="boston, fold {fold} of {folds}")
    train_all(store, tag)
    app = open_page("folds", study=tag)
    assert not app.exception
    best = app.number_input(key="folds-final-epochs").value
    assert f"lowest loss after epoch **{best}**" in said(app)
    monkeypatch.setattr(idempotency, "REPEAT_SECONDS", math.inf)
    for _ in range(2):
        app.button(key="folds-final").click().run()
    (final,) = find_study(store, tag).final
    assert (final.config.train_size, final.config.validation_size) == (404, 0)
    assert final.config.epochs == best and "final" in final.name
    assert not app.button(key="folds-stop").disabled
    train(store, final)
    app.run()
    assert "Test mean absolute error: **$2,851**" in plain(said(app))


def test_epochs_that_cannot_be_are_refused_and_not_replaced(open_page: Open, store: Store) -> None:
    app = open_page("folds")
    app.number_input(key="folds-epochs").set_value(99_999).run()
    assert "from 1 to 20,000" in said(app)
    app.button(key="folds-start").click().run()
    assert not app.exception
    assert app.error[0].value.startswith("“Epochs” is 99,999,")
    assert store.list_runs() == []


def test_stop_ends_the_whole_study_and_says_how_to_go_on(open_page: Open, store: Store) -> None:
    tag = queue_folds(store, BOSTON, 4, name="boston, fold {fold} of {folds}")
    first, second, third, _fourth = find_study(store, tag).folds
    train(store, first)
    train(store, second)
    train(store, third, RunStatus.STOPPED, epochs=2)
    app = open_page("folds", study=tag)
    assert not app.exception
    assert not app.warning  # the fourth is still to come
    app.button(key="folds-stop").click().run()
    assert not app.exception
    assert store.tagged(tag)[0].status is RunStatus.STOPPED
    assert app.button(key="folds-stop").disabled
    assert "2 of 4 folds" in app.warning[0].value
    assert "mean of 2 folds" in said(app)
    app.button(key="folds-again").click().run()
    assert not app.exception and not app.warning
    study = find_study(store, tag)
    assert [run.status for run in study.folds[2:]] == [RunStatus.QUEUED, RunStatus.QUEUED]
    assert study.folds[2].id != third.id
    assert len(store.tagged(tag)) == 6


def test_folds_that_failed_say_why_once(open_page: Open, store: Store) -> None:
    tag = queue_folds(store, BOSTON, 3, name="boston, fold {fold} of {folds}")
    for run in find_study(store, tag).folds:
        train(store, run, RunStatus.FAILED, epochs=0, message="The loss is nan.")
    app = open_page("folds", study=tag)
    assert not app.exception
    (error,) = app.error
    assert plain(error.value) == "**Folds 1, 2, 3:** The loss is nan."
    assert "3 of 3 folds" in app.warning[0].value
    assert not any(button.key == "folds-final" for button in app.button)
    table = app.dataframe[0].value
    assert table["Status"].tolist() == ["Failed"] * 3
    assert table["Best epoch"].tolist() == ["–"] * 3


def test_a_paused_fold_is_said_to_hold_up_the_mean(open_page: Open, store: Store) -> None:
    tag = queue_folds(store, BOSTON, 2, name="boston, fold {fold} of {folds}")
    first, second = find_study(store, tag).folds
    train(store, first)
    train(store, second, RunStatus.PAUSED, epochs=1)
    app = open_page("folds", study=tag)
    assert not app.exception
    assert "Fold 2 is paused" in app.info[0].value
    assert not app.button(key="folds-stop").disabled


def test_classes_have_an_accuracy_in_percent(open_page: Open, store: Store) -> None:
    config = PRESETS["overfit-700"].config
    tag = queue_folds(store, config, 2, name="overfit-700, fold {fold} of {folds}")
    train_all(store, tag)
    app = open_page("folds", study=tag)
    assert not app.exception
    assert app.dataframe[0].value["Accuracy at best epoch"].tolist() == ["78.5%"] * 2


@pytest.mark.parametrize("tag", ["nothing", "folds-00000000"])
def test_a_study_that_is_not_there_is_said_to_be(tag: str, open_page: Open) -> None:
    app = open_page("folds", study=tag)
    assert not app.exception
    assert len(app.warning) + len(app.error) == 1


def test_before_the_first_study_it_says_what_to_do(open_page: Open) -> None:
    assert "There is no cross-validation yet" in said(open_page("folds"))
    assert "Nothing is" not in said(open_page("folds", study="folds-00000000"))


@pytest.mark.parametrize(("epochs", "mode"), [(1, "markers"), (2, "lines")])
def test_a_single_epoch_is_seen(open_page: Open, store: Store, epochs: int, mode: str) -> None:
    tag = queue_folds(store, BOSTON, 2, name="boston, fold {fold} of {folds}")
    for run in find_study(store, tag).folds:
        train(store, run, epochs=epochs)
    app = open_page("folds", study=tag)
    (chart,) = app.get("plotly_chart")
    assert {trace["mode"] for trace in json.loads(chart.proto.spec)["data"]} == {mode}
