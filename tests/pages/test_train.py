"""The Train page: choose, change, start, command, watch, and read the result."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.evaluation.overfitting import CRITERIA
from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.experiment.config import LIMITS
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Command, Run, RunStatus, Store
from mnist_core.runs.queue import RunQueue
from mnist_core.tasks import task
from mnist_core.workers.engine import EngineState
from tests.waiting import until
from ui.common import idempotency, session
from ui.common.lab import lab
from ui.common.setting_labels import FIELDS
from ui.runs import keys
from ui.train import keys as train_keys

from .conftest import Open, Runs, components, plain, record, said

FIRST = PRESETS["overfit-700"]
SETTINGS = [name for name in FIELDS if name not in ("patience", "min_delta")]


def values(app: AppTest) -> dict[str, object]:
    """What the widgets of the settings say, by their keys."""
    widgets = [*app.selectbox, *app.number_input, *app.slider, *app.toggle]
    return {widget.key: widget.value for widget in widgets}


def buttons(app: AppTest) -> dict[str, bool]:
    """Whether each of a run's buttons can be pressed."""
    return {
        name: not app.button(key=f"train-{name}").disabled for name in ("pause", "step", "stop")
    }


def commands(runs: Runs, run_id: str) -> list[tuple[Command, float | None]]:
    return runs.writers[run_id].commands()


# Settings


def test_the_first_visit_shows_the_first_experiment(open_page: Open) -> None:
    app = open_page("train")
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="train-preset").value == "overfit-700"
    options = app.selectbox(key="train-preset").options
    for option, (key, preset) in zip(options, PRESETS.items(), strict=True):
        # What follows marks a data set that is not here.
        assert option.startswith(f"{key} — {preset.label}")
    assert FIRST.look_for in said(app)
    assert buttons(app) == {"pause": False, "step": False, "stop": False}
    assert not app.button(key="train-start").disabled


def test_the_chart_stands_in_its_container(open_page: Open) -> None:
    app = open_page("train")
    (container,) = (
        block
        for block in app.get("flex_container")
        if block.proto.id.endswith("live-chart") or "live-chart" in str(block.proto)
    )
    assert [child.type for child in container.children.values()] == ["bidi_component"]


def test_every_widget_is_explained(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.RUNNING)
    app = open_page("train", run=run.id)
    app.toggle(key="train-stop-early").set_value(True)
    app.number_input(key="train-epochs").set_value(7).run()
    widgets = [*app.selectbox, *app.number_input, *app.slider, *app.toggle]
    widgets += [*app.get("button_group")]
    # Start, Pause and Stop: the experiment's help explains them (see ui/train/run.py).
    bare = {"train-start", "train-pause", "train-stop"}
    widgets += [button for button in app.button if button.key not in bare]
    (popover,) = (block.proto.popover for block in app.get("popover"))
    protos = [widget.proto for widget in widgets] + [popover]
    assert len(protos) > 20
    for proto in protos:
        assert proto.label
        assert proto.help, proto.label
    for word in ("Start", "Pause", "Stop"):
        assert f"**{word}**" in app.selectbox(key="train-preset").proto.help


PICTURE = "![seen](http://host.example/a.png) :red[loud] <b>"


@pytest.mark.parametrize("name", ["run", "preset"])
def test_what_an_address_says_stays_text(name: str, open_page: Open) -> None:
    (error,) = open_page("train", **{name: PICTURE}).error
    for sign in ("![", "](", " :red", "http:", " <b"):
        assert sign not in error.value
        assert sign in plain(error.value)
    assert "Choose " in error.value, "the remedy"


def test_what_a_worker_or_the_engine_says_stays_text(
    open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("failed", PICTURE))
    runs.add(RunStatus.FAILED, message=PICTURE)
    for page in ("train", "runs"):
        words = said(open_page(page))
        assert "![" not in words
        assert PICTURE in plain(words)


