"""What a person says of a run stays with it: notes, tags and a pin, within their limits."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from mnist_core.errors import StoreError, UnknownRunError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Store
from mnist_core.runs.schema import runs
from mnist_core.runs.store import MOST_TAGS, NOTES_LENGTH, TAG_LENGTH


@pytest.fixture
def store(any_store: Store) -> Store:
    return any_store


def test_a_new_run_has_nothing_said_of_it(store):
    run = store.create(TrainingConfig())
    assert (run.notes, run.tags, run.pinned, run.imported) == ("", (), False, None)


def test_what_is_said_of_a_run_comes_back(store):
    run = store.create(TrainingConfig())
    other = store.create(TrainingConfig())
    store.describe(run.id, notes=" two\nlines \n", tags=["b", " a  word ", "b", ""], pinned=True)
    found = store.get(run.id)
    assert (found.notes, found.tags, found.pinned) == ("two\nlines", ("a word", "b"), True)
    assert found.version > run.version
    assert store.get(other.id) == other
    assert store.list_runs() == [store.get(other.id), found]


def test_what_is_not_named_stays(store):
    run = store.create(TrainingConfig())
    store.describe(run.id, notes="kept", tags=["kept"], pinned=True)
    store.describe(run.id)
    store.describe(run.id, tags=[])
    found = store.get(run.id)
    assert (found.notes, found.tags, found.pinned) == ("kept", (), True)
    store.describe(run.id, pinned=False, notes="")
    assert (store.get(run.id).pinned, store.get(run.id).notes) == (False, "")


def test_the_longest_that_is_allowed_is_kept(store):
    run = store.create(TrainingConfig())
    tags = [f"{place:02}".ljust(TAG_LENGTH, "é") for place in range(MOST_TAGS)]
    store.describe(run.id, notes="数" * NOTES_LENGTH, tags=tags)
    assert store.get(run.id).tags == tuple(tags)
    assert store.get(run.id).notes == "数" * NOTES_LENGTH


@pytest.mark.parametrize(
    "said",
    [
        {"notes": "x" * (NOTES_LENGTH + 1)},
        {"tags": ["x" * (TAG_LENGTH + 1)]},
        {"tags": [str(place) for place in range(MOST_TAGS + 1)]},
    ],
)
def test_what_is_too_long_is_refused_and_changes_nothing(store, said):
    run = store.create(TrainingConfig())
    with pytest.raises(StoreError, match="at most"):
        store.describe(run.id, pinned=True, **said)
    assert store.get(run.id) == run


def test_an_unknown_run_is_said_to_be_unknown(store):
    with pytest.raises(UnknownRunError):
        store.describe("0" * 32, notes="for nobody")


def test_a_run_of_an_older_lab_is_not_pinned_and_has_no_tags(store):
    """The row as the migration leaves it, with nothing in the new columns but their defaults."""
    run = store.create(TrainingConfig())
    with store.database.writing() as connection:
        connection.execute(
            sa.insert(runs).values(
                id="f" * 32,
                name="old",
                config=run.config.to_dict(),
                status="finished",
                created_at=0.0,
            )
        )
    old = store.get("f" * 32)
    assert (old.notes, old.tags, old.pinned, old.imported) == ("", (), False, None)
    assert not old.has_models
