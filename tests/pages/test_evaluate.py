"""The Evaluate page without a browser and without a network: evaluations made by hand.

A click in the matrix is the browser's (tests/browser/test_evaluate.py), and real networks are
judged in tests/system/test_evaluation.py.
"""

from __future__ import annotations

import functools
import json
import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.gap import Gap
from mnist_core.evaluation.parts import PARTS
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.artifacts import BEST_MODEL
from mnist_core.runs.model_files import CHECKPOINTS
from mnist_core.tasks import task
from mnist_core.transfer.uploads import EndedRun, add_ended, imported_config
from mnist_core.workers.engine import EngineState, Question
from ui.common.lab import lab
from ui.evaluate import keys, results

from .conftest import Open, Runs, plain, said

#: How sure each part's answers are made: training digits are known best.
SHARPNESS = {"train": 5.0, "validation": 2.5, "test": 2.0}
COUNTS = {"train": 400, "validation": 200, "test": 600}


@functools.cache
def answers(part: str, checkpoint: str = "best", *, noisy: bool = False) -> Evaluation:
    """An evaluation of real digits, by a network that does not exist."""
    data = task("mnist").load()
    count = COUNTS[part]
    labels = (data.y_test if part == "test" else data.y_train)[100 : 100 + count].astype(int)
    dice = np.random.default_rng([len(part), len(checkpoint)])
    sums = dice.normal(0, 1.4, (count, 10))
    sums[np.arange(count), labels] += SHARPNESS[part]
    powers = np.exp(sums)
    return Evaluation.of(
        labels,
        (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32),
        classes=task("mnist").classes,
        indices=np.arange(100, 100 + count),
        wrong=np.arange(count) < 7 if noisy and part == "train" else None,
    )


def judge(run: Run, **more: bool) -> dict[tuple[str, str], Evaluation]:
    """Keep evaluations of a run, as if a worker had answered."""
    found = {}
    for checkpoint in CHECKPOINTS:
        for part in PARTS:
            found[checkpoint, part] = answers(part, checkpoint, **more)
            results.keep(run, checkpoint, part, found[checkpoint, part])
    return found


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    yield
    results._kept.clear()


@pytest.fixture
def run(runs: Runs) -> Run:
    return runs.add(name="mine")


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def cell_images(app: AppTest) -> list[int]:
    """The numbers of the images in the chosen cell, from the words for those who cannot see."""
    (cell,) = re.findall(r'<div class="lab-cell".*', html(app), re.DOTALL)[:1] or [""]
    cell = cell.split('<div class="lab-cards">')[0]
    return [int(number) for number in re.findall(r"no\. (\d+) of the test set", cell)]


def matrix(app: AppTest) -> dict:
    return json.loads(app.get("plotly_chart")[0].proto.spec)


# ---- nothing to evaluate yet


def test_without_a_run_it_says_what_to_do(open_page: Open, store: Store) -> None:
    app = open_page("evaluate")
    assert not app.exception
    assert "no trained network yet" in said(app)
    assert [link.proto.page for link in app.get("page_link")] == ["train"]
    assert not app.selectbox


def test_the_first_run_that_trains_is_waited_for(open_page: Open, runs: Runs) -> None:
    runs.add(RunStatus.RUNNING, name="not_yet")
    app = open_page("evaluate")
    (info,) = app.info
    assert "not_yet" in plain(info.value)
    assert "still training" in info.value


def test_a_run_that_failed_is_said_to_have_left_nothing(open_page: Open, runs: Runs) -> None:
    run = runs.add(RunStatus.FAILED, name="broken", message="The loss is not finite.")
    app = open_page("evaluate", run=run.id)
    (warning,) = app.warning
    assert "broken" in warning.value
    assert "The loss is not finite." in plain(warning.value)


@pytest.mark.parametrize("page", ["evaluate", "draw", "models"])
def test_the_best_model_of_a_training_that_diverged_is_offered_with_a_word(
    page: str, open_page: Open, runs: Runs
) -> None:
    run = runs.add(RunStatus.FAILED, name="wild", message="The loss became nan in epoch 51.")
    runs.store.artifacts.write(run.id, BEST_MODEL, b"from before")
    app = open_page(page, run=run.id)
    assert not app.exception
    said = " ".join(plain(warning.value) for warning in app.warning)
    assert "**wild** failed" in said and "epoch 20" in said and "became nan in epoch 51" in said
    assert "without" not in said
    assert "wild" in [option for box in app.selectbox for option in box.options]


def test_workers_that_start_are_waited_for(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "engine_state", lambda: EngineState("starting"))
    app = open_page("evaluate")
    (info,) = app.info
    assert "being loaded" in info.value
    judge(run)  # somebody else has asked meanwhile
    app.run()
    assert not app.info
    assert figures(app)


def test_without_workers_it_says_so_in_a_sentence(open_page: Open, run: Run) -> None:
    app = open_page("evaluate")
    assert not app.exception
    (error,) = app.error
    assert "scripts/run" in error.value, "the remedy"


# ---- the choice


