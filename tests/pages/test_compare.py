"""The Compare page: runs side by side, as the address names them."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import RunStatus, Store
from ui.compare import keys
from ui.compare.table import csv_file

from .conftest import Open, Runs

OVERFIT = PRESETS["overfit-700"].config


def test_without_a_run_it_points_to_training(open_page: Open) -> None:
    app = open_page("compare")
    assert not app.exception
    assert [link.proto.page for link in app.get("page_link")] == ["train"]
    assert app.multiselect(key=keys.RUNS.key).options == []


def test_the_newest_two_runs_of_a_task_are_compared_at_first(open_page: Open, runs: Runs) -> None:
    first = runs.add(name="first")
    runs.add(preset="boston", name="another task")
    second = runs.add(name="second", config=replace(OVERFIT, train_size=5000))
    app = open_page("compare")
    assert not app.exception and not app.warning
    assert list(app.multiselect(key=keys.RUNS.key).value) == [second.id, first.id]
    assert f"{second.id},{first.id}" in app.query_params["runs"]
    frame = app.dataframe[0].value
    assert list(frame["name"]) == ["first", "second"]  # the older one first
    assert list(frame["setting-train_size"]) == [700, 5000]
    assert "setting-batch_size" not in frame and "setting-task" not in frame
    assert list(frame["best_epoch"]) == [20, 20] and list(frame["overfits"]) == [20, 20]
    assert frame["val_metric_range"][0].startswith("[") and frame["test_range"][0].startswith("[")


def test_the_address_names_runs_curve_and_axis(open_page: Open, runs: Runs) -> None:
    ids = [runs.add(name=f"run {number}").id for number in range(3)]
    app = open_page("compare", runs=",".join(ids), curve="gap", x="samples")
    assert list(app.multiselect(key=keys.RUNS.key).value) == ids
    assert keys.CURVE.key in app.session_state
    assert (app.session_state[keys.CURVE.key], app.session_state[keys.X_AXIS.key]) == (
        "gap",
        "samples",
    )


@pytest.mark.parametrize(
    "query",
    [
        {"runs": "0" * 32},
        {"runs": "no-run,*[bold](x)*"},
        {"curve": "beauty"},
        {"x": "<b>"},
    ],
)
def test_a_wrong_address_is_one_warning(open_page: Open, runs: Runs, query: dict[str, str]) -> None:
    runs.add()
    app = open_page("compare", **query)
    assert not app.exception
    assert len(app.warning) == 1


def test_at_most_eight_runs_are_compared(open_page: Open, runs: Runs) -> None:
    ids = [runs.add(name=f"run {number}").id for number in range(9)]
    app = open_page("compare", runs=",".join(ids))
    assert len(app.warning) == 1
    assert list(app.multiselect(key=keys.RUNS.key).value) == ids[:8]


def test_runs_in_any_status_can_be_compared(open_page: Open, runs: Runs) -> None:
    ids = [runs.add(status, epochs=30).id for status in RunStatus]
    app = open_page("compare", runs=",".join(ids))
    assert not app.exception and not app.error
    assert len(app.dataframe[0].value) == len(ids)


def test_an_accuracy_and_an_error_share_no_axis(open_page: Open, runs: Runs) -> None:
    ids = [runs.add().id, runs.add(preset="boston", test_metric=2.5).id]
    app = open_page("compare", runs=",".join(ids), curve="val_metric")
    assert len(app.warning) == 1
    assert app.session_state[keys.CURVE.key] == "val_loss"
    assert "test" not in app.dataframe[0].value
    assert "setting-task" in app.dataframe[0].value


def test_the_numbers_of_the_chart_are_a_table_and_a_file(
    open_page: Open, runs: Runs, store: Store
) -> None:
    run = runs.add(epochs=30, name="=1+1")
    app = open_page("compare", runs=run.id, curve="gap")
    app.toggle(key=keys.NUMBERS.key).set_value(True).run()
    numbers = app.dataframe[1].value
    record = store.curves(run.id)[9]
    assert len(numbers) == 30
    assert numbers["=1+1"][9] == pytest.approx(record.val_loss - record.loss)
    rows = list(csv.DictReader(csv_file([run]).decode().splitlines()))
    assert len(rows) == 30
    assert rows[9]["run"] == "'=1+1"
    assert float(rows[9]["val_loss"]) == record.val_loss
    assert int(rows[9]["samples_seen"]) == 10 * run.config.train_size
