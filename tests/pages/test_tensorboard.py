"""The TensorBoard page without a browser: what it says before, while and after it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.errors import EngineError
from mnist_core.runs import Run
from mnist_core.tensorboard.server import BoardState
from mnist_core.tensorboard.writer import EventWriter
from ui.common.lab import lab
from ui.tensorboard import proxy

from .conftest import Open, Runs, plain, said

PICTURE = "![seen](http://host.example/a.png) <b>"


@pytest.fixture
def phase(monkeypatch: pytest.MonkeyPatch):
    """Lets the page believe that TensorBoard is in some state; nothing is started."""

    def set_it(state: BoardState) -> None:
        monkeypatch.setattr(proxy, "state", lambda: state)

    set_it(BoardState("stopped"))
    return set_it


def with_events(run: Run) -> Run:
    writer = EventWriter(lab.store.event_files, run)
    writer.begin([])
    writer.close()
    return run


def frame(app: AppTest) -> str | None:
    found = app.get("iframe")
    return found[0].proto.src if found else None


def buttons(app: AppTest) -> list[str]:
    return [button.key for button in app.button]


def test_without_a_run_it_leads_to_one(open_page: Open, phase) -> None:
    app = open_page("tensorboard")
    assert not app.exception
    assert "There is no run yet" in said(app)
    assert "tensorboard-start" not in buttons(app)
    assert app.get("page_link")


def test_it_is_started_when_it_is_asked_for(open_page: Open, runs: Runs, phase, monkeypatch):
    with_events(runs.add(name="first"))
    asked: list[Path | None] = []
    monkeypatch.setattr(proxy, "start", lambda: asked.append(lab.event_files()))
    app = open_page("tensorboard")
    assert not app.exception and frame(app) is None and asked == []
    app.button(key="tensorboard-start").click()
    phase(BoardState("starting"))
    app.run()
    assert asked == [lab.store.event_files.logdir]
    assert "is starting" in app.info[0].value
    assert "tensorboard-start" not in buttons(app)
    phase(BoardState("ready", port=1))
    app.run()
    assert frame(app) is not None
    assert not app.info and "tensorboard-start" not in buttons(app)


def test_what_went_wrong_is_one_sentence_and_can_be_tried_again(
    open_page: Open, runs: Runs, phase
) -> None:
    with_events(runs.add())
    phase(BoardState("failed", error=EngineError("It ended: {cause}.", "Again.", cause="No")))
    app = open_page("tensorboard")
    assert not app.exception
    assert [plain(error.value) for error in app.error] == ["It ended: No. Again."]
    assert app.button(key="tensorboard-start").label == "Try again"


def shown_runs(app: AppTest) -> list[str]:
    """The ids, as far as TensorBoard's address names them."""
    address = frame(app)
    assert address is not None and address.startswith("/live/tensorboard/chosen/")
    return address.removeprefix("/live/tensorboard/chosen/").split("/")[0].split("-")


def test_of_many_runs_the_newest_few_are_shown_and_any_can_be_chosen(
    open_page: Open, runs: Runs, phase
) -> None:
    ids = [with_events(runs.add(name="overfit-700")).id for _ in range(25)]
    phase(BoardState("ready", port=1))
    app = open_page("tensorboard")
    choice = app.multiselect(key="tensorboard-runs")
    assert len(set(choice.options)) == 25
    at_first = shown_runs(app)
    assert at_first == [run_id[:8] for run_id in ids[: -len(at_first) - 1 : -1]]
    assert 1 < len(at_first) < 10
    choice.set_value([ids[3], ids[20]]).run()
    assert shown_runs(app) == [ids[3][:8], ids[20][:8]]
    assert app.query_params["run"] == [ids[3], ids[20]]
    app.multiselect(key="tensorboard-runs").set_value([]).run()
    assert not app.exception and frame(app) is None and app.info


def test_the_address_chooses_a_run(open_page: Open, runs: Runs, phase) -> None:
    run = with_events(runs.add(name="one"))
    with_events(runs.add(name="two"))
    phase(BoardState("ready", port=1))
    app = open_page("tensorboard", run=run.id)
    assert shown_runs(app) == [run.id[:8]]
    assert app.multiselect(key="tensorboard-runs").value == [run.id]


def test_a_run_that_is_not_there_is_said(open_page: Open, runs: Runs, phase) -> None:
    with_events(runs.add(name="one"))
    without = runs.add(name="without")
    for run_id in ("f" * 32, PICTURE, without.id):
        app = open_page("tensorboard", run=run_id)
        assert not app.exception
        (warning,) = app.warning
        assert run_id[:40] in plain(warning.value)
        assert "![" not in warning.value
    assert len(app.multiselect(key="tensorboard-runs").options) == 1


def test_a_renamed_run_is_shown_under_its_new_name(open_page: Open, runs: Runs, phase) -> None:
    run = with_events(runs.add(name="old"))
    lab.store.event_files.hide(run.id)
    phase(BoardState("ready", port=1))
    open_page("tensorboard")
    (link,) = lab.store.event_files.logdir.iterdir()
    assert link.name == f"old {run.id[:8]}"


def test_files_that_are_kept_elsewhere_cannot_be_shown(
    open_page: Open, runs: Runs, phase, monkeypatch
) -> None:
    monkeypatch.setattr(proxy, "is_possible", lambda: False)
    app = open_page("tensorboard")
    assert not app.exception
    assert "MNIST_LAB_HOME" in app.warning[0].value
    assert "tensorboard-start" not in buttons(app)
