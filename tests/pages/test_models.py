"""The Models page without a browser: what is kept with a run, what is found, what is removed."""

from __future__ import annotations

import os
import time
import tomllib
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from mnist_core.runs import RunStatus, Store
from mnist_core.runs.artifacts import BEST_MODEL
from mnist_core.runs.schema import runs as table
from mnist_core.transfer import uploads
from mnist_core.transfer.keras_import.plan import MOST_BYTES
from mnist_core.transfer.uploads import EndedRun, add_ended, imported_config
from ui.common.formatting import architecture_label
from ui.common.lab import lab
from ui.models import keys

from .conftest import Open, Runs, plain, said

ROOT = Path(__file__).parents[2]
MARKDOWN = "![x](http://host.example/a.png) *loud*"


def labels(app: AppTest) -> list[str]:
    return list(app.selectbox(key="models-run").options)


def saved(app: AppTest) -> AppTest:
    return app.button(key="models-save").click().run()


def made_old(store: Store, run_id: str, days: float) -> None:
    with store.database.writing() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.id == run_id)
            .values(ended_at=time.time() - days * 86_400 - 60, version=table.c.version + 1)
        )


def test_without_a_model_it_says_so_and_offers_both_ways_to_one(open_page: Open) -> None:
    app = open_page("models")
    assert not app.exception
    assert "no trained network yet" in said(app)
    assert not app.selectbox
    assert app.file_uploader(key="models-upload")
    assert app.file_uploader(key="models-restore")
    assert app.button(key="models-take").disabled


def test_a_run_without_a_network_is_not_listed(open_page: Open, runs: Runs) -> None:
    runs.add(RunStatus.FAILED, name="failed")
    running = runs.add(RunStatus.RUNNING, name="running")
    runs.add(name="trained")
    app = open_page("models", run=running.id)
    assert not app.exception
    assert [label.split(" ·")[0] for label in labels(app)] == ["trained"]
    assert "running" in "".join(element.value for element in app.info)


def test_the_address_chooses_a_run_and_the_choice_is_in_the_address(
    open_page: Open, runs: Runs
) -> None:
    older, newer = runs.add(name="older"), runs.add(name="newer")
    app = open_page("models", run=older.id)
    assert app.selectbox(key="models-run").value == older.id
    assert app.text_input(key="models-name").value == "older"
    app.selectbox(key="models-run").set_value(newer.id).run()
    assert app.query_params["run"] in (newer.id, [newer.id])
    assert app.text_input(key="models-name").value == "newer"


def test_name_notes_tags_and_pin_are_kept(open_page: Open, runs: Runs, store: Store) -> None:
    run = runs.add(name="before")
    app = open_page("models")
    app.text_input(key="models-name").set_value("after " + MARKDOWN)
    app.text_area(key="models-notes").set_value("first\nsecond")
    app.toggle(key="models-pinned").set_value(True)
    saved(app)
    assert not app.exception
    found = store.get(run.id)
    assert (found.name, found.notes, found.pinned) == (
        "after " + MARKDOWN,
        "first\nsecond",
        True,
    )
    again = open_page("models")
    assert again.text_area(key="models-notes").value == "first\nsecond"
    assert labels(again)[0].startswith("📌 after")


def test_two_people_who_describe_one_run_lose_nothing(
    open_page: Open, runs: Runs, store: Store
) -> None:
    run = runs.add()
    mine, theirs = open_page("models", run=run.id), open_page("models", run=run.id)
    mine.text_area(key="models-notes").set_value("my notes").run()
    theirs.toggle(key="models-pinned").set_value(True)
    theirs.text_input(key="models-name").set_value("their name")
    theirs.button(key="models-save").click().run()
    mine.run()  # it shows what they said, and what I have typed
    assert mine.text_area(key="models-notes").value == "my notes"
    assert mine.text_input(key="models-name").value == "their name"
    mine.button(key="models-save").click().run()
    theirs.text_input(key="models-name").set_value("another name").run()
    theirs.button(key="models-save").click().run()
    found = store.get(run.id)
    assert (found.name, found.notes, found.pinned) == ("another name", "my notes", True)
    for section in ("download", "about"):
        mine.segmented_control(key="models-section").set_value(section).run()
    assert mine.text_area(key="models-notes").value == "my notes"
    assert mine.text_input(key="models-name").value == "another name"


