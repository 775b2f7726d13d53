"""A run's event files, read by TensorBoard's own reader."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util.tensor_util import make_ndarray

from mnist_core.runs import EpochRecord, Run, Store
from mnist_core.runs.artifacts import Artifacts
from mnist_core.runs.event_files import LOGDIR, NAME_BYTES, EventFiles, label, read_events
from mnist_core.tensorboard.writer import BARS, FIGURES, EventWriter, histogram_stride
from tests.disks import fill, read_only, small_disk
from tests.live_training import Training, record

ALL = {"tensors": 0, "scalars": 0}
WEIGHTS = np.linspace(-1, 3, 500, dtype=np.float32).reshape(50, 10)


@pytest.fixture
def store(lab_home: Path) -> Store:
    return Store(lab_home)


def events(store: Store, run_id: str, part: str = "") -> EventAccumulator:
    folder = store.event_files.folder(run_id)
    return EventAccumulator(str(folder / part), size_guidance=ALL).Reload()


def scalars(store: Store, run_id: str, part: str, tag: str) -> list[tuple[int, float]]:
    found = events(store, run_id, part).Tensors(tag)
    return [(event.step, float(make_ndarray(event.tensor_proto))) for event in found]


def histogram_steps(store: Store, run_id: str) -> list[int]:
    found = events(store, run_id, "train").Tensors("dense/kernel/histogram")
    return [event.step for event in found]


def records(epochs: int, *, lag: int = 0) -> list[EpochRecord]:
    return [record(epoch, lag=lag) for epoch in range(1, epochs + 1)]


def writer_of(store: Store, run: Run, earlier: list[EpochRecord] | None = None) -> EventWriter:
    writer = EventWriter(store.event_files, run)
    writer.begin(earlier or [])
    return writer


def train(writer: EventWriter, rows: list[EpochRecord]) -> None:
    for row in rows:
        writer.histograms(row.epoch, {"dense/kernel": WEIGHTS * row.epoch})
    writer.take(rows)


def finished(store: Store, epochs: int = 80, name: str = "made up") -> Run:
    """A run with its event files, as a worker leaves both."""
    training = Training(store, epochs=epochs)
    store.rename(training.id, name)
    writer = writer_of(store, training.run)
    training.write(records(epochs))
    train(writer, records(epochs))
    writer.graph(lambda: b"")
    training.writer.measured(test_loss=0.5, test_metric=0.875)
    training.end()
    writer.end(training.run, list)
    return training.run


def test_the_curves_are_those_of_the_journal(store: Store) -> None:
    run = finished(store)
    rows = store.curves(run.id)
    for part, tag, field in (
        ("train", "epoch_loss", "loss"),
        ("train", "epoch_accuracy", "metric"),
        ("train", "epoch_learning_rate", "learning_rate"),
        ("validation", "epoch_loss", "val_loss"),
        ("validation", "epoch_accuracy", "val_metric"),
    ):
        expected = [(row.epoch, np.float32(getattr(row, field))) for row in rows]
        assert scalars(store, run.id, part, tag) == expected


def test_histograms_are_numpys_in_the_form_of_tensorboard(store: Store) -> None:
    run = finished(store, epochs=3)
    found = events(store, run.id, "train").Tensors("dense/kernel/histogram")
    assert [event.step for event in found] == [1, 2, 3]
    bars = make_ndarray(found[1].tensor_proto)
    counts, edges = np.histogram(2 * WEIGHTS, bins=BARS)
    np.testing.assert_allclose(bars[:, 0], edges[:-1], atol=1e-6)
    np.testing.assert_allclose(bars[:, 1], edges[1:], atol=1e-6)
    np.testing.assert_array_equal(bars[:, 2], counts)
    metadata = events(store, run.id, "train").SummaryMetadata("dense/kernel/histogram")
    assert metadata.plugin_data.plugin_name == "histograms"


@pytest.mark.parametrize(
    ("weights", "total"),
    [(np.zeros(4), 4), (np.array([1.0, np.nan, np.inf, 2.0]), 2)],
    ids=["all the same", "no numbers among them"],
)
def test_a_histogram_of_odd_weights(store: Store, weights: np.ndarray, total: int) -> None:
    training = Training(store)
    writer = writer_of(store, training.run)
    writer.histograms(1, {"bias": weights, "nothing": np.array([np.nan])})
    writer.take(records(1))
    writer.close()
    (event,) = events(store, training.id, "train").Tensors("bias/histogram")
    bars = make_ndarray(event.tensor_proto)
    assert bars.shape == (BARS, 3) and bars[:, 2].sum() == total
    assert "nothing/histogram" not in events(store, training.id, "train").Tags()["tensors"]


def test_very_long_runs_keep_the_histograms_of_some_epochs() -> None:
    assert [histogram_stride(epochs) for epochs in (1, 1000, 1001, 20_000)] == [1, 1, 2, 20]


def test_settings_and_figures_of_three_runs_can_be_compared(store: Store) -> None:
    for name in ("one", "two", "three"):
        run = finished(store, name=name)
        found = events(store, run.id)
        data = {
            tag: plugin_data_pb2.HParamsPluginData.FromString(
                found.SummaryMetadata(f"_hparams_/{tag}").plugin_data.content
            )
            for tag in ("experiment", "session_start_info", "session_end_info")
        }
        settings = data["session_start_info"].session_start_info.hparams
        assert settings["train_size"].number_value == run.config.train_size
        assert settings["optimizer"].string_value == run.config.optimizer
        assert "histograms" not in settings and "patience" not in settings
        metrics = data["experiment"].experiment.metric_infos
        assert [info.name.tag for info in metrics] == [
            tag.format(metric="accuracy") for tag in FIGURES
        ]
        assert data["session_end_info"].session_end_info.status == 1  # success
        ((step, value),) = scalars(store, run.id, "", "result/best_val_loss")
        assert (step, value) == (run.best.epoch, np.float32(run.best.val_loss))
        assert scalars(store, run.id, "", "result/test_accuracy")[0][1] == 0.875
    assert {tag.format(metric="accuracy") for tag in FIGURES} <= set(found.Tags()["tensors"])


def test_the_graph_is_there(store: Store) -> None:
    assert events(store, finished(store).id, "train").Tags()["graph"]


def test_going_on_from_a_checkpoint_leaves_no_epoch_twice(store: Store) -> None:
    first = Training(store)
    writer = writer_of(store, first.run)
    first.write(records(50))
    train(writer, records(50))
    # Its worker is killed here, in the middle of a record.
    (path,) = (p for p in store.event_files.paths(first.id) if p.parent.name == "train")
    path.write_bytes(path.read_bytes()[:-7])
    again = first.resume(30)
    successor = writer_of(store, again.run, store.curves(again.id))
    assert histogram_steps(store, again.id) == list(range(1, 31))
    later = records(60, lag=5)[30:]
    again.write(later)
    train(successor, later)
    train(writer, records(55)[50:])  # the dead one was only asleep
    again.end()
    successor.end(again.run, list)
    expected = [(row.epoch, np.float32(row.val_loss)) for row in store.curves(again.id)]
    assert [epoch for epoch, _ in expected] == list(range(1, 61))
    assert scalars(store, again.id, "validation", "epoch_loss") == expected
    assert histogram_steps(store, again.id) == list(range(1, 61))
    assert len(store.event_files.paths(again.id)) == 3
    writer.close()


def test_a_new_beginning_forgets_every_epoch(store: Store) -> None:
    training = Training(store)
    before = writer_of(store, training.run)
    train(before, records(20))
    before.close()
    writer = writer_of(store, training.run)
    train(writer, records(3))
    writer.close()
    assert [step for step, _ in scalars(store, training.id, "train", "epoch_loss")] == [1, 2, 3]
    assert histogram_steps(store, training.id) == [1, 2, 3]


def test_a_full_disk_ends_nothing_and_all_is_written_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with small_disk(tmp_path / "disk", kilobytes=500) as disk:
        store = Store(disk, f"sqlite:///{tmp_path / 'runs.db'}")
        training = Training(store)
        writer = writer_of(store, training.run)
        train(writer, records(5))
        fill(disk)
        with caplog.at_level(logging.CRITICAL):
            training.write(records(40))
            train(writer, records(40)[5:])
            (disk / "filling").unlink()
            training.end()
            writer.end(training.run, lambda: store.curves(training.id))
        steps = [step for step, _ in scalars(store, training.id, "train", "epoch_loss")]
        assert steps == list(range(1, 41))
        store.database.close()


def test_only_whole_events_are_read(store: Store) -> None:
    run = finished(store, epochs=3)
    (path, *_) = (p for p in store.event_files.paths(run.id) if p.parent.name == "train")
    whole = list(read_events(path))
    assert whole[0].file_version == "brain.Event:2"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert list(read_events(path)) == whole[:-1]
    path.write_bytes(content + b"\xff" * 40)
    assert list(read_events(path)) == whole
    path.write_bytes(b"")
    assert list(read_events(path)) == []


# What TensorBoard calls the runs


def links(store: Store) -> list[str]:
    folder = Path(store.home) / LOGDIR
    return sorted(link.name for link in folder.iterdir()) if folder.is_dir() else []


def test_a_run_is_called_by_its_name_and_follows_a_new_one(store: Store) -> None:
    run = finished(store, name="first/try: 数字")
    assert links(store) == [f"first_try_ 数字 {run.id[:8]}"]
    store.rename(run.id, "second")
    assert links(store) == [f"second {run.id[:8]}"]
    linked = store.event_files.logdir / links(store)[0]
    assert (linked / "train").is_dir()


def test_a_deleted_run_is_gone_from_tensorboard(store: Store) -> None:
    run, other = finished(store), finished(store)
    store.delete(run.id)
    assert links(store) == [f"made up {other.id[:8]}"]
    assert store.event_files.paths(run.id) == []
    assert not store.event_files.folder(run.id).exists()


def test_links_are_mended(store: Store) -> None:
    run = finished(store)
    logdir = store.event_files.logdir
    (logdir / links(store)[0]).unlink()
    (logdir / "gone 12345678").symlink_to("../runs/gone")
    assert store.event_files.refresh({run.id: "again"}) == logdir
    assert links(store) == [f"again {run.id[:8]}"]


def test_without_links_the_long_names_serve(store: Store, monkeypatch, caplog) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("a privilege is not held")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    with caplog.at_level(logging.CRITICAL):
        run = finished(store)
        assert store.event_files.refresh({run.id: run.name}) == Path(store.home) / "runs"


def test_files_that_are_kept_elsewhere_have_no_event_files() -> None:
    from mnist_core.runs.artifacts import Artifacts
    from mnist_core.runs.event_files import EventFiles

    files = EventFiles(Artifacts("memory://lab"))
    assert files.folder("a" * 32) is None and files.logdir is None
    assert files.paths("a" * 32) == [] and files.refresh({}) is None


@pytest.mark.parametrize("name", ["字" * 80, "🔢" * 80, "a" * 80])
def test_a_label_fits_every_file_system(name: str) -> None:
    made = label("0123456789abcdef" * 2, name)
    assert made.endswith(" 01234567")
    assert len(made.encode()) <= NAME_BYTES + 9


@pytest.mark.parametrize("name", ["..", "../../etc", "a\nb", "a/b", "con:"])
def test_a_label_is_one_folder(name: str) -> None:
    made = label("f" * 32, name)
    assert "/" not in made and "\n" not in made and not made.startswith(".")


def test_a_folder_of_links_that_may_only_be_read_does_not_stop_a_deletion(store: Store) -> None:
    run = finished(store)
    logdir = store.event_files.logdir
    assert logdir is not None and list(logdir.iterdir())
    with read_only(logdir):
        store.delete(run.id)
        assert store.list_runs() == [] and store.artifacts.names(run.id) == []
        assert store.event_files.refresh({}) == logdir
    store.event_files.refresh({})
    assert not list(logdir.iterdir())


def test_what_would_never_be_written_is_not_collected() -> None:
    elsewhere = EventFiles(Artifacts("memory://nowhere"))
    writer = EventWriter(elsewhere, Training(Store.open()).run)
    train(writer, records(50))
    assert writer._waiting == []
