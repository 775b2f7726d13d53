"""The way out on a page, without a browser: what is offered, what is said, what is asked."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.errors import DataError, LabError
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run, RunStatus
from mnist_core.studies.crossvalidation import final_config
from mnist_core.transfer.formats import FORMATS
from mnist_core.transfer.uploads import EndedRun, add_ended, imported_config
from mnist_core.workers.engine import EngineState, Question
from tests.waiting import PATIENCE
from ui.common.lab import lab
from ui.models import export

from .conftest import Runs, plain, said

PICTURE = "![seen](http://host.example/a.png) :red[loud] <b>"


Failures = dict[tuple[str, int, str, str], LabError]


def panel(run: Run, failures: Failures | None = None) -> AppTest:
    def script(run_id: str) -> None:
        from ui.common.lab import lab
        from ui.models.export import show_export

        show_export(lab.store.get(run_id))

    app = AppTest.from_function(script, args=(run.id,), default_timeout=PATIENCE)
    if failures is not None:
        app.session_state["export-failures"] = failures
    return app.run()


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What was asked of the worker, which answers with some bytes."""
    questions: list[tuple[str, str, str]] = []

    def answer(function: str, run_id: str, key: str, checkpoint: str, *, kind: Question) -> bytes:
        assert function.endswith(":export") and kind is Question.LONG
        questions.append((run_id, key, checkpoint))
        return b"x" * 2_345_678

    monkeypatch.setattr(lab, "ask", answer)
    export._file.clear()
    return questions


def take(
    run: Run, key: str = "keras", checkpoint: str = "best", failures: Failures | None = None
) -> bytes:
    """What the button does when it is pressed, which happens outside of the script."""
    run = lab.store.get(run.id)
    return export._written(
        (run.id, run.version, key, checkpoint), {} if failures is None else failures
    )


def formats(app: AppTest) -> list[str]:
    return [option.content for option in app.get("button_group")[0].proto.options]


def test_a_file_is_written_only_when_it_is_asked_for(runs: Runs, asked: list) -> None:
    run = runs.add(name="my run")
    app = panel(run)
    assert not app.exception
    assert formats(app) == [form.label for form in FORMATS.values()]
    assert FORMATS["keras"].summary in said(app)
    assert "(n, 784)" in plain(said(app)) and "divided by 255" in said(app)
    (download,) = app.get("download_button")
    assert plain(download.proto.label) == "Download my-run-best.keras"
    assert asked == []
    take(run)
    take(run)
    assert asked == [(run.id, "keras", "best")]


@pytest.mark.parametrize("key", FORMATS)
def test_each_format_says_what_it_is_for_and_what_it_takes(
    runs: Runs, asked: list, key: str
) -> None:
    run = runs.add(config=PRESETS["lenet"].config)
    app = panel(run)
    app.get("button_group")[0].set_value(key).run()
    words, form = said(app), FORMATS[key]
    assert form.summary in words
    assert ("(n, 28, 28, 1)" in plain(words)) is not form.is_code
    assert ("Matplotlib" in words) is form.is_code
    assert len(app.get("button_group")) == (1 if form.is_code else 2)
    (usage,) = app.code
    assert f"{form.ending}" in usage.value and "{" not in usage.value.replace('{"input"', "")
    (download,) = app.get("download_button")
    assert plain(download.proto.label).endswith(form.ending)


def test_the_last_model_is_another_file(runs: Runs) -> None:
    app = panel(runs.add())
    app.get("button_group")[1].set_value("last").run()
    assert "-last.keras" in plain(app.get("download_button")[0].proto.label)


def test_a_new_name_is_written_anew(runs: Runs, asked: list) -> None:
    run = runs.add()
    for _visitor in range(3):
        take(run)
    assert len(asked) == 1
    runs.store.rename(run.id, "renamed")
    take(run)
    assert len(asked) == 2


def test_what_cannot_be_written_is_a_sentence_and_can_be_tried_again(
    runs: Runs, asked: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.add()
    works = lab.ask

    def fail(*_words: str, **_kind: Question) -> bytes:
        raise DataError("“{name}” is odd.", "Leave it.", name=PICTURE)

    monkeypatch.setattr(lab, "ask", fail)
    failures: Failures = {}
    with pytest.raises(DataError):
        take(run, failures=failures)
    assert not panel(run).error, "another session asked"
    app = panel(run, failures)
    assert not app.exception
    (error,) = app.error
    assert "Leave it." in plain(error.value) and "![" not in error.value
    assert app.get("download_button")
    monkeypatch.setattr(lab, "ask", works)
    assert take(run)
    assert not panel(run).error


def test_a_run_without_a_network_leaves_as_code(runs: Runs) -> None:
    run = runs.add(RunStatus.FAILED, epochs=0)
    app = panel(run)
    assert not app.exception
    assert formats(app) == ["Python script", "Jupyter notebook"]

    assert plain(app.get("download_button")[0].proto.label).endswith(".py")


def test_what_cannot_leave_as_code_says_why(runs: Runs) -> None:
    ended = EndedRun(
        name="mine", config=imported_config("unit"), imported={"input_shape": [784], "kind": "h5"}
    )
    app = panel(add_ended(runs.store, "a" * 32, ended))
    assert not app.exception
    assert formats(app) == [form.label for form in FORMATS.values() if not form.is_code]
    assert "does not say how it was trained" in said(app)


@pytest.mark.parametrize("key", ["fashion", "imdb", "reuters", "boston", "california"])
def test_every_task_says_what_its_files_take(runs: Runs, key: str) -> None:
    app = panel(runs.add(preset=key))
    assert not app.exception
    assert formats(app) == [form.label for form in FORMATS.values()]
    assert "prepared as in training" not in said(app) and "The output is" in said(app)
    assert ("in thousand dollars" in said(app)) is (key in ("boston", "california"))


def test_without_validation_there_is_one_network_the_last(runs: Runs) -> None:
    run = runs.add(config=final_config(PRESETS["boston"].config, 80))
    app = panel(run)
    assert len(app.get("button_group")) == 1
    assert "that of the last epoch" in said(app)
    assert "-last.keras" in plain(app.get("download_button")[0].proto.label)


def test_a_run_at_work_is_waited_for(runs: Runs) -> None:
    app = panel(runs.add(RunStatus.RUNNING))
    assert "when it has ended" in app.info[0].value
    assert not app.button and not app.get("button_group")


@pytest.mark.parametrize("phase", ["starting", "failed"])
def test_without_a_worker_nothing_is_asked(
    runs: Runs, asked: list, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    run = runs.add()
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState(phase, f"no_{PICTURE}"))
    app = panel(run)
    assert not app.exception and not app.button
    words = [one.value for one in (*app.info, *app.warning)]
    assert len(words) == 1 and "![" not in words[0]
    assert asked == []