def test_a_name_that_is_empty_is_refused_in_words(
    open_page: Open, runs: Runs, store: Store
) -> None:
    run = runs.add(name="before")
    app = open_page("models")
    app.text_input(key="models-name").set_value("  ")
    saved(app)
    assert not app.exception
    assert len(app.error) == 1
    assert store.get(run.id).name == "before"


def test_runs_are_found_by_a_word_and_by_tags(open_page: Open, runs: Runs, store: Store) -> None:
    for name, notes, tags in (
        ("one", "wide", ["class 5"]),
        ("two", "deep", ["class 5", "best"]),
        ("three", "", []),
    ):
        store.describe(runs.add(name=name).id, notes=notes, tags=tags)
    app = open_page("models")
    assert len(labels(app)) == 3  # so few need no search
    assert "models-filter" not in {field.key for field in app.text_input}
    for _number in range(6):
        runs.add(name="another")
    app = open_page("models")
    assert len(labels(app)) == 9
    app.text_input(key="models-filter").set_value("DEEP").run()
    assert [label.split(" ·")[0] for label in labels(app)] == ["two"]
    app.text_input(key="models-filter").set_value("nothing has this").run()
    assert not app.exception
    assert not app.selectbox
    assert app.info
    app.text_input(key="models-filter").set_value("").run()
    app.button_group(key="models-tag").set_value(["class 5"]).run()
    assert {label.split(" ·")[0] for label in labels(app)} == {"one", "two"}
    app.button_group(key="models-tag").set_value(["class 5", "best"]).run()
    assert [label.split(" ·")[0] for label in labels(app)] == ["two"]


def test_another_run_shows_its_own_notes(open_page: Open, runs: Runs, store: Store) -> None:
    first, second = runs.add(name="first"), runs.add(name="second")
    store.describe(first.id, notes="of the first", tags=["a"])
    app = open_page("models", run=second.id)
    assert app.text_area(key="models-notes").value == ""
    app.selectbox(key="models-run").set_value(first.id).run()
    assert app.text_area(key="models-notes").value == "of the first"
    assert list(app.multiselect(key="models-tags").value) == ["a"]
    saved(app)
    assert store.get(second.id).notes == ""


def test_every_section_opens(open_page: Open, runs: Runs) -> None:
    runs.add()
    app = open_page("models")
    for section in ("download", "inside", "about"):
        app.button_group(key="models-section").set_value(section).run()
        assert not app.exception, section


@pytest.fixture
def brought_in(store: Store) -> str:
    """A run of a model from a file; that file itself is not needed here."""
    known = {
        "file": "my *model*.h5",
        "kind": "h5",
        "output": "logits",
        "input_shape": [28, 28],
        "layers": 3,
        "parameters": 101770,
        "glances": {"unit": 0.1, "raw": 0.97},
    }
    ended = EndedRun(name="mine", config=imported_config("unit"), test_metric=0.11, imported=known)
    return add_ended(store, "a" * 32, ended).id


def test_a_model_from_a_file_says_where_it_came_from(open_page: Open, brought_in: str) -> None:
    app = open_page("models", run=brought_in)
    assert not app.exception
    text = plain(said(app))
    assert "my *model*.h5" in text and "101,770" in text and "28 × 28" in text
    assert "softmax was added" in text
    assert "10.0% correctly with pixels of 0–1, and 97.0% with pixels of 0–255" in text
    label = architecture_label(lab.store.get(brought_in).config)
    assert label in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "1,000 epochs" not in text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("page", ["runs", "draw", "evaluate", "train", "start", "data"])
def test_every_other_page_bears_a_model_from_a_file(
    open_page: Open, brought_in: str, page: str
) -> None:
    app = open_page(page, run=brought_in)
    assert not app.exception


def test_the_disk_and_a_clean_up_that_says_first_what_goes(
    open_page: Open, runs: Runs, store: Store
) -> None:
    old, pinned, young = (runs.add(name=name) for name in ("old", "pinned", "young"))
    for run in (old, pinned, young):
        store.artifacts.write(run.id, "best.keras", bytes(2_500_000))
    made_old(store, old.id, 40)
    made_old(store, pinned.id, 400)
    store.describe(pinned.id, pinned=True)
    app = open_page("models")
    assert not [button for button in app.button if button.key == "models-clean-confirm"]
    app.session_state["models-disk"] = True
    app.run()
    assert "**7.5 MB** in the files of 3 runs" in said(app)
    assert "| old | 40 days ago | 2.5 MB |" in plain(said(app))
    assert "| pinned |" not in said(app) and "| young |" not in said(app)
    app.button(key="models-clean-confirm").click().run()
    assert not app.exception
    assert {run.name for run in store.list_runs()} == {"pinned", "young"}
    assert store.artifacts.names(old.id) == []
    assert "nothing to remove" in said(app)


