"""What a file about a run says in text comes back as it was, whatever the numbers are."""

from __future__ import annotations

import io
import math
import zipfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.cli.output import output_file
from mnist_core.errors import DataError, LabError, StoreError, UnknownRunError
from mnist_core.runs import EpochRecord, Store
from mnist_core.runs.model_files import MODELS
from mnist_core.runs.store import MOST_TAGS, NAME_LENGTH, clean_name, clean_tags
from mnist_core.transfer.archive import EVENT_FILE, _epochs_table, write_archive
from mnist_core.transfer.archive_reader import _records
from mnist_core.transfer.keras_import.refusal import brief
from mnist_core.transfer.uploads import EndedRun, add_ended, imported_config, keep_arrived, name_of
from tests import disks
from tests.damage import damaged

number = st.floats(allow_nan=False, width=64)


@given(st.lists(st.tuples(*[number] * 9), max_size=20))
def test_epochs_come_back_to_the_last_digit(rows):
    names = list(EpochRecord.__dataclass_fields__)[1:]
    records = [
        EpochRecord(epoch=epoch, **dict(zip(names, row, strict=True)))
        for epoch, row in enumerate(rows, start=1)
    ]
    assert _records(_epochs_table(records)) == records


def test_what_is_no_number_comes_back_as_no_number():
    values = dict.fromkeys(list(EpochRecord.__dataclass_fields__)[1:], math.nan)
    (found,) = _records(_epochs_table([EpochRecord(epoch=1, **values)]))
    assert math.isnan(found.val_loss) and asdict(found)["epoch"] == 1


@given(st.text(max_size=300))
def test_any_file_name_gives_a_name_that_is_taken(file):
    name = name_of(file)
    assert clean_name(name) == name and len(name) <= NAME_LENGTH


@given(st.lists(st.text(max_size=25), max_size=MOST_TAGS))
def test_clean_tags_are_clean(tags):
    once = clean_tags(tags)
    assert clean_tags(once) == once == sorted(set(once))


@given(st.text(max_size=200))
def test_what_stands_in_a_sentence_is_one_short_line(text):
    assert len(brief(text)) <= 60 and brief(text).isprintable()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("events/events.out.tfevents.1.lab", True),
        ("events/train/events.out.tfevents.1.lab", True),
        ("events/train/../events.out.tfevents.1", False),
        ("events/../tfevents", False),
        ("events/other/x.tfevents.1", False),
        ("events/x", False),
        ("events/a.tfevents\n", False),
        ("x/events/a.tfevents", False),
    ],
)
def test_only_names_of_event_files_are_known(name, known):
    assert (EVENT_FILE.fullmatch(name) is not None) is known


@pytest.fixture
def imported(tmp_path):
    """A store, and the id of a run with both models."""
    store = Store(tmp_path / "home")
    run_id = keep_arrived(store, io.BytesIO())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("model", bytes(range(256)))
    for name in MODELS:
        store.artifacts.write(run_id, name, file.getvalue())
    add_ended(store, run_id, EndedRun(name="mine", config=imported_config("unit"), imported={}))
    return store, run_id


@pytest.mark.parametrize("name", MODELS)
def test_a_damaged_or_missing_model_is_not_packed_but_named(imported, name):
    store, run_id = imported
    write_archive(store, run_id, io.BytesIO())
    path = Path(store.home) / "runs" / run_id / name
    path.write_bytes(next(damaged(path.read_bytes(), 1)))
    out = io.BytesIO()
    with pytest.raises(DataError, match=f"“mine”.*{name} is damaged"):
        write_archive(store, run_id, out)
    path.unlink()
    with pytest.raises(StoreError, match=f"“mine”.*{name} is gone: it was deleted"):
        write_archive(store, run_id, out)
    assert out.getvalue() == b""


def test_a_full_disk_asks_for_space_and_nothing_else(imported, tmp_path):
    store, run_id = imported
    with disks.small_disk(tmp_path / "small", kilobytes=40) as place:
        disks.fill(place)
        for path in (place / "run.zip", place / "other.zip"):
            with pytest.raises(LabError) as caught, output_file(path) as file:
                write_archive(store, run_id, file)
            assert "disk is full. Free some space" in str(caught.value)
            assert "--force" not in str(caught.value)
        assert [path.name for path in place.iterdir()] == ["filling"]


def test_a_run_that_is_deleted_while_it_is_saved_leaves_no_half_of_a_file(tmp_path):
    store = Store(tmp_path)
    run_id = keep_arrived(store, io.BytesIO())
    add_ended(store, run_id, EndedRun(name="short", config=imported_config("unit")))

    class Deletes(io.BytesIO):
        def write(self, content):
            with suppress(UnknownRunError):
                store.delete(run_id)
            return super().write(content)

    with pytest.raises(UnknownRunError):
        write_archive(store, run_id, Deletes())
