"""The Draw page without a browser: who reads, what the address says, what to do first.

The canvas is drawn by the browser alone (tests/browser/test_draw.py).
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.examples import known_examples
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.workers.engine import EngineState
from ui.common import idempotency
from ui.common.lab import lab
from ui.draw import keys

from .conftest import Open, Runs, components, plain, said

PICTURE = "![seen](http://host.example/a.png) :red[loud] <b>"
#: What one click trains where there is nothing yet.
READER = "reads-handwriting"
#: Short runs whose validation loss never rises: they do not overfit.
STEADY = 10


def chosen(app: AppTest) -> list[str]:
    """The models that read."""
    return list(app.multiselect(key="draw-models").value)


def both(run: Run) -> list[str]:
    return [f"{run.id} best", f"{run.id} last"]


def labels(app: AppTest) -> list[str]:
    """What the models are called in the list."""
    return list(app.multiselect(key="draw-models").options)


def has_canvas(app: AppTest) -> bool:
    return bool(components(app))


# No trained run


def test_without_a_run_one_click_trains_a_good_reader(open_page: Open, store: Store) -> None:
    app = open_page("draw")
    assert not app.exception
    assert not has_canvas(app)
    assert not app.selectbox
    assert "minutes" in said(app)
    app.button(key="draw-train").click().run()
    assert not app.exception
    (run,) = store.list_runs()
    assert run.status is RunStatus.QUEUED
    assert run.preset == READER
    assert run.config == PRESETS[READER].config
    assert app.query_params["run"] in (run.id, [run.id])
    (words,) = (info.value for info in app.info)
    assert "still training" in words
    assert f"epoch 0 of {run.config.epochs}" in words
    assert not [button for button in app.button if button.key == "draw-train"]


def test_a_double_click_trains_one_reader(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "REPEAT_SECONDS", math.inf)  # the machine may be slow
    app = open_page("draw")
    button = app.button(key="draw-train")
    button.click().run()
    button.click().run()
    assert len(store.list_runs()) == 1


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.PAUSED])
def test_the_first_run_that_is_still_at_work_is_waited_for(
    status: RunStatus, open_page: Open, runs: Runs
) -> None:
    runs.add(status, name="not_yet")
    app = open_page("draw")
    assert not app.exception
    (words,) = (plain(info.value) for info in app.info)
    assert "not_yet" in words
    assert not [button for button in app.button if button.key == "draw-train"]


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.INTERRUPTED])
def test_a_run_that_left_no_model_is_no_reader(
    status: RunStatus, open_page: Open, runs: Runs
) -> None:
    runs.add(status)
    app = open_page("draw")
    assert app.button(key="draw-train")
    assert not app.info


# Who reads


def test_the_most_accurate_run_reads(open_page: Open, runs: Runs) -> None:
    runs.add(epochs=STEADY, name="weak", test_metric=0.5)
    best = runs.add(epochs=STEADY, name="best", test_metric=0.789)
    newest = runs.add(epochs=STEADY, name="newest", test_metric=0.7)
    app = open_page("draw")
    assert not app.exception
    assert has_canvas(app)
    assert app.selectbox(key="draw-run").value == best.id
    runs_offered = app.selectbox(key="draw-run").options
    for option, (name, accuracy) in zip(
        runs_offered, [("newest", "70.0%"), ("best", "78.9%"), ("weak", "50.0%")], strict=True
    ):
        assert option.startswith(f"{name} ") and accuracy in option
    assert chosen(app) == both(best)[:1]
    assert "78.9%" in said(app)
    app = open_page("draw", run=newest.id)
    assert app.selectbox(key="draw-run").value == newest.id


@pytest.mark.parametrize(("accuracy", "own_reads"), [(0.99, False), (0.9947, True)])
def test_an_example_reads_where_no_own_run_is_as_accurate(
    accuracy: float, own_reads: bool, with_examples: None, open_page: Open, runs: Runs
) -> None:
    own = runs.add(epochs=STEADY, test_metric=accuracy)
    example = known_examples()["reads-handwriting"]
    assert example.test_metric == 0.9947
    app = open_page("draw")
    assert app.selectbox(key="draw-run").value == (own.id if own_reads else example.id)


def test_best_and_last_of_a_run_that_overfits_read(open_page: Open, runs: Runs) -> None:
    run = runs.add(epochs=50, name="learnt by heart")
    app = open_page("draw")
    assert chosen(app) == both(run)
    assert labels(app) == ["learnt by heart, best epoch 20", "learnt by heart, last epoch 50"]


def test_another_run_brings_its_models(open_page: Open, runs: Runs) -> None:
    overfits = runs.add(epochs=50)
    newest = runs.add(epochs=STEADY)
    app = open_page("draw")
    assert chosen(app) == both(newest)[:1]
    app.selectbox(key="draw-run").select(overfits.id).run()
    assert chosen(app) == both(overfits)
    assert app.query_params["run"] in (overfits.id, [overfits.id])
    app.selectbox(key="draw-run").select(newest.id).run()
    assert chosen(app) == both(newest)[:1]


def test_models_of_several_runs_are_kept_while_the_run_is(open_page: Open, runs: Runs) -> None:
    other = runs.add(epochs=STEADY)
    newest = runs.add(epochs=STEADY)
    app = open_page("draw")
    wanted = [*both(newest), *both(other)]
    app.multiselect(key="draw-models").set_value(wanted).run()
    assert not app.exception
    app.run()
    assert chosen(app) == wanted


def test_runs_of_one_name_are_told_apart(open_page: Open, runs: Runs) -> None:
    twins = [runs.add(epochs=STEADY, name="twin") for _number in range(2)]
    runs.add(epochs=STEADY, name="only child")
    app = open_page("draw")
    names = app.selectbox(key="draw-run").options
    assert len(set(names)) == 3
    assert names[0].startswith("only child ·")
    assert len(set(labels(app))) == 6
    app.multiselect(key="draw-models").set_value([f"{run.id} last" for run in twins]).run()
    app.run()
    assert chosen(app) == [f"{run.id} last" for run in twins]


def test_no_more_than_four_models_read(open_page: Open, runs: Runs) -> None:
    for _number in range(3):
        runs.add(epochs=STEADY)
    app = open_page("draw")
    assert len(labels(app)) == 6
    assert app.multiselect(key="draw-models").proto.max_selections == 4


# The address


def test_the_address_names_the_run(open_page: Open, runs: Runs) -> None:
    run = runs.add(epochs=STEADY)
    runs.add(epochs=STEADY)
    app = open_page("draw", run=run.id)
    assert not app.exception
    assert not app.warning
    assert app.selectbox(key="draw-run").value == run.id
    assert chosen(app) == both(run)[:1]


def test_a_link_to_another_run_outdoes_what_was_chosen_before(open_page: Open, runs: Runs) -> None:
    first, second = runs.add(epochs=STEADY), runs.add(epochs=STEADY)
    app = open_page("draw", run=second.id)
    app.query_params["run"] = first.id
    app.run()
    assert app.selectbox(key="draw-run").value == first.id
    assert chosen(app) == both(first)[:1]


def test_a_run_older_than_those_in_the_list_is_found(
    open_page: Open, runs: Runs, store: Store
) -> None:
    old = runs.add(epochs=STEADY, name="old")
    for _number in range(50):
        store.create(replace(PRESETS["softmax"].config, epochs=1))
    app = open_page("draw", run=old.id)
    assert app.selectbox(key="draw-run").value == old.id


@pytest.mark.parametrize("name", ["0" * 32, "nonsense", PICTURE])
def test_an_unknown_run_is_said_and_another_one_reads(
    name: str, open_page: Open, runs: Runs
) -> None:
    run = runs.add(epochs=STEADY)
    app = open_page("draw", run=name)
    assert not app.exception
    (warning,) = app.warning
    assert "![" not in warning.value
    assert plain(name[:20]) in plain(warning.value)
    assert app.selectbox(key="draw-run").value == run.id


def test_a_run_that_still_trains_is_waited_for_while_another_one_reads(
    open_page: Open, runs: Runs
) -> None:
    reader = runs.add(epochs=STEADY)
    training = runs.add(RunStatus.RUNNING, epochs=STEADY, name="coming")
    app = open_page("draw", run=training.id)
    assert app.selectbox(key="draw-run").value == reader.id
    assert has_canvas(app)
    (info,) = app.info
    assert "coming" in info.value
    writer = runs.writers[training.id]
    writer.set_status(RunStatus.FINISHED, "")
    writer.release()
    app.run()
    assert app.selectbox(key="draw-run").value == training.id
    assert not app.info


def test_a_run_that_failed_is_said_to_have_left_nothing(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.FAILED, name="broken", message="The loss is not finite.")
    app = open_page("draw", run=run.id)
    (warning,) = app.warning
    assert "broken" in warning.value
    assert "The loss is not finite." in plain(warning.value)
    assert app.button(key="draw-train")


def test_a_run_that_is_deleted_meanwhile_makes_room(
    open_page: Open, runs: Runs, store: Store
) -> None:
    left = runs.add(epochs=STEADY)
    gone = runs.add(epochs=50)
    app = open_page("draw")
    assert chosen(app) == both(gone)
    store.delete(gone.id)
    app.run()
    assert not app.exception
    assert app.selectbox(key="draw-run").value == left.id
    assert chosen(app) == both(left)[:1]


@pytest.mark.parametrize("page", ["runs", "train"])
def test_a_run_with_a_model_links_here(page: str, open_page: Open, runs: Runs) -> None:
    def links(run: Run) -> list[str]:
        app = open_page(page, run=run.id) if page == "train" else open_page(page)
        found = (link.proto for link in app.get("page_link"))
        return [link.query_string for link in found if "draw" in link.label.lower()]

    active = runs.add(RunStatus.RUNNING)
    assert links(active) == []
    run = runs.add(epochs=STEADY)
    assert links(run) == [f"run={run.id}"]


# The workers


def test_workers_that_start_are_waited_for(
    open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.add(epochs=STEADY)
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("starting"))
    app = open_page("draw")
    (info,) = app.info
    assert "being loaded" in info.value
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("ready"))
    app.run()
    assert not app.exception
    assert not app.info


def test_workers_that_cannot_start_are_reported(
    open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.add(epochs=STEADY)
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("failed", PICTURE))
    app = open_page("draw")
    (warning,) = app.warning
    assert PICTURE in plain(warning.value)
    assert "![" not in warning.value


def test_every_choice_is_explained(open_page: Open, runs: Runs) -> None:
    runs.add(epochs=STEADY)
    app = open_page("draw")
    (uploader,) = app.get("file_uploader")
    for widget in (*app.selectbox, *app.multiselect, uploader):
        assert widget.proto.label
        assert widget.proto.help, widget.proto.label


def test_the_public_keys_stay(open_page: Open, runs: Runs) -> None:
    runs.add(epochs=STEADY)
    app = open_page("draw")
    assert app.selectbox(key="draw-run")
    assert app.button(key="draw-clear")
    assert (keys.CANVAS, keys.RESULT) == ("draw-canvas", "draw-result")
    canvas = str(components(app)[0].proto)
    app.button(key="draw-clear").click().run()
    assert str(components(app)[0].proto) != canvas, "Clear takes a new canvas"