@pytest.mark.parametrize("key", PRESETS)
def test_the_address_chooses_an_experiment_and_fills_in_its_settings(
    key: str, open_page: Open
) -> None:
    app = open_page("train", preset=key)
    assert not app.error
    assert app.selectbox(key="train-preset").value == key
    shown = values(app)
    config = PRESETS[key].config
    absent = {"momentum"} if config.optimizer != "sgd" else set()
    if task(config.task).inputs != "images":
        absent |= {"pixel_scaling", "augmentation"}
    if task(config.task).is_number:
        absent |= {"sampling", "label_noise"}
    for name in SETTINGS:
        if name in absent:
            assert f"train-{name.replace('_', '-')}" not in shown
        else:
            assert shown[f"train-{name.replace('_', '-')}"] == getattr(PRESETS[key].config, name)
    assert "Changed from the preset" not in said(app)


def test_a_link_to_an_experiment_chooses_it_whatever_was_shown_between(
    open_page: Open, runs: Runs
) -> None:
    run = runs.add(preset="overfit-700")
    app = open_page("train", preset="softmax")
    app.query_params.clear()
    app.query_params["run"] = run.id
    app.run()
    assert app.selectbox(key="train-preset").value == "overfit-700"
    app.query_params.clear()
    app.query_params["preset"] = "softmax"
    app.run()
    assert app.selectbox(key="train-preset").value == "softmax"
    assert values(app)["train-architecture"] == "softmax"


def test_an_experiment_in_the_address_outdoes_the_run_beside_it(
    open_page: Open, runs: Runs
) -> None:
    """As after a refresh, when another experiment was chosen while a run is shown."""
    run = runs.add(preset="overfit-700", name="mine")
    app = open_page("train", preset="softmax", run=run.id)
    assert "mine" in said(app)
    assert app.selectbox(key="train-preset").value == "softmax"
    assert values(app)["train-architecture"] == "softmax"


def test_choosing_an_experiment_fills_in_its_settings_and_the_address(open_page: Open) -> None:
    app = open_page("train", preset="lenet")
    app.selectbox(key="train-preset").select("softmax").run()
    assert values(app)["train-architecture"] == "softmax"
    assert values(app)["train-learning-rate"] == 1e-4
    assert app.query_params["preset"] == "softmax"


def test_an_unknown_preset_is_one_sentence_and_the_page_works(
    open_page: Open, store: Store
) -> None:
    app = open_page("train", preset="overfit-70")
    (error,) = app.error
    assert "overfit-70" in plain(error.value)
    assert all(key in plain(error.value) for key in PRESETS)
    assert "Did you mean overfit-700?" in plain(error.value)
    app.button(key="train-start").click().run()
    assert not app.error
    assert store.list_runs()[0].preset == "overfit-700"


def test_limits_are_those_of_the_core(open_page: Open) -> None:
    app = open_page("train")
    app.toggle(key="train-stop-early").set_value(True).run()
    for name in LIMITS.keys() - {"folds", "fold"}:
        limit = LIMITS[name]
        key = f"train-{name.replace('_', '-')}"
        if name == "label_noise":
            assert (app.slider(key=key).min, app.slider(key=key).max) == (limit.low, limit.high)
            continue
        # A limit in the browser would keep the old number behind the one that is shown.
        whole = isinstance(limit.low, int)
        sent = app.number_input(key=key)
        assert sent.min is None and sent.max is None
        before = sent.value
        sent.set_value(limit.high + 1).run()
        ends = (f"{end:,}" if whole else f"{end:g}" for end in (limit.low, limit.high))
        assert ":red[" in said(app) and "from {} to {}.".format(*ends) in said(app)
        written = f"{limit.high + 1:,}" if whole else str(limit.high + 1)
        assert f"is {written}" in plain(app.error[0].value)
        app.number_input(key=key).set_value(before).run()
        assert ":red[" not in said(app)


def test_early_stopping_begins_with_a_patience(open_page: Open, store: Store) -> None:
    app = open_page("train")
    app.toggle(key="train-stop-early").set_value(True).run()
    patience = app.number_input(key="train-patience").value
    assert patience >= 1
    app.button(key="train-start").click().run()
    assert store.list_runs()[0].config.patience == patience


