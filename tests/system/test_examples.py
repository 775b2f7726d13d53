"""The networks that come with the lab answer, without data from elsewhere and as recorded."""

from __future__ import annotations

import pytest

from mnist_core.cli import main
from mnist_core.evaluation.service import evaluate
from mnist_core.examples import known_examples, open_store
from mnist_core.inference.explain_input import answer_text
from mnist_core.runs import Store
from mnist_core.tasks import task
from mnist_core.tasks.keras_data import SOURCES, is_kept, keras_cache

#: Another processor rounds differently, which may turn a few of 10,000 answers.
ROUNDING = 0.001


@pytest.fixture
def store(lab_home, with_examples, monkeypatch) -> Store:
    monkeypatch.setenv("KERAS_HOME", str(lab_home / "nothing"))
    return open_store()


def example_id(key: str) -> str:
    return known_examples()[key].id


@pytest.mark.parametrize("key", known_examples())
def test_the_figures_are_as_recorded(lab_home, with_examples, key):
    if key in SOURCES and not all((keras_cache() / name).exists() for name in SOURCES[key].files):
        pytest.skip("the data is not in Keras's cache")
    store, example = open_store(), known_examples()[key]
    evaluation = evaluate(store, example.id, "best", "test")
    is_number = task(store.get(example.id).config.task).is_number
    found = evaluation.mae if is_number else evaluation.accuracy
    assert found.value == pytest.approx(example.test_metric, rel=ROUNDING)
    low, high = example.spread
    assert low <= found.value <= high


@pytest.mark.parametrize(
    ("key", "text", "answer"),
    [
        ("imdb", "A wonderful film with great actors, I loved every minute of it.", 1),
        ("imdb", "A boring and terrible film, the worst acting I have ever seen.", 0),
        ("reuters", "Crude oil prices rose after the OPEC ministers cut production.", 16),
    ],
)
def test_texts_are_answered_without_their_data(store, key, text, answer):
    assert not is_kept(key)
    assert answer_text(store, example_id(key), "best", text).ranking[0] == answer


def test_the_shell_finds_an_example_by_its_name(store, capsys):
    assert main(["evaluate", "boston", "--json"]) == 0
    assert example_id("boston") in capsys.readouterr().out
    assert main(["runs", "--json"]) == 0
    assert capsys.readouterr().out.strip() == "[]"
    assert main(["runs", "--examples", "--json"]) == 0
    assert example_id("boston") in capsys.readouterr().out
    assert main(["examples", "--json"]) == 0
    assert example_id("boston") in capsys.readouterr().out