def test_what_was_pinned_after_it_was_listed_stays(
    open_page: Open, runs: Runs, store: Store
) -> None:
    run = runs.add()
    made_old(store, run.id, 40)
    app = open_page("models")
    app.session_state["models-disk"] = True
    app.run()
    store.describe(run.id, pinned=True)
    app.button(key="models-clean-confirm").click().run()
    assert not app.exception
    assert store.get(run.id).pinned


def test_a_file_without_workers_is_answered_in_words(open_page: Open, store: Store) -> None:
    app = open_page("models")
    app.file_uploader(key="models-upload").upload("x.keras", b"nothing", "application/zip").run()
    app.button(key="models-take").click().run()
    assert not app.exception
    assert "scripts/run" in "".join(element.value for element in app.error), "the remedy"
    assert store.artifacts.sizes() == {}


def test_what_comes_in_takes_the_place_of_the_run_that_is_shown(
    open_page: Open, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, other = runs.add(name="shown"), runs.add(name="other")
    app = open_page("models", run=shown.id)
    assert app.selectbox(key="models-run").value == shown.id
    monkeypatch.setattr(lab, "import_model", lambda *_arguments: other)
    app.file_uploader(key="models-upload").upload("x.keras", b"nothing", "application/zip").run()
    app.button(key="models-take").click().run()
    assert not app.exception
    assert app.selectbox(key="models-run").value == other.id


def test_what_was_found_out_about_a_model_is_said_where_it_comes_in(
    open_page: Open, store: Store, brought_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(
        lab, "import_model", lambda *given: asked.append(given[-1]) or store.get(brought_in)
    )
    app = open_page("models")
    app.file_uploader(key="models-upload").upload("x.keras", b"nothing", "application/zip").run()
    app.button(key="models-take").click().run()
    assert not app.exception and asked == ["auto"]
    assert any("import it again with that range" in one.value for one in app.warning)


def test_a_page_takes_the_longest_file_that_the_store_takes(open_page: Open) -> None:
    app = open_page("models")
    takes = app.file_uploader(key="models-restore").proto.max_upload_size_mb * 2**20
    served = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]
    assert uploads.MOST_BYTES <= takes <= served["maxUploadSize"] * 2**20
    assert app.file_uploader(key="models-upload").proto.max_upload_size_mb * 2**20 >= MOST_BYTES
    assert 2 * MOST_BYTES + 25_000_000 < uploads.MOST_BYTES  # both models, and what is said of it


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (RunStatus.RUNNING, "is still training"),
        (RunStatus.FAILED, "without a model. The loss is nan."),
    ],
)
def test_a_run_without_a_network_says_why(
    open_page: Open, runs: Runs, status: RunStatus, words: str
) -> None:
    message = "The loss is nan." if status is RunStatus.FAILED else ""
    app = open_page("models", run=runs.add(status, message=message).id)
    assert not app.exception
    assert words in plain([*app.warning, *app.info][0].value)


def test_files_without_a_run_are_counted_as_such_and_removed_when_confirmed(
    open_page: Open, runs: Runs
) -> None:
    runs.store.artifacts.write(runs.add().id, BEST_MODEL, bytes(5_000))
    left = "a" * 32
    runs.store.artifacts.write(left, BEST_MODEL, bytes(7_000))
    path = Path(runs.store.home) / "runs" / left / BEST_MODEL
    os.utime(path, (0, 0))
    app = open_page("models")
    app.session_state["models-disk"] = True
    app.run()
    assert not app.exception
    assert "**5 kB** in the files of 1 run." in said(app)
    assert "1 folder (7 kB) belongs to no run" in said(app)
    app.button(key=keys.LEFT_CONFIRM).click().run()
    assert not app.exception and not path.exists()
    assert not [button for button in app.button if button.key == keys.LEFT_CONFIRM]
