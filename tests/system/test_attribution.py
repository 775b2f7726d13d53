"""What words and columns do to an answer: real networks, trained on made-up texts and on Boston."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_core.cli import main
from mnist_core.errors import ConfigError
from mnist_core.experiment.presets import PRESETS
from mnist_core.inference import models
from mnist_core.inference.explain_input import answer_table, answer_text
from mnist_core.inference.questions import MOST_CHARACTERS, columns_of
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.runs.queue import Lease
from mnist_core.tasks import Texts, split, task
from mnist_core.tasks.text_data import numbers_of, token_indices
from mnist_core.training.job import train
from tests import made_up_texts
from tests.made_up_texts import OWN_FROM, OWN_WORDS

#: A word that only reviews for a film have, one that only those against it have, and one of no
#: meaning.
FOR, AGAINST, EITHER = f"word{OWN_FROM + OWN_WORDS}", f"word{OWN_FROM}", "word5000"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory):
    """A lab with made-up texts."""
    folder: Path = tmp_path_factory.mktemp("attribution")
    for name in ("imdb", "reuters"):
        made_up_texts.write(folder, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_LAB_HOME", str(folder))
        clear()
        yield folder
    clear()


@pytest.fixture(autouse=True)
def lab_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test asks in the home whose texts the networks have learned."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(home))
    return home


def clear() -> None:
    """Forget the data: another home has other texts."""
    for name in ("imdb", "reuters"):
        task(name).load.cache_clear()


@pytest.fixture(scope="module")
def store(home: Path) -> Store:
    return Store(home)


def trained(store: Store, preset: str, epochs: int, train_size: int) -> Run:
    config = replace(
        PRESETS[preset].config, epochs=epochs, train_size=train_size, validation_size=100
    )
    run = store.create(config, lease_token="mine")
    train(store, Lease(run.id, "mine"))
    run = store.get(run.id)
    assert run.status is RunStatus.FINISHED, run.message
    return run


@pytest.fixture(scope="module")
def judge(store: Store) -> Run:
    return trained(store, "imdb", 3, 4000)


@pytest.fixture(scope="module")
def sorter(store: Store) -> Run:
    return trained(store, "reuters", 8, 7000)


@pytest.fixture(scope="module")
def pricer(store: Store) -> Run:
    return trained(store, "boston", 20, 300)


def test_a_telling_word_pushes_the_right_way(store: Store, judge: Run) -> None:
    answer = answer_text(store, judge.id, "best", f"{FOR}, {EITHER}: {AGAINST.upper()}! Nobody")
    assert answer.explained == 1
    push = {one.word: one.push for one in answer.pushes}
    assert set(push) == {FOR, AGAINST, EITHER}
    assert push[FOR] > 0 > push[AGAINST]
    assert abs(push[EITHER]) < min(push[FOR], -push[AGAINST]) / 3
    assert answer.pushes[-1].word == EITHER  # the strongest come first
    assert answer.unknown == ("nobody",)


def test_the_answer_is_the_networks_own(store: Store, judge: Run) -> None:
    text = f"{FOR} {EITHER}"
    answer = answer_text(store, judge.id, "best", text)
    model = models.load(store, judge.id, "best")
    numbers = numbers_of(task("imdb").load().vocabulary)

    def alone(text: str) -> float:
        return float(model.probabilities(Texts.of([token_indices(text, numbers).tolist()]))[0, 0])

    assert answer.probabilities == pytest.approx((1 - alone(text), alone(text)), abs=1e-5)
    (told,) = (one for one in answer.pushes if one.word == FOR)
    assert told.without == pytest.approx(alone(EITHER), abs=1e-5)
    odds = np.log(alone(text) / (1 - alone(text))) - np.log(alone(EITHER) / (1 - alone(EITHER)))
    assert told.push == pytest.approx(odds, abs=1e-3)


def test_a_word_counts_once_however_often_it_stands_there(store: Store, judge: Run) -> None:
    once = answer_text(store, judge.id, "best", f"{FOR} {EITHER}")
    assert answer_text(store, judge.id, "best", f"{FOR} {EITHER} {FOR} {FOR}") == once


def test_news_have_a_probability_for_each_topic(store: Store, sorter: Run) -> None:
    topic = 2
    own = [f"word{OWN_FROM + OWN_WORDS * topic + n}" for n in range(6)]
    answer = answer_text(store, sorter.id, "last", " ".join([*own, EITHER]))
    assert len(answer.probabilities) == 46
    assert sum(answer.probabilities) == pytest.approx(1)
    assert answer.ranking[0] == answer.explained == topic
    assert answer.probabilities[answer.ranking[1]] <= answer.probabilities[topic]
    assert {one.word for one in answer.pushes[:6]} == set(own)
    assert all(one.push > 0 for one in answer.pushes[:6])


def test_many_words_are_weighed_in_pieces(store: Store, judge: Run) -> None:
    words = [f"word{n}" for n in range(1000, 1300)]
    answer = answer_text(store, judge.id, "best", " ".join(words))
    assert {one.word for one in answer.pushes} == set(words)


@pytest.mark.parametrize("text", ["", " … !", "a" * (MOST_CHARACTERS + 1)])
def test_a_text_that_cannot_be_read_is_refused(text: str, store: Store, judge: Run) -> None:
    with pytest.raises(ConfigError):
        answer_text(store, judge.id, "best", text)


def test_columns_push_a_price(store: Store, pricer: Run) -> None:
    columns = columns_of("boston")
    row = [column.median for column in columns]
    ordinary = answer_table(store, pricer.id, "best", row)
    assert ordinary.value == pytest.approx(ordinary.ordinary)
    assert ordinary.pushes == pytest.approx([0] * 13, abs=1e-4)
    rooms = task("boston").columns.index("rooms")
    row[rooms] = columns[rooms].high
    large = answer_table(store, pricer.id, "best", row)
    assert large.value > ordinary.value
    assert large.pushes[rooms] == pytest.approx(large.value - ordinary.value, abs=1e-3)
    assert [push for place, push in enumerate(large.pushes) if place != rooms] == pytest.approx(
        [0] * 12, abs=1e-4
    )


def test_a_row_is_scaled_as_in_training(store: Store, pricer: Run) -> None:
    data = task("boston").load()
    test = split(data, pricer.config).test
    expected = models.load(store, pricer.id, "best").probabilities(test.inputs[:3])[:, 0]
    found = [answer_table(store, pricer.id, "best", row).value for row in data.x_test[:3].tolist()]
    assert found == pytest.approx(expected, abs=1e-3)


def test_a_run_of_another_task_is_not_asked(store: Store, judge: Run, pricer: Run) -> None:
    with pytest.raises(ConfigError) as raised:
        answer_table(store, judge.id, "best", [0.0] * 13)
    assert raised.value.values == {"name": judge.name, "inputs": "table", "task": "imdb"}
    with pytest.raises(ConfigError) as raised:
        answer_text(store, pricer.id, "best", "good")
    assert raised.value.values == {"name": pricer.name, "inputs": "texts", "task": "boston"}
    with pytest.raises(ConfigError) as raised:
        answer_table(store, pricer.id, "best", [1.0])
    assert raised.value.values == {"count": 1, "columns": 13}


# From the shell


@pytest.fixture
def shell(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The lab of these runs as this test's own."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(home))
    return capsys


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_text_is_judged_from_the_shell(judge: Run, shell: pytest.CaptureFixture[str]) -> None:
    found = answer(shell, "predict", judge.id, "--text", f"{FOR} nobody {FOR}")
    assert found["answer"] == found["explained"] == "for"
    assert found["probabilities"]["for"] > 0.5
    assert [one["word"] for one in found["words"]] == [FOR]
    assert found["words"][0]["push"] > 0
    assert found["unknown"] == ["nobody"]
    assert main(["predict", judge.id, "--text", f"{AGAINST} nobody"]) == 0
    told = shell.readouterr().out
    assert "against" in told
    assert "unknown: nobody" in told


def test_a_house_is_priced_from_the_shell(pricer: Run, shell: pytest.CaptureFixture[str]) -> None:
    row = [str(column.high) for column in columns_of("boston")]
    found = answer(shell, "predict", pricer.id, "--row", *row)
    assert found["unit"] == "thousand dollars"
    assert list(found["pushes"]) == list(task("boston").columns)
    assert main(["predict", pricer.id, "--row", *row]) == 0
    assert f"{found['value']:.1f} thousand dollars" in shell.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--row", "1", "2"], ["--text", ""], [], ["a.png"], ["a.png", "--text", "good"]]
)
def test_what_does_not_fit_is_refused(
    arguments: list[str], judge: Run, shell: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", judge.id, *arguments]) == 2
    told = shell.readouterr().err
    assert "Traceback" not in told
    assert "No run" not in told