def test_what_is_shown_is_what_is_trained(open_page: Open, store: Store) -> None:
    app = open_page("train")
    app.number_input(key="train-epochs").set_value(99_999).run()
    assert not app.exception
    assert values(app)["train-epochs"] == 99_999
    assert app.button(key="train-start").disabled
    app.number_input(key="train-epochs").set_value(7).run()
    app.button(key="train-start").click().run()
    assert store.list_runs()[0].config.epochs == 7


def test_a_new_rate_that_cannot_be_is_not_sent(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.RUNNING)
    app = open_page("train", run=run.id)
    app.number_input(key="train-new-rate").set_value(11.0).run()
    app.button(key="train-set-rate").click().run()
    assert not app.exception
    assert "“Learning rate” is 11" in app.error[0].value
    assert commands(runs, run.id) == []


def test_a_task_s_own_limits_hold_for_its_settings(open_page: Open) -> None:
    app = open_page("train", preset="boston")
    for key in ("train-train-size", "train-validation-size"):
        app.number_input(key=key).set_value(405).run()
        assert "to 404." in said(app)
        app.number_input(key=key).set_value(50).run()
        assert "to 404." not in said(app)
    assert app.selectbox(key="train-architecture").options == [ARCHITECTURES["table-64-64"].label]


def test_another_preset_leaves_nothing_of_the_one_before(open_page: Open, store: Store) -> None:
    app = open_page("train", preset="softmax")  # raw pixels, 50,000 of them
    app.slider(key="train-label-noise").set_value(0.2).run()
    app.selectbox(key="train-preset").select("boston").run()
    app.button(key="train-start").click().run()
    assert not app.error and not app.exception
    assert store.list_runs()[0].config == PRESETS["boston"].config


def test_what_was_changed_is_said_and_can_be_taken_back(open_page: Open) -> None:
    app = open_page("train", preset="softmax")
    app.number_input(key="train-epochs").set_value(7)
    app.slider(key="train-label-noise").set_value(0.2).run()
    changed = plain(said(app))
    assert "Epochs 50 → **7**" in changed
    assert "Label noise 0% → **20%**" in changed
    app.button(key="train-reset").click().run()
    assert "Changed from the preset" not in said(app)
    assert values(app)["train-epochs"] == 50


def test_settings_survive_a_visit_to_another_page(open_page: Open) -> None:
    app = open_page("train")
    app.number_input(key="train-epochs").set_value(123).run()
    app.switch_page("../../pages/runs.py").run()
    app.switch_page("../../pages/train.py").run()
    assert values(app)["train-epochs"] == 123


def test_a_usual_learning_rate_follows_the_optimizer(open_page: Open) -> None:
    app = open_page("train")
    app.selectbox(key="train-optimizer").select("adam").run()
    assert values(app)["train-learning-rate"] == 0.001
    app.number_input(key="train-learning-rate").set_value(0.02).run()
    app.selectbox(key="train-optimizer").select("sgd").run()
    assert values(app)["train-learning-rate"] == 0.02


# Start


def test_start_writes_the_run_and_shows_it(open_page: Open, store: Store) -> None:
    app = open_page("train", preset="softmax")
    app.button(key="train-start").click().run()
    (run,) = store.list_runs()
    assert not app.exception
    assert (run.name, run.preset, run.config) == ("softmax", "softmax", PRESETS["softmax"].config)
    assert app.query_params == {"run": run.id}
    assert buttons(app) == {"pause": False, "step": False, "stop": True}


def test_every_setting_reaches_the_run(open_page: Open, store: Store) -> None:
    app = open_page("train")
    wanted = replace(
        FIRST.config,
        architecture="relu-512",
        train_size=800,
        validation_size=400,
        epochs=12,
        learning_rate=0.05,
        momentum=0.9,
        batch_size=20,
        seed=11,
        pixel_scaling="raw",
        sampling="stratified",
        label_noise=0.25,
        augmentation="handwriting",
        patience=5,
        min_delta=0.002,
        histograms="on",
    )
    app.toggle(key="train-stop-early").set_value(True).run()
    for key, widget in {
        w.key: w for w in [*app.selectbox, *app.number_input, *app.slider] if w.key
    }.items():
        field = key.removeprefix("train-").replace("-", "_")
        if hasattr(wanted, field):
            widget.set_value(getattr(wanted, field))
    app.button(key="train-start").click().run()
    (run,) = store.list_runs()
    assert run.config == wanted
    assert run.preset is None
    assert run.name == "overfit-700, changed"


