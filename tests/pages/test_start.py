"""The start page: what it is, and one click to a running experiment."""

from pathlib import Path

import pytest

from mnist_core.errors import DataError
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import RunStatus, Store
from mnist_core.tasks import availability, keras_data
from tests import made_up_data

from .conftest import Open, Runs, plain, said


@pytest.fixture
def all_data(lab_home: Path) -> None:
    made_up_data.write(lab_home)


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of Keras's is here, and there is no network, which has been noticed."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(availability, "reaches_host", lambda: False)
    monkeypatch.setattr(availability, "_probe", None)
    with pytest.raises(DataError):
        availability.require("fashion")


def test_it_offers_every_preset(open_page: Open, all_data: None) -> None:
    app = open_page("start")
    assert not app.exception
    for preset in PRESETS.values():
        assert preset.label in said(app)
        assert preset.summary in said(app)
        assert preset.teaches in said(app)
        assert not app.button(key=f"start-{preset.key}").disabled


def test_what_needs_data_that_cannot_be_had_is_not_started(
    open_page: Open, store: Store, no_data: None
) -> None:
    app = open_page("start")
    assert not app.exception
    closed = {key for key in PRESETS if app.button(key=f"start-{key}").disabled}
    assert closed == {"fashion", "imdb", "reuters", "california"}
    marks = [badge for badge in app.markdown if "cloud_off" in badge.value]
    assert len(marks) == len(closed)
    assert keras_data.SOURCES["california"].files[0] in plain(
        "".join(badge.help for badge in marks)
    )
    train = open_page("train", preset="california")
    train.button(key="train-start").click().run()
    assert len(train.error) == 1
    assert not store.list_runs()


def test_its_first_buttons_lead_to_a_canvas_and_to_a_training(
    open_page: Open, store: Store
) -> None:
    app = open_page("start")
    app.button(key="start-first").click().run()
    (run,) = store.list_runs()
    assert (run.preset, app.query_params["run"]) == (next(iter(PRESETS)), run.id)
    app = open_page("start")
    app.button(key="start-draw").click().run()
    assert not app.exception
    assert "start-draw" not in [button.key for button in app.button]


@pytest.mark.parametrize("key", PRESETS)
def test_one_click_starts_an_experiment_and_shows_it(
    key: str, open_page: Open, store: Store, all_data: None
) -> None:
    app = open_page("start")
    app.button(key=f"start-{key}").click().run()
    (run,) = store.list_runs()
    assert not app.exception
    assert run.status is RunStatus.QUEUED
    assert (run.preset, run.config) == (key, PRESETS[key].config)
    assert app.query_params["run"] == run.id
    assert app.selectbox(key="train-preset").value == key


def test_a_run_at_work_can_be_watched_again(open_page: Open, runs: Runs) -> None:
    assert not open_page("start").get("page_link")[0].proto.label.startswith("Continue")
    run = runs.add(RunStatus.RUNNING, name="mine")
    link = open_page("start").get("page_link")[0].proto
    assert link.label == "Continue watching: mine (Running)"
    assert run.id in link.query_string


def test_a_run_at_work_is_found_behind_newer_ones_that_ended(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.RUNNING, name="mine")
    runs.add(RunStatus.FINISHED)
    runs.add(RunStatus.STOPPED)
    link = open_page("start").get("page_link")[0].proto
    assert link.label == "Continue watching: mine (Running)"
    assert run.id in link.query_string


def test_a_run_that_ended_is_not_called_at_work(open_page: Open, runs: Runs) -> None:
    runs.add(RunStatus.FINISHED)
    links = [link.proto.label for link in open_page("start").get("page_link")]
    assert set(links) == {"Settings"}