def test_the_newest_run_or_the_one_of_the_address_is_evaluated(
    open_page: Open, runs: Runs, run: Run
) -> None:
    newest = runs.add(name="newest")
    judge(run)
    judge(newest)
    app = open_page("evaluate")
    assert app.selectbox(key="evaluate-run").value == newest.id
    app.selectbox(key="evaluate-run").select(run.id).run()
    assert not app.exception
    assert app.query_params["run"] in (run.id, [run.id])
    app = open_page("evaluate", run=run.id)
    assert app.selectbox(key="evaluate-run").value == run.id


def test_an_unknown_run_is_said_and_another_one_is_evaluated(open_page: Open, run: Run) -> None:
    judge(run)
    app = open_page("evaluate", run="0" * 32)
    assert "0" * 32 in app.warning[0].value
    assert app.selectbox(key="evaluate-run").value == run.id


def test_a_run_that_is_deleted_meanwhile_makes_room(
    open_page: Open, runs: Runs, run: Run, store: Store
) -> None:
    gone = runs.add(name="gone")
    judge(run)
    judge(gone)
    app = open_page("evaluate")
    store.delete(gone.id)
    app.run()
    assert not app.exception
    assert app.selectbox(key="evaluate-run").value == run.id


@pytest.mark.parametrize(
    ("checkpoint", "part"), [("last", "test"), ("best", "validation"), ("last", "train")]
)
def test_each_network_and_each_part_has_its_figures(
    open_page: Open, run: Run, checkpoint: str, part: str
) -> None:
    expected = judge(run)[checkpoint, part]
    app = open_page("evaluate")
    app.get("button_group")[0].set_value(checkpoint).run()
    app.get("button_group")[1].set_value(part).run()
    assert not app.exception
    assert figures(app) == {
        "Accuracy": f"{expected.accuracy.value:.1%}",
        "Loss": f"{expected.loss.value:.3f}",
        "Errors": str(sum(pair.count for pair in expected.confused_pairs)),
        "Calibration error": f"{expected.calibration.expected_error:.1%}",
        "Expected calibration error": f"{expected.calibration.expected_error:.1%}",
    }
    intervals = [metric.delta for metric in app.metric]
    assert intervals[0] == f"{expected.accuracy.low:.1%} to {expected.accuracy.high:.1%}"
    assert intervals[1] == f"{expected.loss.low:.3f} to {expected.loss.high:.3f}"


# ---- what it says


def test_the_generalisation_gap_is_a_number_with_its_interval(open_page: Open, run: Run) -> None:
    parts = judge(run)
    gap = Gap.between(parts["best", "train"], parts["best", "test"])
    words = said(open_page("evaluate")).replace("\N{NO-BREAK SPACE}", " ")
    points = f"{100 * gap.accuracy.value:+.1f}"
    low, high = (f"{100 * end:+.1f}" for end in (gap.accuracy.low, gap.accuracy.high))
    assert f"**{points}** ({low} to {high})" in words
    assert f"is {points[1:]} percentage points lower than on the training images" in words
    assert f"**{gap.loss.value:+.3f}**" in words
    assert "| images | 400 | 200 | 600 |" in words


def test_a_gap_that_may_be_chance_is_not_called_one(open_page: Open, run: Run) -> None:
    judge(run)
    results.keep(run, "best", "train", answers("test"))
    assert "may be chance" in said(open_page("evaluate"))


def test_training_images_with_wrong_labels_may_be_read_worse(open_page: Open, run: Run) -> None:
    judge(run)
    labels = np.arange(400) % 10
    told = np.where(np.arange(400) < 80, (labels + 1) % 10, labels)
    names = tuple("0123456789")
    spoiled = Evaluation.of(told, np.eye(10)[labels], classes=names, wrong=told != labels)
    results.keep(run, "best", "train", spoiled)
    results.keep(run, "best", "test", Evaluation.of(labels, np.eye(10)[labels], classes=names))
    words = said(open_page("evaluate"))
    assert "20.0 percentage points higher than on the training images" in words
    assert "80 were made wrong on purpose" in words


def test_wrong_labels_are_named(open_page: Open, run: Run) -> None:
    judge(run, noisy=True)
    app = open_page("evaluate")
    assert "label noise" not in said(app)
    app.get("button_group")[1].set_value("train").run()
    assert "7 of these labels" in said(app)


def test_the_matrix_and_the_lists_hold_the_evaluation_s_figures(open_page: Open, run: Run) -> None:
    expected = judge(run)["best", "test"]
    app = open_page("evaluate")
    squares = matrix(app)["data"][2]["customdata"]
    counts = np.array([row[4] for row in squares]).reshape(10, 10)
    np.testing.assert_array_equal(counts, expected.confusion)
    table = app.dataframe[0].value
    assert list(table["support"]) == [one.support for one in expected.per_class]
    assert list(table["recall"]) == pytest.approx([100 * one.recall for one in expected.per_class])
    first = expected.confused_pairs[0]
    assert f"| {first.true} | {first.predicted} | {first.count} | {first.share:.1%} |" in said(app)
    worst = expected.top_losses(12)
    cards = html(app).split('<div class="lab-cards">')[1]
    numbers = [int(number) for number in re.findall(r"no\. (\d+) · loss", cards)]
    assert numbers == list(expected.indices[worst])
    assert cards.count('<div class="row') == 12 * 10


