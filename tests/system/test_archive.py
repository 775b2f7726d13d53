"""A run leaves as one file and comes in elsewhere as it was; nothing else comes in with it."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from mnist_core import cli
from mnist_core.errors import DataError, StoreError
from mnist_core.experiment.presets import PRESETS
from mnist_core.inference import models
from mnist_core.inference.predict import predict
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.tasks import task
from mnist_core.training.networks import build_network
from mnist_core.transfer import archive as archive_module
from mnist_core.transfer import uploads
from mnist_core.transfer.archive import ABOUT, EPOCHS, MANIFEST, file_name, write_archive
from mnist_core.transfer.restore import restore
from mnist_core.transfer.uploads import keep_arrived
from tests import model_files
from tests.live_training import Training

IMAGES = task("mnist").load().x_test[:20]


def network() -> keras.Model:
    keras.utils.set_random_seed(7)
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(2, "relu", name="hidden"),
            layers.Dense(10, "softmax", name="digits"),
        ],
        name="relu-2",
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("here"))


@pytest.fixture(scope="module")
def run(store: Store) -> Run:
    """A run as a worker leaves it, with event files and with what a person said of it."""
    training = Training(store)
    training.train(70)
    content = model_files.saved(network())
    for name in ("best.keras", "last.keras"):
        store.artifacts.write(training.id, name, content)
    training.writer.measured(test_loss=0.5, test_metric=0.75)
    training.end()
    folder = store.event_files.folder(training.id)
    assert folder is not None
    for below in ("", "train/", "validation/"):
        path = folder / f"{below}events.out.tfevents.1.lab"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(below.encode() * 100)
    store.rename(training.id, "mine: ü/数")
    store.describe(training.id, notes="two\nlines", tags=["a", "b"], pinned=True)
    return store.get(training.id)


@pytest.fixture(scope="module")
def archive(store: Store, run: Run) -> bytes:
    out = io.BytesIO()
    write_archive(store, run.id, out)
    return out.getvalue()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Store:
    return Store(tmp_path / "elsewhere")


def come_in(store: Store, content: bytes) -> Run:
    run_id = keep_arrived(store, io.BytesIO(content))
    return store.get(restore(store, run_id, "run.zip"))


def test_what_is_saved_is_never_too_long_to_come_in_again(
    store, run, archive, elsewhere, monkeypatch
):
    """Event files for which there is no room are left out, and the others still come in."""
    sizes = {name: len(part) for name, part in model_files.parts(archive).items()}
    events = {name for name in sizes if name.startswith("events/")}
    others = sum(size for name, size in sizes.items() if name not in {*events, MANIFEST})
    out = io.BytesIO()
    room = others + sizes["events/train/events.out.tfevents.1.lab"]
    monkeypatch.setattr(archive_module, "MOST_BYTES", archive_module.SPARE + room)
    assert write_archive(store, run.id, out) == ["events/validation/events.out.tfevents.1.lab"]
    monkeypatch.setattr(uploads, "MOST_BYTES", archive_module.MOST_BYTES)
    assert len(out.getvalue()) < uploads.MOST_BYTES
    found = come_in(elsewhere, out.getvalue())
    assert len(elsewhere.event_files.paths(found.id)) == 2


def test_a_run_comes_in_elsewhere_as_it_was(store, run, archive, elsewhere):
    found = come_in(elsewhere, archive)
    assert found.id != run.id
    for name in (
        "name",
        "config",
        "status",
        "notes",
        "tags",
        "created_at",
        "started_at",
        "ended_at",
        "active_seconds",
        "epochs_done",
        "best",
        "last",
        "test_loss",
        "test_metric",
    ):
        assert getattr(found, name) == getattr(run, name), name
    assert found.settled and found.has_models and not found.pinned
    assert elsewhere.curves(found.id) == store.curves(run.id)
    assert elsewhere.artifacts.names(found.id) == ["best.keras", "last.keras"]
    for path in store.event_files.paths(run.id):
        below = path.relative_to(store.event_files.folder(run.id))
        copy = elsewhere.event_files.folder(found.id) / below
        assert copy.read_bytes() == path.read_bytes()
    models._models.clear()
    mine = [one.probabilities for one in predict(elsewhere, found.id, "best", IMAGES)]
    x = IMAGES.reshape(-1, 784).astype(np.float32) / 255
    np.testing.assert_allclose(mine, network().predict_on_batch(x), atol=1e-6)


def test_the_same_run_comes_in_beside_itself(store, run, archive):
    found = come_in(store, archive)
    assert found.id != run.id and store.get(run.id) == run
    store.delete(found.id)


def test_it_can_leave_once_more_from_there(archive, elsewhere):
    found = come_in(elsewhere, archive)
    out = io.BytesIO()
    write_archive(elsewhere, found.id, out)
    again = come_in(elsewhere, out.getvalue())
    assert elsewhere.curves(again.id) == elsewhere.curves(found.id)


def test_it_is_a_zip_file_with_a_table_that_anybody_reads(archive, run):
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        assert packed.testzip() is None
        lines = packed.read(EPOCHS).decode().splitlines()
        manifest = json.loads(packed.read(MANIFEST))
        for name, entry in manifest["files"].items():
            assert hashlib.sha256(packed.read(name)).hexdigest() == entry["sha256"]
    assert lines[0].startswith("epoch,loss,metric,val_loss")
    assert len(lines) == 71 and lines[1].startswith("1,")
    assert file_name(run).endswith(f"{run.id[:8]}.zip") and "/" not in file_name(run)


def test_a_run_at_work_is_not_archived(store):
    training = Training(store)
    with pytest.raises(StoreError, match="the run is active"):
        write_archive(store, training.id, io.BytesIO())
    training.end()


def test_a_run_that_failed_comes_in_without_models(store, elsewhere):
    training = Training(store)
    training.train(3)
    training.end(RunStatus.FAILED, "The loss is no number.")
    out = io.BytesIO()
    write_archive(store, training.id, out)
    found = come_in(elsewhere, out.getvalue())
    assert (found.status, found.message) == (RunStatus.FAILED, "The loss is no number.")
    assert found.epochs_done == 3 and not found.has_models


OTHER_TASKS = {preset.config.task: preset.config for preset in PRESETS.values()}


@pytest.mark.parametrize("key", OTHER_TASKS)
def test_a_run_of_every_task_comes_in_with_its_networks(store, elsewhere, key):
    config = OTHER_TASKS[key]
    training = Training(store, run=store.create(config))
    training.train(2)
    keras.utils.set_random_seed(3)
    model = build_network(config.architecture, config.task)
    for name in ("best.keras", "last.keras"):
        store.artifacts.write(training.id, name, model_files.saved(model))
    training.writer.measured(test_loss=3.5, test_metric=0.5)
    training.end()
    out = io.BytesIO()
    write_archive(store, training.id, out)
    found = come_in(elsewhere, out.getvalue())
    assert found.config == config and found.test_metric == 0.5
    models._models.clear()
    kept = models.load(elsewhere, found.id, "best").model
    x = np.random.default_rng(1).random((4, *model.input_shape[1:]), np.float32)
    np.testing.assert_allclose(kept.predict_on_batch(x), model.predict_on_batch(x), rtol=1e-5)


def test_a_network_of_another_task_is_not_taken_for_this_one(archive, elsewhere):
    members = model_files.parts(archive)
    other = build_network(OTHER_TASKS["boston"].architecture)
    assert_refused(elsewhere, signed(members | {"best.keras": model_files.saved(other)}), "shape")


# ---- hostile files


def signed(members: dict[str, bytes]) -> bytes:
    """An archive whose manifest fits what was put into it."""
    files = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in members.items()
        if name != MANIFEST
    }
    manifest = {"format": "mnist-lab-run", "version": 1, "files": files}
    return model_files.zipped(members | {MANIFEST: json.dumps(manifest).encode()})


def with_about(archive: bytes, **changes: Any) -> bytes:
    members = model_files.parts(archive)
    about = json.loads(members[ABOUT]) | changes
    return signed(members | {ABOUT: json.dumps(about).encode()})


def assert_refused(store: Store, content: bytes, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        come_in(store, content)
    text = caught.value.sentence()
    assert text.startswith("Could not import “") and "\n" not in text
    for word in words:
        assert word in text, text
    assert store.list_runs() == []
    assert store.artifacts.sizes() == {}
    assert {path.name for path in Path(store.home).parent.iterdir()} == {"elsewhere"}


@pytest.mark.parametrize("name", [ABOUT, EPOCHS, "best.keras"])
def test_a_part_that_was_changed_is_noticed(archive, elsewhere, name):
    members = model_files.parts(archive)
    members[name] = members[name][:-1] + b" "
    assert_refused(elsewhere, model_files.zipped(members), name, "was changed or is damaged")


def test_a_part_that_is_missing_or_too_many_is_noticed(archive, elsewhere):
    members = model_files.parts(archive)
    for name in list(members):
        fewer = {one: content for one, content in members.items() if one != name}
        assert_refused(elsewhere, model_files.zipped(fewer))
    more = members | {"events/x.tfevents.2": b"x"}
    assert_refused(elsewhere, model_files.zipped(more), "was changed or is damaged")


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/tmp/evil",
        "events/../../evil.tfevents",
        "events/train/../x.tfevents",
        "events/other/x.tfevents",
        "checkpoint.npz",
        "base.keras",
        "run.py",
        "..\\x.tfevents",
    ],
)
def test_a_part_with_a_path_or_a_name_of_its_own_is_refused(archive, elsewhere, name):
    members = model_files.parts(archive) | {name: b"evil"}
    assert_refused(elsewhere, signed(members), "does not belong")


def test_a_hostile_model_inside_is_refused(archive, elsewhere):
    members = model_files.parts(archive)
    evil = {"module": "os", "class_name": "system", "config": {"name": "x", "command": "true"}}
    members["best.keras"] = model_files.with_layer(members["best.keras"], evil)
    assert_refused(elsewhere, signed(members), "os.system", "“run.zip: best.keras”")


def test_a_zip_bomb_is_refused(archive, elsewhere):
    members = model_files.parts(archive) | {"events/x.tfevents.1": bytes(100_000_001)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    assert_refused(elsewhere, packed.getvalue(), "unpacks to 100,000,001 bytes")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "running"},
        {"status": "queued"},
        {"status": 3},
        {"config": {"task": "mnist", "architecture": "../x"}},
        {"config": {"epochs": 10**9}},
        {"config": {"evil": 1}},
        {"config": None},
        {"name": ""},
        {"name": ["x"]},
        {"notes": "x" * 5000},
        {"tags": "abc", "notes": 3},
        {"tags": [str(place) for place in range(50)]},
        {"best_epoch": 71},
        {"best_epoch": "1"},
        {"test_metric": 2},
        {"created_at": -5},
        {"created_at": "yesterday"},
        {"created_at": 10**400},
        {"started_at": 1e300},
        {"active_seconds": 1e300},
        {"attempt": 2**63},
        {"lesson": {"base": "x"}},
        {"imported": {"file": "x"}},
        {"attempt": None, "active_seconds": "x"},
    ],
    ids=lambda changes: "-".join(f"{key}={str(value)[:12]}" for key, value in changes.items()),
)
def test_settings_that_cannot_be_are_refused(archive, elsewhere, changes):
    with pytest.raises((DataError, StoreError)) as caught:
        come_in(elsewhere, with_about(archive, **changes))
    assert "\n" not in caught.value.sentence()
    assert elsewhere.list_runs() == [] and elsewhere.artifacts.sizes() == {}


def test_a_setting_that_is_not_known_is_named(archive, elsewhere):
    unknown = {"task": "mnist", "architecture": "resnet-50"}
    with pytest.raises(DataError, match="architecture is .*resnet-50"):
        come_in(elsewhere, with_about(archive, config=unknown))


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.replace(b"\n2,", b"\n3,", 1),
        lambda table: table.replace(b"loss", b"evil", 1),
        lambda table: table.replace(b"0.82", b"=cmd()", 1),
        lambda table: table + b"71\n",
        lambda table: b"\xff" + table,
    ],
)
def test_a_table_of_epochs_that_cannot_be_is_refused(
    archive, elsewhere, change: Callable[[bytes], bytes]
):
    members = model_files.parts(archive)
    changed = change(members[EPOCHS])
    assert changed != members[EPOCHS]
    assert_refused(elsewhere, signed(members | {EPOCHS: changed}), "run.json")


@pytest.mark.parametrize("content", [b"", b"a text", b"PK\x05\x06" + bytes(18), b"PK\x03\x04" * 9])
def test_what_is_no_archive_is_refused(elsewhere, content):
    assert_refused(elsewhere, content)


def test_a_truncated_archive_is_refused(archive, elsewhere):
    for share in (0.1, 0.5, 0.99):
        assert_refused(elsewhere, archive[: int(len(archive) * share)])


# ---- from the shell


def test_the_command_line_archives_restores_imports_and_cleans(tmp_path, capsys, monkeypatch):
    store = Store(tmp_path / "home")
    training = Training(store)
    training.train(2)
    content = model_files.saved(network())
    for name in ("best.keras", "last.keras"):
        store.artifacts.write(training.id, name, content)
    training.end()
    file, model = tmp_path / "run.zip", tmp_path / "my net.keras"
    model.write_bytes(content)

    def said(*words: str) -> Any:
        assert cli.main([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    told = said("archive", training.id[:8], "--output", str(file))
    assert told["bytes"] == file.stat().st_size
    assert cli.main(["archive", training.id[:8], "--output", str(file)]) == 2
    assert "already" in capsys.readouterr().err
    restored = said("restore", str(file))
    assert store.curves(restored["run_id"]) == store.curves(training.id)
    imported = said("import", str(model), "--pixel-scaling", "raw", "--name", "from home")
    found = store.get(imported["run_id"])
    assert (found.name, found.config.pixel_scaling) == ("from home", "raw")
    assert imported["test_accuracy"] == found.test_metric
    store.describe(found.id, pinned=True)
    assert len(said("clean", "--older-than", "0d", "--dry-run")["runs"]) == 2
    assert len(store.list_runs()) == 3
    assert said("clean", "--older-than", "0d")["removed"] is True
    assert [run.id for run in store.list_runs()] == [found.id]
    for wrong in (["clean", "--older-than", "soon"], ["restore", str(model)], ["import", "/no"]):
        assert cli.main(wrong) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_the_web_process_can_archive_without_tensorflow():
    code = (
        "import sys; import mnist_core.runs.retention, mnist_core.transfer.archive,"
        "mnist_core.transfer.archive_reader, mnist_core.transfer.uploads;"
        "print({'tensorflow', 'keras', 'h5py'} & set(sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