def test_a_double_click_starts_one_run(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "REPEAT_SECONDS", math.inf)  # the machine may be slow
    app = open_page("train")
    app.button(key="train-start").click().run()
    app.button(key="train-start").click().run()
    assert len(store.list_runs()) == 1
    # Other settings are another decision, and so is the same one after a while.
    app.number_input(key="train-seed").set_value(4).run()
    app.button(key="train-start").click().run()
    assert len(store.list_runs()) == 2
    monkeypatch.setattr(idempotency, "REPEAT_SECONDS", -1.0)
    app.button(key="train-start").click().run()
    assert len(store.list_runs()) == 3


@pytest.mark.parametrize("stopped_here", [True, False])
def test_a_start_after_a_stop_is_another_run(
    stopped_here: bool, open_page: Open, store: Store
) -> None:
    app = open_page("train")
    app.button(key="train-start").click().run()
    (first,) = store.list_runs()
    if stopped_here:
        app.button(key="train-stop").click().run()
    else:
        store.command(first.id, Command.STOP)
    app.button(key="train-start").click().run()
    assert len(store.list_runs()) == 2
    assert app.query_params["run"] != first.id


def test_a_start_while_the_stop_is_on_its_way_is_another_run(open_page: Open, runs: Runs) -> None:
    app = open_page("train")
    app.button(key="train-start").click().run()
    (first,) = runs.store.list_runs()
    RunQueue(runs.store.database).claim(first.id)  # a worker trains it, and has not heard yet
    app.button(key="train-stop").click().run()
    app.button(key="train-start").click().run()
    assert len(runs.store.list_runs()) == 2


def test_start_is_open_while_another_run_trains(open_page: Open, runs: Runs) -> None:
    shown = runs.add(RunStatus.RUNNING)
    app = open_page("train", run=shown.id)
    app.button(key="train-start").click().run()
    assert len(runs.store.list_runs()) == 2
    assert app.query_params["run"] != shown.id
    assert runs.store.get(shown.id).status is RunStatus.RUNNING


def test_settings_that_do_not_go_together_are_one_sentence(open_page: Open) -> None:
    app = open_page("train", preset="softmax")
    app.number_input(key="train-train-size").set_value(55_000).run()
    assert app.button(key="train-start").disabled
    (error,) = app.error
    assert "“Training samples” 55,000 and “Validation samples” 10,000" in error.value
    assert "5,000" in error.value
    assert values(app)["train-train-size"] == 55_000
    app.number_input(key="train-train-size").set_value(1_000).run()
    assert not app.error


def test_a_store_that_cannot_be_written_is_one_sentence(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train")
    app.number_input(key="train-epochs").set_value(5).run()
    with store.database.writing() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    app.button(key="train-start").click().run()
    assert not app.exception
    assert len(app.error) == 1
    assert values(app)["train-epochs"] == 5


def test_workers_that_cannot_start_are_told_of(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder", "utf-8")
    monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path / "file" / "home"))
    lab.start_engine()
    until(lambda: lab.engine_state().phase == "failed")
    app = open_page("train")
    assert lab.engine_state().message in plain(app.warning[0].value)


@pytest.mark.parametrize("page", ["train", "runs", "start"])
def test_a_store_that_cannot_be_written_is_told_of_and_no_state_is_made_up(
    page: str, open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("ready", "disk is full"))
    run = runs.add(RunStatus.RUNNING)
    app = open_page(page, run=run.id)
    assert not app.exception
    (warning,) = app.warning
    assert "disk is full" in warning.value
    if page == "runs":
        assert "Interrupted" not in plain(str(app.main))
        assert app.button(key=keys.delete(run.id)).disabled


# A run


