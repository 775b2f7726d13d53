"""Texts as rows of words, and as rows of zeros and ones."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.errors import DataError, DataPendingError
from mnist_core.experiment.presets import PRESETS
from mnist_core.tasks import TASKS, WORDS, Texts, keras_data, keras_download, multi_hot, split, task
from mnist_core.tasks.imdb import load
from mnist_core.tasks.text_data import (
    BEGIN,
    RARE,
    numbers_of,
    plain_word,
    read_back,
    split_words,
    token_indices,
)
from tests import made_up_texts
from tests.waiting import PATIENCE, until

LISTS = st.lists(st.lists(st.integers(0, WORDS - 1), max_size=8), min_size=1, max_size=6)


@given(LISTS)
def test_a_text_comes_out_as_it_went_in(lists):
    texts = Texts.of(lists)
    assert len(texts) == len(lists)
    assert [texts.text(number).tolist() for number in range(len(lists))] == lists


@given(LISTS, st.data())
def test_some_texts_are_chosen_in_any_order(lists, data):
    numbers = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=8))
    chosen = Texts.of(lists)[np.array(numbers, np.int64)]
    assert [chosen.text(n).tolist() for n in range(len(numbers))] == [lists[n] for n in numbers]
    start = data.draw(st.integers(0, len(lists)))
    rest = Texts.of(lists)[start:]
    assert [rest.text(n).tolist() for n in range(len(rest))] == lists[start:]


@given(LISTS)
def test_a_word_that_occurs_is_one_and_all_others_are_zero(lists):
    found = multi_hot(Texts.of(lists))
    assert (found.shape, found.dtype) == ((len(lists), WORDS), np.uint8)
    assert [set(np.flatnonzero(row)) for row in found] == [set(words) for words in lists]


@given(LISTS)
def test_each_word_is_kept_once(lists):
    found = Texts.of(lists).distinct()
    assert (found.words.dtype, found.ends.dtype) == (np.uint16, np.int64)
    assert [found.text(n).tolist() for n in range(len(found))] == [
        sorted(set(one)) for one in lists
    ]


def test_a_typed_text_is_read_as_keras_read_the_others():
    numbers = {"a": 5, "film": 22, "don't": 90}
    found = token_indices("A film?! Don’t… GO", numbers)
    assert found.tolist() == [BEGIN, 5, 22, 90, RARE]
    vocabulary = [""] * 91
    vocabulary[5], vocabulary[22], vocabulary[90] = "a", "film", "don't"
    assert read_back(found, vocabulary) == "a film don't …"


TYPED = st.text(st.sampled_from("abzß é'’.,! \n1İ…"), max_size=30)


@given(TYPED)
def test_a_text_is_cut_at_its_words_and_nothing_is_lost(text):
    pieces = split_words(text)
    assert "".join(between + word for between, word in pieces) == text
    assert pieces[-1][1] == ""
    words = [plain_word(word) for _, word in pieces if word]
    numbers = {word: place for place, word in enumerate(dict.fromkeys(words), start=3)}
    assert token_indices(text, numbers).tolist() == [BEGIN, *(numbers[word] for word in words)]


def test_each_word_has_its_number():
    assert numbers_of(("", "", "", "the", "a", "")) == {"the": 3, "a": 4}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A lab with made-up texts and nothing in Keras's cache."""
    monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for read in (load, task("reuters").load, task("fashion").load):
        read.cache_clear()
    yield tmp_path
    for read in (load, task("reuters").load, task("fashion").load):
        read.cache_clear()


@pytest.mark.parametrize(("name", "validation"), [("imdb", 10_000), ("reuters", 1_000)])
def test_the_first_texts_judge_as_in_the_tutorial(home, name, validation):
    made_up_texts.write(home, name)
    parts = split(task(name).load(), PRESETS[name].config)
    assert sorted(parts.validation.indices) == list(range(validation))
    everyone = np.concatenate([parts.train.indices, parts.validation.indices])
    assert sorted(everyone) == list(range(TASKS[name].samples))
    assert len(parts.test.labels) == TASKS[name].test_samples
    assert parts.train.labels.max() == len(TASKS[name].classes) - 1


