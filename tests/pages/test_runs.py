"""The Runs page: every run, what came of it, and what can be done with it."""

from dataclasses import replace
from pathlib import Path

import pytest

from mnist_core.errors import UnknownRunError
from mnist_core.examples import listed_examples
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import RunStatus, Store
from mnist_core.studies.crossvalidation import queue_folds
from ui.common.lab import lab
from ui.runs import keys

from .conftest import Open, Runs, plain, said


def test_without_a_run_it_points_to_the_start(open_page: Open) -> None:
    app = open_page("runs")
    assert not app.exception
    assert [link.proto.page for link in app.get("page_link")] == [""], "the start page"


@pytest.mark.parametrize("status", RunStatus)
@pytest.mark.parametrize("epochs", [0, 50])
def test_a_run_in_any_status_is_listed(
    status: RunStatus, epochs: int, open_page: Open, runs: Runs
) -> None:
    run = runs.add(status, epochs=epochs, name="my run", message="Why it is so.")
    app = open_page("runs")
    words = said(app)
    assert not app.exception
    assert not app.error
    assert "my run" in words
    assert status.value.capitalize() in words
    assert "Two\N{NO-BREAK SPACE}hidden\N{NO-BREAK SPACE}units" in words
    assert run.id in app.get("page_link")[0].proto.query_string
    assert app.button(key=f"delete-{run.id}").disabled == status.is_active
    if run.message:
        assert "Why it is so." in plain(words)


def test_the_figures_of_a_run(open_page: Open, runs: Runs) -> None:
    runs.add(RunStatus.FINISHED, epochs=50)
    words = plain(said(open_page("runs")))
    assert "50 / 1,000" in words
    assert "**1.000** best · 1.900 last" in words
    assert "**80.0%** best · 77.0% last" in words
    assert "78.9%" in words
    assert "trained 1:15" in words


def test_the_folds_of_a_cross_validation_share_a_card(
    open_page: Open, runs: Runs, store: Store
) -> None:
    runs.add()
    assert "All folds" not in [link.proto.label for link in open_page("runs").get("page_link")]
    tag = queue_folds(store, PRESETS["boston"].config, 2, name="fold {fold}")
    app = open_page("runs")
    assert not app.exception
    (link,) = [link.proto for link in app.get("page_link") if link.proto.label == "All folds"]
    assert tag in link.query_string
    (name,) = [words for words in said(app).splitlines() if "of 2 folds" in words]
    # Another name for one fold is no other name for the study.
    store.rename(store.tagged(tag)[0].id, "mine alone")
    app.run()
    assert name in said(app).splitlines() and "mine alone" in said(app)
    app.button(key=keys.stop(tag)).click().run()
    assert {run.status for run in store.tagged(tag)} == {RunStatus.STOPPED}


def test_a_queued_run_has_its_place_and_can_be_stopped_from_its_card(
    open_page: Open, runs: Runs, store: Store
) -> None:
    first, second = (store.create(PRESETS["mlp-512"].config) for _ in range(2))
    app = open_page("runs")
    assert "Number 1 in" in said(app) and "Number 2 in" in said(app)
    app.button(key=keys.stop(first.id)).click().run()
    assert not app.exception
    assert store.get(first.id).status is RunStatus.STOPPED
    assert store.queue_position(second.id) == 1
    assert "Number 1 in" in said(app) and "Number 2 in" not in said(app)


@pytest.mark.usefixtures("with_examples")
def test_an_example_can_be_hidden_and_shown_again_and_nothing_else(open_page: Open) -> None:
    app = open_page("runs")
    assert not app.exception
    store = lab.store
    example, *others = listed_examples(store)
    buttons = {button.key for button in app.button}
    assert keys.hide(example.id) in buttons and keys.EXAMPLES_SHOW not in buttons
    forbidden = {keys.rename(example.id), keys.delete(example.id)}
    assert not buttons & (forbidden | {keys.stop(example.id)})
    app.button(key=keys.hide(example.id)).click().run()
    assert [run.id for run in listed_examples(store)] == [run.id for run in others]
    assert keys.hide(example.id) not in {button.key for button in app.button}
    app.button(key=keys.EXAMPLES_SHOW).click().run()
    assert not app.exception
    assert len(store.examples()) == len(others) + 1


def test_the_whole_configuration_of_a_run(open_page: Open, runs: Runs) -> None:
    config = replace(
        PRESETS["overfit-700"].config, sampling="stratified", patience=5, min_delta=0.002
    )
    runs.add(config=config)
    assert (
        "Two hidden units · 700 training samples · 1,000 epochs · 300 validation samples · "
        "SGD at 0.01 · batches of 10 · seed 3 · stratified sampling · "
        "early stopping, patience 5 · minimum improvement 0.002 · started"
    ) in said(open_page("runs")).replace("\N{NO-BREAK SPACE}", " ")


