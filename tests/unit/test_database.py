"""The store's database opens, builds its tables once, and says in words what is wrong with it."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mnist_core.errors import LabError, StoreError, StoreGoneError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Command, Store, database, schema
from mnist_core.runs.queue import LeaseLostError
from tests.live_training import Training
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]

OPEN_TOGETHER = """
import sys, time
from pathlib import Path
from mnist_core.experiment.config import TrainingConfig
from mnist_core.runs import Store

folder = Path(sys.argv[1])
(folder / sys.argv[2]).touch()
while not (folder / "go").exists():
    time.sleep(0.001)
for place in range(5):
    Store(folder / f"home-{place}").create(TrainingConfig())
"""


def sentence(error: LabError) -> str:
    """What a person reads: one line, with no word of the machinery."""
    text = str(error)
    assert "\n" not in text and "Traceback" not in text and "SELECT" not in text
    assert text.count(". ") >= 1  # the problem and the remedy
    return text


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    return ScriptDirectory.from_config(config)


def connection_to(store: Store) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(Path(store.home) / "runs.db", isolation_level=None))


def test_the_revision_named_in_the_schema_is_the_newest_migration():
    assert scripts().get_heads() == [schema.REVISION]


def differences(store: Store) -> list:
    """How the database's tables differ from those of the schema."""
    with store.database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert context.get_current_revision() == schema.REVISION
        return compare_metadata(context, schema.metadata)


def test_the_migrations_build_the_tables_of_the_schema_and_can_be_taken_back(any_store):
    assert differences(any_store) == []
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with any_store.database.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with any_store.database.reading() as connection:
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    any_store.database._migrate()
    assert differences(any_store) == []


def test_a_store_at_the_newest_revision_opens_without_alembic(lab_home):
    Store(lab_home).database.close()
    code = (
        "import sys; from mnist_core.runs import Store; Store.open().list_runs();"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'alembic', 'mako'}))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == "[]"


def test_processes_that_open_a_new_store_at_the_same_moment_share_it(tmp_path):
    names = [f"ready-{place}" for place in range(3)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_TOGETHER, str(tmp_path), name],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    try:
        until = time.monotonic() + PATIENCE
        while not all((tmp_path / name).exists() for name in names):
            assert time.monotonic() < until
            time.sleep(0.01)
        (tmp_path / "go").touch()
        for process in processes:
            _, errors = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
    for place in range(5):
        assert len(Store(tmp_path / f"home-{place}").list_runs()) == len(names)


@pytest.mark.parametrize("name", ["with space", "数字", "a?b#c", "100%20%", "ü:@;"])
def test_a_home_of_any_name_holds_its_database(tmp_path, name):
    store = Store(tmp_path / name)
    run = store.create(TrainingConfig())
    assert (tmp_path / name / "runs.db").is_file()
    # The engine hands the address to its workers as a text.
    assert Store(store.home, store.url).get(run.id) == run


def test_the_environment_names_home_and_database(monkeypatch, tmp_path):
    monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path / "here"))
    first = Store.open()
    assert (tmp_path / "here" / "runs.db").is_file()
    monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path / "there"))
    monkeypatch.setenv("MNIST_LAB_DATABASE_URL", first.url)
    run = first.create(TrainingConfig())
    second = Store.open()
    assert second.get(run.id) == run
    assert second.artifacts.root == str(tmp_path / "there")


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    file = tmp_path / "runs.db"
    content = b"Dear diary, " * 100
    file.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Store(tmp_path)
    assert "is damaged" in sentence(caught.value)
    assert str(file) in str(caught.value)
    assert file.read_bytes() == content


def test_a_database_cut_short_is_refused(tmp_path):
    store = Store(tmp_path)
    for _ in range(200):
        store.create(TrainingConfig())
    store.database.close()
    file = tmp_path / "runs.db"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(StoreError) as caught:
        Store(tmp_path).list_runs()
    assert "is damaged" in sentence(caught.value)


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StoreError) as caught:
        Store(tmp_path / "home")
    assert "Not a directory" in sentence(caught.value)


def test_a_full_database_keeps_what_it_has_and_says_so(lab_home):
    store = Store(lab_home)
    training = Training(store)
    training.train(10)

    @sa.event.listens_for(store.database._engine, "connect")
    def fill(connection, _record):
        # A disk that is full, as far as SQLite can tell.
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    store.database.close()  # the next connection is a new one
    with pytest.raises(StoreError) as caught:
        training.train(2000)
    assert "disk is full" in sentence(caught.value)
    assert "data is safe" in str(caught.value)
    assert [row.epoch for row in store.curves(training.id)] == list(range(1, 11))
    assert store.get(training.id).epochs_done == 10


def test_a_read_only_database_is_read_and_refuses_to_be_written(lab_home):
    store = Store(lab_home)
    run = store.create(TrainingConfig())
    store.database.close()
    file = lab_home / "runs.db"
    frozen = Store(lab_home, f"sqlite:///file:{file}?mode=ro&uri=true")
    assert frozen.list_runs() == [run]
    for refused in (
        lambda: frozen.create(TrainingConfig()),
        lambda: frozen.rename(run.id, "another"),
        lambda: frozen.command(run.id, Command.STOP),
    ):
        with pytest.raises(StoreError) as caught:
            refused()
        assert "read-only" in sentence(caught.value)
    assert frozen.get(run.id) == run


