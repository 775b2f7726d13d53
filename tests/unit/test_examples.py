"""The networks that come with the lab: in every store, and never among a person's own runs."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest

from mnist_core.errors import StoreError
from mnist_core.evaluation.overfitting import CRITERIA, DEFAULT_CRITERION, Curves
from mnist_core.examples import FOLDER, install, known_examples, listed_examples, open_store
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Store
from mnist_core.runs.artifacts import BASE_MODEL, BEST_MODEL, LAST_MODEL
from mnist_core.runs.retention import old_runs
from mnist_core.studies.finetune import FEWEST, teach
from mnist_core.tasks.keras_data import shipped_vocabulary, vocabulary_file
from mnist_core.tasks.text_data import WORDS

MOST_BYTES = 10_000_000


@pytest.fixture
def store(lab_home, with_examples) -> Store:
    return open_store()


def test_all_examples_are_there_at_once_with_their_models_and_curves(store):
    runs = {run.example: run for run in store.examples()}
    assert set(runs) == set(known_examples())
    for key, run in runs.items():
        example = known_examples()[key]
        assert run.config == PRESETS[key].config and run.preset == key
        assert run.has_models and run.settled
        assert run.test_metric == pytest.approx(example.test_metric, abs=1e-6)
        assert run.best is not None and run.best.epoch == example.best_epoch
        assert len(store.curves(run.id)) == run.config.epochs
        assert store.artifacts.names(run.id) == [BEST_MODEL, LAST_MODEL]


def test_the_overfitting_point_of_the_first_example_is_found(store):
    run = next(run for run in store.examples() if run.example == "overfit-700")
    point = CRITERIA[DEFAULT_CRITERION].find(Curves.of(store.curves(run.id)))
    assert run.best is not None and point.best_epoch == run.best.epoch


def test_they_are_none_of_a_persons_own_runs(store):
    assert store.list_runs() == []
    assert old_runs(store, 0) == []
    own = store.create(TrainingConfig())
    assert store.list_runs() == [own]
    assert own not in store.examples()


def test_opening_the_store_again_changes_nothing(store):
    before = listed_examples(store)
    assert [run.example for run in before] == list(known_examples())
    assert listed_examples(open_store()) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda store, run_id: store.delete(run_id),
        lambda store, run_id: store.rename(run_id, "mine"),
        lambda store, run_id: store.describe(run_id, notes="mine"),
    ],
)
def test_an_example_is_neither_changed_nor_deleted(store, change):
    example = store.examples()[0]
    with pytest.raises(StoreError):
        change(store, example.id)
    assert store.get(example.id) == example


def test_an_example_can_be_hidden_and_shown_again(store):
    example = store.examples()[0]
    store.hide(example.id)
    assert example.id not in [run.id for run in store.examples()]
    assert example.id in [run.id for run in store.examples(hidden=True)]
    store.hide(example.id, hidden=False)
    assert example.id in [run.id for run in store.examples()]


def test_only_an_example_can_be_hidden(store):
    own = store.create(TrainingConfig())
    with pytest.raises(StoreError):
        store.hide(own.id)
    assert store.list_runs() == [own]


def test_a_rebuilt_example_takes_the_place_of_the_old_one_and_stays_hidden(store):
    key = "boston"
    old = next(run for run in store.examples() if run.example == key)
    store.hide(old.id)
    rebuilt = replace(known_examples()[key], id="0" * 32)
    install(store, {**known_examples(), key: rebuilt})
    (new,) = [run for run in store.examples(hidden=True) if run.example == key]
    assert (new.id, new.hidden) == (rebuilt.id, True)
    assert store.artifacts.names(old.id) == []
    assert len(store.examples(hidden=True)) == len(known_examples())


def test_an_example_of_another_version_goes_with_its_files(store):
    some = dict(list(known_examples().items())[:2])
    install(store, some)
    assert {run.example for run in store.examples(hidden=True)} == set(some)
    assert len(store.artifacts.sizes()) == len(some)


def test_missing_files_of_an_example_come_back(store):
    example = store.examples()[0]
    store.artifacts.remove(example.id)
    assert open_store().artifacts.names(example.id) == [BEST_MODEL, LAST_MODEL]


def test_a_lab_can_do_without(lab_home):
    assert open_store().examples(hidden=True) == []


def test_a_store_that_cannot_take_them_opens_all_the_same(lab_home, with_examples, monkeypatch):
    def full(self, run_id, name, content):
        raise StoreError("", "")

    monkeypatch.setattr("mnist_core.runs.artifacts.Artifacts.write", full)
    store = open_store()
    assert store.examples(hidden=True) == []
    assert store.create(TrainingConfig()) in store.list_runs()


def test_they_take_little_room():
    files = [*FOLDER.iterdir(), vocabulary_file("imdb"), vocabulary_file("reuters")]
    assert sum(file.stat().st_size for file in files if file.is_file()) <= MOST_BYTES


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_the_words_of_texts_come_with_the_lab(name):
    words = shipped_vocabulary(name)
    assert len(words) == WORDS
    assert {"the", "and", "of"} <= set(words)


def test_several_processes_may_open_a_new_store_at_once(lab_home, with_examples):
    with get_context("spawn").Pool(3) as processes:
        counts = processes.map(_count_examples, range(3))
    assert counts == [len(known_examples())] * 3


def _count_examples(_: int) -> int:
    return len(open_store().examples())


def test_fine_tuning_starts_from_an_example(store: Store) -> None:
    example = known_examples()["mlp-512"]
    for label in range(FEWEST):
        store.drawings.add(np.full((28, 28), label, np.uint8), label)
    run = teach(store, example.id, name="fine-tuned")
    assert run.example is None and [own.id for own in store.list_runs()] == [run.id]
    best = store.artifacts.read(example.id, BEST_MODEL)
    assert best and store.artifacts.read(run.id, BASE_MODEL) == best
