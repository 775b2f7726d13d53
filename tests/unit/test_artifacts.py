"""A run's files are whole or not there, whatever happens to their writer or to the disk."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from mnist_core.errors import DamagedFileError, StoreError
from mnist_core.runs.artifacts import BEST_MODEL, CHECKPOINT, LAST_MODEL, Artifacts
from tests.damage import damaged
from tests.disks import fill, read_only, small_disk

ROOT = Path(__file__).resolve().parents[2]
RUN = "a" * 32

WRITE_FOREVER = """
import itertools, sys
from mnist_core.runs.artifacts import Artifacts

artifacts = Artifacts(sys.argv[1])
for number in itertools.count():
    artifacts.write(sys.argv[2], "model", bytes([number % 251]) * 10_000_000)
    print(number, flush=True)
"""

WRITE_WITH_A_LIMIT = """
import resource, sys
from mnist_core.errors import DamagedFileError, StoreError
from mnist_core.runs.artifacts import Artifacts

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    Artifacts(sys.argv[1]).write(sys.argv[2], "model", bytes(1_000_000))
except StoreError as error:
    print(error)
"""


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(str(tmp_path))


def files(artifacts: Artifacts) -> list[Path]:
    return [path for path in Path(artifacts.root).rglob("*") if path.is_file()]


def test_a_file_comes_back_as_it_was_written(artifacts):
    content = bytes(range(256)) * 100
    artifacts.write(RUN, BEST_MODEL, content)
    assert artifacts.read(RUN, BEST_MODEL) == content
    assert artifacts.read("b" * 32, BEST_MODEL) is None
    artifacts.write(RUN, BEST_MODEL, b"")
    assert artifacts.read(RUN, BEST_MODEL) == b""
    assert artifacts.read(RUN, CHECKPOINT) is None


def test_a_file_is_replaced_and_nothing_else_is_left(artifacts):
    for content in (b"old", b"new and longer", b"x"):
        artifacts.write(RUN, CHECKPOINT, content)
        assert artifacts.read(RUN, CHECKPOINT) == content
    assert len(files(artifacts)) == 1


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()


def test_a_model_carries_a_checksum_over_the_whole_and_is_read_only_as_it_was_written(artifacts):
    plain = zipped(config=b"{}", weights=bytes(range(256)))
    artifacts.write(RUN, BEST_MODEL, plain)
    content = artifacts.read_whole(RUN, BEST_MODEL)
    assert artifacts.read_whole(RUN, CHECKPOINT) is None
    with zipfile.ZipFile(io.BytesIO(content)) as packed:  # any program reads it as before
        assert packed.read("config") == b"{}" and packed.testzip() is None
    artifacts.write(RUN, LAST_MODEL, content)  # a copy keeps its seal
    assert artifacts.read_whole(RUN, LAST_MODEL) == content
    (file,) = [path for path in files(artifacts) if path.name == BEST_MODEL]
    for other in damaged(content, 50):
        file.write_bytes(other)
        with pytest.raises(DamagedFileError, match=BEST_MODEL):
            artifacts.read_whole(RUN, BEST_MODEL)
    file.write_bytes(plain)  # of an earlier version
    assert artifacts.read_whole(RUN, BEST_MODEL) == plain
    file.write_bytes(plain.replace(bytes(range(99)), bytes(99)))
    with pytest.raises(DamagedFileError):
        artifacts.read_whole(RUN, BEST_MODEL)


def test_files_are_named(artifacts):
    assert artifacts.names(RUN) == []
    for name in ("last.keras", "best.keras", CHECKPOINT):
        artifacts.write(RUN, name, b"content")
    artifacts.write("b" * 32, "other", b"content")
    (Path(artifacts.root) / "runs" / RUN / ".best.keras.1234").write_text("cut short")
    assert artifacts.names(RUN) == ["best.keras", "checkpoint.npz", "last.keras"]


def test_files_are_removed_one_by_one_or_all_together(artifacts):
    for run_id in (RUN, "b" * 32):
        for name in ("first", "second"):
            artifacts.write(run_id, name, b"content")
    artifacts.remove(RUN, "first")
    assert artifacts.names(RUN) == ["second"]
    artifacts.remove(RUN)
    assert artifacts.names(RUN) == []
    assert artifacts.names("b" * 32) == ["first", "second"]
    artifacts.remove(RUN)
    artifacts.remove(RUN, "first")


def test_files_may_be_elsewhere_than_on_a_disk():
    artifacts = Artifacts("memory://lab")
    artifacts.prepare()
    artifacts.write(RUN, BEST_MODEL, b"old")
    artifacts.write(RUN, BEST_MODEL, b"new")
    assert artifacts.names(RUN) == [BEST_MODEL]
    assert Artifacts("memory://lab").read(RUN, BEST_MODEL) == b"new"
    artifacts.remove(RUN)
    assert artifacts.read(RUN, BEST_MODEL) is None


@pytest.mark.parametrize("root", ["nosuchkind://bucket/lab", "smb://host/lab"])
def test_an_address_that_cannot_be_used_is_explained(root):
    with pytest.raises(StoreError) as caught:
        Artifacts(root)
    assert root in str(caught.value) and "MNIST_LAB_HOME" in str(caught.value)


def test_a_killed_writer_leaves_a_whole_file(artifacts):
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOREVER, artifacts.root, RUN],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with process, process.stdout:
            written = [process.stdout.readline() for _ in range(3)]
            process.kill()
        assert len(written) == 3
        content = artifacts.read(RUN, "model")
        assert content is not None and len(content) == 10_000_000
        assert content == content[:1] * len(content)
        assert artifacts.names(RUN) == ["model"]


def test_a_reader_sees_the_old_file_or_the_new_one(artifacts):
    versions = [bytes([number]) * 300_000 for number in range(5)]
    artifacts.write(RUN, "model", versions[0])
    over = threading.Event()

    def write() -> None:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            for version in versions:
                artifacts.write(RUN, "model", version)
        over.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not over.is_set():
        seen.append(artifacts.read(RUN, "model"))
    writer.join()
    assert seen and all(content in versions for content in seen)


def test_a_full_disk_keeps_the_old_file(tmp_path):
    with small_disk(tmp_path / "disk", kilobytes=400) as disk:
        artifacts = Artifacts(str(disk))
        artifacts.write(RUN, "model", b"old")
        with pytest.raises(StoreError) as caught:
            artifacts.write(RUN, "model", bytes(1_000_000))
        assert "disk is full" in str(caught.value)
        assert artifacts.read(RUN, "model") == b"old"
        assert len(files(artifacts)) == 1
        fill(disk)
        with pytest.raises(StoreError):
            artifacts.write("b" * 32, "model", b"new run")
        artifacts.remove(RUN)  # room can be made
        assert artifacts.names(RUN) == []


def test_a_limit_on_the_size_of_files_keeps_the_old_file(artifacts):
    pytest.importorskip("resource", reason="the limit is one of Unix")
    artifacts.write(RUN, "model", b"old")
    done = subprocess.run(
        [sys.executable, "-c", WRITE_WITH_A_LIMIT, artifacts.root, RUN],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "File too large" in done.stdout and "MNIST_LAB_HOME" in done.stdout
    assert artifacts.read(RUN, "model") == b"old"
    assert len(files(artifacts)) == 1


def test_a_folder_that_may_not_be_written_is_explained(artifacts, tmp_path):
    artifacts.write(RUN, "model", b"old")
    with read_only(tmp_path):
        for refused in (
            lambda: artifacts.write(RUN, "model", b"new"),
            lambda: artifacts.write("b" * 32, "model", b"new"),
            lambda: artifacts.remove(RUN),
            Artifacts(str(tmp_path / "below")).prepare,
        ):
            with pytest.raises(StoreError) as caught:
                refused()
            assert str(tmp_path) in str(caught.value)
            assert "writable" in caught.value.remedy
        assert artifacts.read(RUN, "model") == b"old"


def test_a_file_that_cannot_be_read_is_not_taken_for_a_missing_one(artifacts, tmp_path):
    (tmp_path / "runs" / RUN / "model").mkdir(parents=True)
    with pytest.raises(StoreError, match="^Could not read"):
        artifacts.read(RUN, "model")
