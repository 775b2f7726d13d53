"""The steps of texts and tables, and the words that are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.inputs import network_inputs
from mnist_core.experiment.presets import PRESETS
from mnist_core.tasks import Texts, split, task
from mnist_core.tasks.text_and_table_steps import (
    categorical_crossentropy,
    sparse_categorical_crossentropy,
    spread_over,
    table_steps,
    text_steps,
)
from mnist_core.tasks.text_data import BEGIN, FIRST_WORD, RARE
from mnist_core.tasks.word_counts import count_words, most_characteristic, most_frequent

VOCABULARY = ("", "", "", "the", "good", "bad", "film")
CONFIG = TrainingConfig(task="reuters", architecture="text-64-64")


def test_a_texts_last_step_is_what_the_network_takes() -> None:
    words = np.array([BEGIN, 4, 6, RARE, 4], np.uint16)
    steps = {step.key: step.array for step in text_steps(words, 1, VOCABULARY, 3)}
    assert steps["words"].tolist() == ["good", "film", "…", "good"]
    assert steps["indices"].tolist() == [4, 6, RARE, 4]
    taken = network_inputs(Texts.of([words.tolist()]), CONFIG, (10_000,))[0]
    np.testing.assert_array_equal(steps["multi_hot"], taken)
    assert steps["multi_hot"].dtype == taken.dtype
    assert int(steps["label"]) == 1
    assert steps["one_hot"].tolist() == [0, 1, 0]


def test_a_label_of_two_classes_is_not_made_one_hot() -> None:
    words = np.array([BEGIN, 4], np.uint16)
    assert [step.key for step in text_steps(words, 1, VOCABULARY, 2)] == [
        "words", "indices", "multi_hot", "label",
    ]  # fmt: skip


def test_a_rows_last_step_is_what_the_network_takes() -> None:
    config = PRESETS["boston"].config
    data = task("boston").load()
    parts = split(data, config)
    place = int(parts.train.indices[5])
    made = table_steps(data.x_train[place], float(data.y_train[place]), parts.standard)
    steps = {step.key: step.array for step in made}
    np.testing.assert_array_equal(steps["scaled"], parts.train.inputs[5])
    assert steps["scaled"].dtype == np.float32
    np.testing.assert_allclose(
        steps["centred"] / parts.standard.deviation, steps["scaled"], rtol=1e-6
    )
    assert float(steps["answer"]) == parts.train.labels[5]


@given(st.integers(2, 46), st.data())
def test_both_ways_to_write_the_answer_have_the_same_loss(classes: int, data) -> None:
    label = data.draw(st.integers(0, classes - 1))
    p = spread_over(data.draw(st.floats(0.01, 0.99)), label, classes)
    assert p.sum() == pytest.approx(1)
    one_hot = np.eye(classes, dtype=np.float32)[label]
    same = sparse_categorical_crossentropy(label, p)
    assert categorical_crossentropy(one_hot, p) == pytest.approx(same, rel=1e-12)
    assert same == pytest.approx(-np.log(p[label]))


def test_words_are_counted_and_those_that_stand_out_are_found() -> None:
    texts = Texts.of([[BEGIN, 3, 3, 4, 6], [BEGIN, 3, 5, 6, RARE], [BEGIN, 3, 4, 3]])
    everywhere, inside = count_words(texts, np.array([True, False, True]))
    assert everywhere[:7].tolist() == [0, 0, 0, 5, 2, 1, 2]
    assert inside[:7].tolist() == [0, 0, 0, 4, 2, 0, 1]
    first, *_ = most_frequent(everywhere, inside, 3)
    assert (first.number, first.count) == (3, 4)
    assert first.expected == pytest.approx(5 * 7 / 10)
    told = most_characteristic(everywhere, inside, 10)
    assert told[0].number == 4
    assert 5 not in [word.number for word in told]
    assert all(word.number >= FIRST_WORD for word in told)


def test_no_texts_have_no_words() -> None:
    none = Texts.of([[BEGIN]])
    everywhere, inside = count_words(none, np.array([True]))
    assert most_frequent(everywhere, inside, 5) == most_characteristic(everywhere, inside, 5) == []