def test_data_that_is_on_its_way_keeps_nobody_waiting_who_does_not_want_to(home, monkeypatch):
    monkeypatch.setattr(keras_data, "RETRY_SECONDS", math.inf)
    # It takes the connection, and never says a word.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for variable in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(DataPendingError):
            keras_data.promptly(task("imdb").load)
        silent.settimeout(PATIENCE)
        with silent.accept()[0]:  # Keras's loader wants to be connected, and waits
            assert keras_data.seconds_fetching("imdb") is not None
            with pytest.raises(DataPendingError):
                keras_data.promptly(task("imdb").load)
    with pytest.raises(DataError) as raised:
        task("imdb").load()
    assert not isinstance(raised.value, DataPendingError)
    assert raised.value.values["files"] == "imdb.npz, imdb_word_index.json"
    assert raised.value.values["folder"] == home / "keras" / "datasets"
    assert not keras_data.compact_file("imdb").exists()
    # What came of it is remembered for those who do not wait, until somebody looks again.
    with pytest.raises(DataError) as again:
        keras_data.promptly(task("imdb").load)
    assert again.value.values == raised.value.values
    made_up_texts.write(home, "imdb")
    assert len(keras_data.promptly(task("imdb").load).y_test) == TASKS["imdb"].test_samples


def test_who_looks_again_begins_anew(home, monkeypatch):
    tries = []
    monkeypatch.setattr(keras_data, "_load_with_keras", lambda *what: tries.append(what) or "no")
    monkeypatch.setattr(keras_data, "RETRY_SECONDS", math.inf)
    with pytest.raises(DataError):
        task("imdb").load()
    with pytest.raises(DataError):
        keras_data.promptly(task("imdb").load)
    assert len(tries) == 1
    with pytest.raises(DataError):
        task("imdb").load()
    assert len(tries) == 2
    keras_data.look_again("imdb")
    with pytest.raises(DataError):
        keras_data.promptly(task("imdb").load)
    until(lambda: len(tries) == 3)


@pytest.mark.parametrize("left", [0, 100, 3_000_000])
def test_a_compact_file_that_was_cut_short_is_made_again(left, home, monkeypatch):
    whole = made_up_texts.write(home, "imdb").read_bytes()
    keras_data.compact_file("imdb").write_bytes(whole[:left])
    monkeypatch.setattr(
        keras_data, "_load_with_keras", lambda _name, file: file.write_bytes(whole) and ""
    )
    assert len(task("imdb").load().y_train) == TASKS["imdb"].samples


def test_a_loader_that_was_killed_is_not_explained_by_what_it_said_before(home, monkeypatch):
    killed = subprocess.CompletedProcess([], -9, "", "I0000 no GPU will be used\n")
    monkeypatch.setattr(subprocess, "run", lambda *_what, **_how: killed)
    with pytest.raises(DataError) as raised:
        task("imdb").load()
    reason = str(raised.value.values["reason"])
    assert "-9" in reason and "GPU" not in reason


def test_a_fetch_that_breaks_down_keeps_nobody_waiting_for_ever(home, monkeypatch):
    def broken(*_what):
        raise RuntimeError("it broke")

    monkeypatch.setattr(keras_data, "_load_with_keras", broken)
    monkeypatch.setattr(keras_data, "RETRY_SECONDS", math.inf)
    for load_imdb in (task("imdb").load, lambda: keras_data.promptly(task("imdb").load)):
        with pytest.raises(DataError) as raised:
            load_imdb()
        assert raised.value.values["reason"] == "it broke"


def test_two_at_a_time_fetch_once(home, monkeypatch):
    """A page and a training may want the same data: the second one waits for the first one's."""
    file, reads, go_on = home / "imdb.npz", [], threading.Event()

    def read():
        reads.append(1)
        assert go_on.wait(PATIENCE)
        return {"y_train": np.zeros(3)}

    monkeypatch.setitem(keras_download.READERS, "imdb", read)
    both = [threading.Thread(target=keras_download.main, args=("imdb", file)) for _ in range(2)]
    for one in both:
        one.start()
    until(lambda: reads)
    go_on.set()
    for one in both:
        one.join(PATIENCE)
    assert file.exists() and len(reads) == 1


def test_a_disk_without_locks_takes_data_all_the_same(home, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def unknown(*_what):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unknown)
    monkeypatch.setitem(keras_download.READERS, "imdb", lambda: {"y_train": np.zeros(3)})
    keras_download.main("imdb", home / "imdb.npz")
    assert (home / "imdb.npz").exists()


def test_a_second_process_finds_what_the_first_one_left(home):
    file = made_up_texts.write(home, "imdb")
    before = file.stat().st_mtime_ns
    keras_download.main("imdb", file)
    assert file.stat().st_mtime_ns == before


def test_reading_texts_loads_no_keras(home):
    made_up_texts.write(home, "imdb")
    program = (
        "import sys; from mnist_core.tasks import task; task('imdb').load(); "
        "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