def test_a_store_written_by_a_newer_lab_is_left_alone(lab_home):
    store = Store(lab_home)
    store.create(TrainingConfig())
    with connection_to(store) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    store.database.close()
    before = shutil.copy(lab_home / "runs.db", lab_home / "copy.db")
    with pytest.raises(StoreError) as caught:
        Store(lab_home)
    assert "newer version" in sentence(caught.value)
    assert (lab_home / "runs.db").read_bytes() == Path(before).read_bytes()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no address at all", "not a valid database address"),
        ("postgresql://me@host:abc/lab", "abc"),
        ("oracel://host/name", "oracel"),
        ("postgresql+psycopg2://me:secret@127.0.0.1/lab", "psycopg2"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(lab_home, url, words):
    with pytest.raises(StoreError) as caught:
        Store(lab_home, url)
    text = sentence(caught.value)
    assert words in text and "MNIST_LAB_DATABASE_URL" in text
    assert "secret" not in text


def test_a_database_server_that_does_not_answer_is_explained(lab_home):
    pytest.importorskip("psycopg", reason="PostgreSQL is tested with psycopg[binary] installed")
    with pytest.raises(StoreError) as caught:
        # Nobody may listen on port 1.
        Store(lab_home, "postgresql+psycopg://me:secret@127.0.0.1:1/lab")
    assert "secret" not in sentence(caught.value)
    assert "127.0.0.1:1/lab" in str(caught.value)


def test_a_writer_that_waits_too_long_is_told(lab_home, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    store = Store(lab_home)
    run = store.create(TrainingConfig())
    with connection_to(store) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            store.rename(run.id, "another")
        assert "locked" in sentence(caught.value)
        assert store.get(run.id).name == run.name  # readers do not wait
        other.execute("ROLLBACK")
    store.rename(run.id, "another")
    assert store.get(run.id).name == "another"


def test_an_error_inside_a_transaction_takes_all_of_it_back(any_store):
    run = any_store.create(TrainingConfig())

    def write_half() -> None:
        with any_store.database.writing() as connection:
            connection.execute(sa.update(schema.runs).values(name="half"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert any_store.get(run.id).name == run.name


def test_a_deleted_database_is_noticed_and_its_rows_are_shown_no_more(lab_home):
    store = Store(lab_home)
    training = Training(store)
    training.train(3)
    shutil.rmtree(lab_home)
    for use in (store.list_runs, lambda: training.train(1), lambda: store.create(TrainingConfig())):
        with pytest.raises(StoreGoneError) as caught:
            use()
        assert str(lab_home) in sentence(caught.value)
    assert not lab_home.exists()  # nothing is begun in a place that may only be unmounted

    another = Store(lab_home)  # from the shell, say
    run = another.create(TrainingConfig())
    assert store.list_runs() == [run]
    assert store.database.openings == 2
    with pytest.raises(LeaseLostError):
        training.train(1)
    store.rename(run.id, "seen by both")
    assert another.get(run.id).name == "seen by both"


def test_a_database_that_was_away_for_a_while_goes_on(lab_home):
    store = Store(lab_home)
    training = Training(store)
    training.train(3)
    lab_home.rename(lab_home.with_name("elsewhere"))
    with pytest.raises(StoreGoneError):
        training.train(1)
    lab_home.with_name("elsewhere").rename(lab_home)
    training.done = 3
    training.train(2)
    assert len(store.curves(training.id)) == 5


def test_a_database_replaced_by_another_is_opened_anew(tmp_path):
    """Also where the log of the old one is left beside the new one."""
    store, other = Store(tmp_path / "here"), Store(tmp_path / "there")
    old = [store.create(TrainingConfig(), name=f"old {place}") for place in range(30)]
    new = [other.create(TrainingConfig(), name=f"new {place}") for place in range(50)]
    other.database.close()
    assert (tmp_path / "here" / "runs.db-wal").stat().st_size > 0
    (tmp_path / "there" / "runs.db").replace(tmp_path / "here" / "runs.db")
    assert sorted(run.name for run in store.list_runs()) == sorted(run.name for run in new)
    store.rename(new[0].id, "written")
    with pytest.raises(StoreError):
        store.get(old[0].id)
    with connection_to(store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert Store(tmp_path / "here").get(new[0].id).name == "written"


def test_a_write_into_a_file_that_is_deleted_meanwhile_is_no_success(lab_home):
    store = Store(lab_home)
    run = store.create(TrainingConfig())

    def write() -> None:
        with store.database.writing() as connection:
            connection.execute(sa.update(schema.runs).values(name="lost"))
            for path in lab_home.glob("runs.db*"):
                path.unlink()

    with pytest.raises(StoreGoneError):
        write()
    Store(lab_home)
    assert store.list_runs() == [] and run.name != "lost"


@pytest.mark.slow
def test_a_database_server_that_hangs_is_not_waited_for_without_end(
    postgresql_cluster, lab_home, monkeypatch
):
    hurried = {"options": "-c statement_timeout=200ms", "connect_timeout": 2}
    monkeypatch.setattr(database, "POSTGRESQL", database.POSTGRESQL | hurried)
    store = Store(lab_home, postgresql_cluster.new_database())
    with (
        pytest.raises(StoreError, match="did not answer in time"),
        store.database.reading() as connection,
    ):
        connection.execute(sa.text("SELECT pg_sleep(60)"))
    assert store.list_runs() == []
    store.database.close()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with pytest.raises(StoreError, match=str(port)):
            Store(lab_home, f"postgresql+psycopg://lab@127.0.0.1:{port}/lab")