def test_all_is_right_and_nothing_confused(open_page: Open, run: Run) -> None:
    judge(run)
    labels = np.arange(600) % 10
    results.keep(
        run, "best", "test", Evaluation.of(labels, np.eye(10)[labels], classes=tuple("0123456789"))
    )
    app = open_page("evaluate")
    assert not app.exception
    assert "None: all images are classified correctly." in said(app)
    assert "**60** images of 0 are classified correctly." in said(app)


def test_a_model_from_a_file_has_test_images_and_no_gap(open_page: Open, store: Store) -> None:
    ended = EndedRun(name="from a file", config=imported_config("unit"), imported={"kind": "h5"})
    run = add_ended(store, "f" * 32, ended)
    expected = answers("test")
    results.keep(run, "best", "test", expected)
    app = open_page("evaluate", run=run.id)
    assert not app.exception
    assert not app.error
    assert figures(app)["Accuracy"] == f"{expected.accuracy.value:.1%}"
    assert not app.get("button_group")
    assert "images that it was trained on are not known" in said(app)


# ---- a cell


def test_the_most_confused_pair_is_looked_at_first(open_page: Open, run: Run) -> None:
    expected = judge(run)["best", "test"]
    worst = expected.confused_pairs[0]
    app = open_page("evaluate")
    assert app.selectbox(key="evaluate-true").value == worst.true
    assert app.selectbox(key="evaluate-read").value == worst.predicted
    assert cell_images(app) == list(expected.indices[expected.cell(worst.true, worst.predicted)])
    assert matrix(app)["data"][2]["selectedpoints"] == [10 * worst.true + worst.predicted]


def test_a_cell_is_chosen_without_a_mouse(open_page: Open, run: Run) -> None:
    expected = judge(run)["best", "test"]
    app = open_page("evaluate")
    app.selectbox(key="evaluate-true").select(7).run()
    app.selectbox(key="evaluate-read").select(7).run()
    assert not app.exception
    found = list(expected.indices[expected.cell(7, 7)])
    assert cell_images(app) == found
    assert f"**{len(found)}** images of 7 are classified correctly." in said(app)
    assert matrix(app)["data"][2]["selectedpoints"] == [77]
    empty = np.argwhere(expected.confusion == 0)
    true, read = (int(number) for number in empty[0])
    app.selectbox(key="evaluate-true").select(true).run()
    app.selectbox(key="evaluate-read").select(read).run()
    assert f"No {true} is predicted as {read}." in said(app)
    assert cell_images(app) == []


def test_the_cell_stays_while_networks_are_compared(open_page: Open, run: Run, runs: Runs) -> None:
    found = judge(run)
    app = open_page("evaluate")
    app.selectbox(key="evaluate-true").select(3).run()
    app.selectbox(key="evaluate-read").select(3).run()
    app.get("button_group")[0].set_value("last").run()
    assert app.selectbox(key="evaluate-true").value == 3
    last = found["last", "test"]
    assert cell_images(app) == list(last.indices[last.cell(3, 3)])


# ---- the rest


def test_what_was_answered_is_not_asked_again(
    open_page: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(_function: object, _run: str, *what: str, kind: Question):
        assert kind is Question.SHORT
        asked.append(what)
        return 0.5 if asked.count(what) == 1 else answers(what[1])

    monkeypatch.setattr(lab, "ask", ask)
    app = open_page("evaluate")
    assert not app.exception
    wanted = [("best", part) for part in PARTS]
    assert asked == [what for part in wanted for what in (part, part)]
    app.run()
    open_page("evaluate")
    assert len(asked) == 6


def test_what_is_kept_has_a_bound(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "KEPT", 2)
    judge(run)
    assert len(results._kept) == 2


@pytest.mark.parametrize("page", ["runs", "train"])
def test_a_run_with_a_model_links_here(page: str, open_page: Open, runs: Runs) -> None:
    def links(run: Run) -> list[str]:
        app = open_page(page, run=run.id) if page == "train" else open_page(page)
        found = (link.proto for link in app.get("page_link"))
        return [link.query_string for link in found if link.page == "evaluate"]

    assert links(runs.add(RunStatus.RUNNING)) == []
    run = runs.add()
    assert links(run) == [f"run={run.id}"]


def test_every_choice_and_every_figure_is_explained(open_page: Open, run: Run) -> None:
    judge(run)
    app = open_page("evaluate")
    for widget in (*app.selectbox, *app.get("button_group"), *app.metric):
        assert widget.proto.label
        assert widget.proto.help, widget.proto.label


def test_the_public_keys_stay() -> None:
    assert keys.RUN.key == "evaluate-run"
    assert keys.MATRIX.key == "evaluate-matrix"
    assert keys.CELL == "evaluate-cell"