def test_the_newest_run_comes_first_and_older_ones_can_be_reached(
    open_page: Open, runs: Runs
) -> None:
    for number in range(1, 15):
        runs.add(epochs=0, name=f"run number {number}")
    app = open_page("runs")
    names = [text.value for text in app.markdown if text.value.startswith("**run")]
    assert names[0] == "**run number 14**"
    assert len(names) == 12
    app.button(key="runs-older").click().run()
    names = [text.value for text in app.markdown if text.value.startswith("**run")]
    assert names == ["**run number 2**", "**run number 1**"]
    assert app.button(key="runs-older").disabled
    app.button(key="runs-newer").click().run()
    assert "run number 14" in said(app)


def test_after_the_last_run_of_a_page_is_deleted_the_newest_are_shown(
    open_page: Open, runs: Runs
) -> None:
    ids = [runs.add(epochs=0, name=f"run number {number}").id for number in range(13)]
    app = open_page("runs")
    app.button(key="runs-older").click().run()
    runs.store.delete(ids[0])
    app.run()
    assert "run number 12" in said(app)


def test_a_name_is_shown_as_it_was_written(open_page: Open, runs: Runs) -> None:
    runs.add(name="a*b* [x](y) :red[z]")
    words = said(open_page("runs"))
    assert "a*b* [x](y) :red[z]" in plain(words) and ":red[" not in words


def test_renaming(open_page: Open, runs: Runs) -> None:
    run = runs.add(name="old")
    app = open_page("runs")
    app.button(key=f"rename-{run.id}").click().run()
    app.text_input[0].input("new name")
    app.button(key="rename-confirm").click().run()
    assert not app.exception
    assert runs.store.get(run.id).name == "new name"


def test_an_empty_name_is_refused_with_a_sentence(open_page: Open, runs: Runs) -> None:
    run = runs.add(name="old")
    app = open_page("runs")
    app.button(key=f"rename-{run.id}").click().run()
    app.text_input[0].input("   ")
    app.button(key="rename-confirm").click().run()
    assert len(app.error) == 1
    app = open_page("runs")
    app.button(key=f"rename-{run.id}").click().run()
    app.text_input[0].input("n" * 300)
    app.button(key="rename-confirm").click().run()
    assert "300" in app.error[0].value
    assert runs.store.get(run.id).name == "old"


def test_deleting_asks_first(open_page: Open, runs: Runs) -> None:
    run = runs.add(name="mine")
    app = open_page("runs")
    app.button(key=f"delete-{run.id}").click().run()
    assert "**mine**" in said(app) and "50 epochs" in said(app)
    assert runs.store.get(run.id)
    app.button(key="delete-cancel").click().run()
    assert runs.store.get(run.id)
    app.button(key=f"delete-{run.id}").click().run()
    app.button(key="delete-confirm").click().run()
    with pytest.raises(UnknownRunError):
        runs.store.get(run.id)
    assert not [button for button in app.button if button.key == keys.delete(run.id)]


def test_a_store_that_cannot_be_opened_is_a_sentence(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "damaged"
    home.mkdir()
    (home / "runs.db").write_text("this is no database" * 100, "utf-8")
    monkeypatch.setenv("MNIST_LAB_HOME", str(home))
    app = open_page("runs")
    assert not app.exception
    assert "is damaged, or not a database" in app.error[0].value
    # Nothing of it is kept: with another home, the page is well again.
    monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path / "sound"))
    app.run()
    assert not app.error


@pytest.mark.parametrize("count", [0, 2])
def test_a_page_of_the_list_that_is_gone_gives_way_to_the_first(
    count: int, open_page: Open, runs: Runs
) -> None:
    """As after many deletions in another tab."""
    for number in range(count):
        runs.add(epochs=0, name=f"run number {number}")
    app = open_page("runs")
    app.session_state[keys.PAGE.key] = 7
    app.run()
    assert not app.exception
    names = [text.value for text in app.markdown if text.value.startswith("**run")]
    assert names == [f"**run number {number}**" for number in reversed(range(count))]
    links = [link.proto.page for link in app.get("page_link")]
    assert (links == [""]) == (count == 0), "a link to the start page"
    assert app.session_state[keys.PAGE.key] == 0


def test_every_button_of_a_run_is_explained(open_page: Open, runs: Runs) -> None:
    runs.add(RunStatus.FINISHED)
    runs.add(RunStatus.RUNNING)
    buttons = open_page("runs").button
    assert len(buttons) == 4
    for button in buttons:
        assert button.proto.help, button.label


@pytest.mark.parametrize("page", ["runs", "train", "models"])
@pytest.mark.parametrize(
    ("preset", "tried_on"), [("overfit-700", ["draw"]), ("imdb", ["ask"]), ("fashion", [])]
)
def test_a_network_is_tried_where_its_task_can_be(
    preset: str, tried_on: list[str], page: str, open_page: Open, runs: Runs
) -> None:
    run = runs.add(preset=preset)
    app = open_page(page) if page == "runs" else open_page(page, run=run.id)
    assert not app.exception
    links = [link.proto for link in app.get("page_link")]
    tried = [link for link in links if link.page in ("draw", "ask")]
    assert [link.page for link in tried] == tried_on
    assert all(link.query_string == f"run={run.id}" for link in tried)