@pytest.mark.parametrize("status", RunStatus)
@pytest.mark.parametrize("epochs", [0, 50])
def test_a_run_in_any_status_is_shown(
    status: RunStatus, epochs: int, open_page: Open, runs: Runs
) -> None:
    run = runs.add(status, epochs=epochs, name="mine", message="Why it is so.")
    app = open_page("train", run=run.id)
    at_work = status in (RunStatus.RUNNING, RunStatus.PAUSED)
    assert not app.exception
    assert not app.error
    assert "mine" in said(app)
    assert buttons(app) == {"pause": at_work, "step": at_work, "stop": status.is_active}
    assert app.button(key="train-pause").label == (
        "Resume" if status is RunStatus.PAUSED else "Pause"
    )
    assert ("What to look for" in said(app)) == status.is_active


def test_a_change_between_the_buttons_and_the_chart_is_not_missed(
    open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker takes up the run just when the buttons have been drawn for a queued one."""
    run = runs.add(RunStatus.QUEUED)
    get = Store.get

    def get_and_claim(store: Store, run_id: str) -> Run:
        found = get(store, run_id)
        RunQueue(store.database).claim(run_id)
        return found

    monkeypatch.setattr(Store, "get", get_and_claim)
    app = open_page("train", run=run.id)
    assert buttons(app) == {"pause": False, "step": False, "stop": True}
    (chart,) = components(app)
    known = json.loads(chart.proto.json)
    assert (known["known_status"], known["known_version"]) == ("queued", run.version)


def test_an_unknown_run_is_one_sentence(open_page: Open, runs: Runs) -> None:
    app = open_page("train", run="0" * 32)
    (error,) = app.error
    assert "0" * 32 in error.value
    app.button(key="train-start").click().run()
    assert not app.error
    assert app.query_params["run"] == runs.store.list_runs()[0].id


def test_a_run_brings_its_settings_with_it(open_page: Open, runs: Runs) -> None:
    config = replace(PRESETS["softmax"].config, epochs=3, pixel_scaling="unit")
    run = runs.add(config=config, preset=None)
    app = open_page("train", run=run.id)
    assert app.selectbox(key="train-preset").value == "softmax"
    assert "Epochs 50 → **3**" in said(app)
    assert "Pixel values" in said(app)


def test_the_run_watched_last_is_shown_again(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.RUNNING, name="mine")
    app = open_page("train", run=run.id)
    app.switch_page("../../pages/start.py").run()
    app.query_params.clear()
    app.switch_page("../../pages/train.py").run()
    assert "mine" in said(app)
    assert app.query_params["run"] == run.id


def test_a_deleted_run_is_not_missed(open_page: Open, runs: Runs) -> None:
    run = runs.add()
    app = open_page("train", run=run.id)
    runs.store.delete(run.id)
    app.query_params.clear()
    app.run()
    assert not app.error
    assert FIRST.look_for in said(app)


def test_the_buttons_reach_the_worker(
    open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.train.run._COMMAND_SECONDS", 0.0)
    run = runs.add(RunStatus.RUNNING)
    app = open_page("train", run=run.id)
    app.button(key="train-pause").click().run()
    runs.writers[run.id].set_status(RunStatus.PAUSED)
    app.run()
    app.button(key="train-step").click().run()
    app.button(key="train-pause").click().run()
    app.number_input(key="train-new-rate").set_value(0.003).run()
    app.button(key="train-set-rate").click().run()
    app.button(key="train-stop").click().run()
    assert commands(runs, run.id) == [
        (Command.PAUSE, None),
        (Command.STEP, None),
        (Command.RESUME, None),
        (Command.LEARNING_RATE, 0.003),
        (Command.STOP, None),
    ]


def test_a_double_click_on_pause_does_not_resume(
    open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.train.run._COMMAND_SECONDS", 60.0)
    run = runs.add(RunStatus.RUNNING)
    app = open_page("train", run=run.id)
    app.button(key="train-pause").click().run()
    runs.writers[run.id].set_status(RunStatus.PAUSED)
    app.run()
    app.button(key="train-pause").click().run()
    assert commands(runs, run.id) == [(Command.PAUSE, None)]


def test_a_queued_run_is_stopped_at_once(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.QUEUED)
    app = open_page("train", run=run.id)
    app.button(key="train-stop").click().run()
    assert runs.store.get(run.id).status is RunStatus.STOPPED
    assert buttons(app) == {"pause": False, "step": False, "stop": False}


def test_a_command_to_a_deleted_run_is_one_sentence(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.QUEUED)
    app = open_page("train", run=run.id)
    runs.store.command(run.id, Command.STOP)
    runs.store.delete(run.id)
    app.button(key="train-stop").click().run()
    assert not app.exception
    assert len(app.error) == 2, "the command's failure, and the address's"
    for error in app.error:
        assert run.id in error.value


# The result


def test_the_result_in_words_and_figures(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.STOPPED, epochs=50)
    app = open_page("train", run=run.id)
    words = said(app)
    assert "Stopped after epoch 50" in words
    assert "best epoch is 20" in words
    assert "rose from 1.000 to 1.900" in words
    assert "78.9%" in words
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures == {
        "Best epoch": "20",
        "Validation loss at best epoch": "1.000",
        "Validation accuracy at best epoch": "80.0%",
        "Test accuracy": "78.9%",
    }


def test_one_click_trains_what_is_proposed_after_a_run(open_page: Open, runs: Runs) -> None:
    run = runs.add(preset="overfit-700")
    app = open_page("train", run=run.id)
    app.button(key="next-more-data").click().run()
    assert not app.exception and not app.error
    started = runs.store.list_runs()[0]
    assert started.config == replace(FIRST.config, train_size=7_000)
    assert started.name == "overfit-700, training samples 7,000"
    assert app.query_params["run"] == started.id
    assert values(app)["train-train-size"] == 7_000
    assert buttons(app)["stop"]


def test_the_chart_says_when_the_settings_are_not_those_of_its_run(
    open_page: Open, runs: Runs
) -> None:
    run = runs.add(preset="overfit-700")
    app = open_page("train", run=run.id)
    back = "train-run-settings"
    assert back not in {button.key for button in app.button}
    app.number_input(key="train-train-size").set_value(7_000).run()
    assert "Training samples 700 → **7,000**" in plain(said(app))
    app.button(key=back).click().run()
    assert values(app)["train-train-size"] == 700
    assert back not in {button.key for button in app.button}


def test_a_stopped_run_can_be_resumed(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.STOPPED, epochs=0)
    app = open_page("train", run=run.id)
    app.button(key="train-resume").click().run()
    assert not app.exception and not app.error
    assert runs.store.get(run.id).status is RunStatus.QUEUED
    assert "train-resume" not in {button.key for button in app.button}
    assert "Number 1 in the queue" in said(app)


def test_how_long_it_takes_is_said_before_the_start(open_page: Open) -> None:
    app = open_page("train")
    few = said(app)
    assert "on this machine" in few
    app.number_input(key="train-epochs").set_value(20_000).run()
    assert "on this machine" in said(app)
    assert said(app) != few
    app.number_input(key="train-epochs").set_value(20_001).run()
    assert "on this machine" not in said(app)


def test_before_a_training_the_example_of_the_experiment_is_shown(
    with_examples: None, open_page: Open, store: Store
) -> None:
    examples = {run.example: run for run in store.examples()}

    def shown_run(app: AppTest) -> str | None:
        (chart,) = components(app)
        return json.loads(chart.proto.json)["run"]

    app = open_page("train")
    assert shown_run(app) == examples["overfit-700"].id
    assert "run" not in app.query_params
    assert buttons(app) == {"pause": False, "step": False, "stop": False}
    app.selectbox(key="train-preset").select("mlp-512").run()
    assert shown_run(app) == examples["mlp-512"].id
    app.selectbox(key="train-preset").select("lenet").run()
    assert shown_run(app) is None
    app.button(key="train-start").click().run()
    assert shown_run(app) == store.list_runs()[0].id


def test_no_overfitting_is_a_result_too(open_page: Open, runs: Runs) -> None:
    run = runs.add(epochs=20)
    words = said(open_page("train", run=run.id))
    assert "still falling at the end" in words
    nearly = runs.add(epochs=23)
    words = said(open_page("train", run=nearly.id))
    assert "underfits" in words


def test_a_loss_that_is_no_number_leaves_the_figures_of_the_best_epoch(
    open_page: Open, runs: Runs
) -> None:
    run = runs.add(RunStatus.RUNNING, epochs=20)
    lost = replace(record(21), loss=math.nan, val_loss=math.nan)
    writer = runs.writers[run.id]
    writer.append([lost], best_epoch=20, progress=None, active_seconds=80.0)
    writer.set_status(RunStatus.FAILED, "The loss is no number.")
    writer.release()
    app = open_page("train", run=run.id)
    assert not app.exception
    assert [metric.value for metric in app.metric] == ["20", "1.000", "80.0%", "–"]
    assert not any(metric.delta for metric in app.metric)
    assert "1.000** best · – last" in said(open_page("runs"))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_the_criterion_can_be_changed_without_training_again(
    criterion: str, open_page: Open, runs: Runs
) -> None:
    run = runs.add(epochs=50)
    app = open_page("train", run=run.id)
    app.selectbox(key="chart-criterion").select(criterion).run()
    assert not app.exception
    assert "best epoch is 20" in said(app)
    assert len(runs.store.list_runs()) == 1


def test_the_chart_can_be_set(open_page: Open, runs: Runs) -> None:
    app = open_page("train", run=runs.add().id)
    app.slider(key="chart-smoothing").set_value(0.9)
    app.get("button_group")[0].set_value("log")
    app.get("button_group")[1].set_value(["val_loss"]).run()
    assert not app.exception
    (chart,) = components(app)
    data = json.loads(chart.proto.json)
    assert (data["smoothing"], data["log_loss"], data["series"]) == (0.9, True, ["val_loss"])


def chart_data(app: AppTest) -> dict:
    (chart,) = [one for one in components(app) if one.proto.component_name.endswith("live_chart")]
    return json.loads(chart.proto.json)


def test_the_previous_run_stays_behind_the_next_one(
    open_page: Open, runs: Runs, store: Store
) -> None:
    before = runs.add(name="before")
    app = open_page("train", run=before.id)
    size = session.field("train_size").key
    app.number_input(key=size).set_value(5000).run()
    app.button(key=train_keys.START).click().run()
    assert not app.exception
    (started,) = [run for run in store.list_runs() if run.id != before.id]
    assert before.id in app.query_params["against"]
    assert chart_data(app)["reference"]["id"] == before.id
    runs.train(started, RunStatus.FINISHED, epochs=40)
    # A link shows the same, and says what the change did.
    linked = open_page("train", run=started.id, against=before.id)
    assert chart_data(linked)["reference"]["id"] == before.id
    words = plain(said(linked))
    assert "700 → **5,000**" in words and "80.0% → **80.0%**" in words and "20 → **20**" in words
    linked.button(key=train_keys.HIDE_REFERENCE).click().run()
    assert chart_data(linked)["reference"] is None and "against" not in linked.query_params


def test_a_pinned_run_stays_behind_every_run_of_its_task(
    open_page: Open, runs: Runs, store: Store
) -> None:
    first, second = runs.add(name="first"), runs.add(name="second")
    app = open_page("train", run=second.id, against=first.id)
    app.button(key=train_keys.PIN).click().run()
    app.button(key=train_keys.START).click().run()
    assert first.id in app.query_params["against"]
    (started,) = [run for run in store.list_runs() if run.id not in (first.id, second.id)]
    assert chart_data(app)["run"] == started.id


@pytest.mark.parametrize("against", ["0" * 32, "../x", "", "itself", "other task"])
def test_a_run_that_cannot_stand_behind_another_is_left_out(
    open_page: Open, runs: Runs, against: str
) -> None:
    run = runs.add()
    ids = {"itself": run.id, "other task": runs.add(preset="boston").id}
    app = open_page("train", run=run.id, against=ids.get(against, against))
    assert not app.exception
    assert chart_data(app)["reference"] is None
