"""Writing of TensorBoard event files: learning curves, histograms, the graph, settings.

The reporter's thread writes the curves, each epoch after the store has saved it, so event files and
store agree and the training loop does not wait. A resumed attempt begins new files with the epochs
up to the checkpoint, and then removes the old files: nothing is duplicated, and an open TensorBoard
follows.

Tags are those of Keras's own TensorBoard callback. A step is an epoch, counted from 1.
"""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.runs import EpochRecord, Run, RunStatus
from mnist_core.runs.event_files import (
    HISTOGRAM,
    TRAIN,
    VALIDATION,
    EventFiles,
    read_events,
)
from mnist_core.tensorboard.images import add_image

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

#: Bins of a histogram, as in TensorBoard.
BARS = 30
#: Maximum number of epochs with histograms; a longer run stores those of every second, third, …
HISTOGRAM_EPOCHS = 1_000
#: Tags and names of the metrics by which the HParams tab compares runs.
FIGURES = {
    "result/best_epoch": "best epoch",
    "result/best_val_loss": "validation loss at the best epoch",
    "result/best_val_{metric}": "validation {metric} at the best epoch",
    "result/best_loss": "training loss at the best epoch",
    "result/best_{metric}": "training {metric} at the best epoch",
    "result/test_loss": "test loss",
    "result/test_{metric}": "test {metric}",
}
#: Settings that do not affect the learning curve.
_NO_SETTINGS = ("histograms",)
_FORMAT = "brain.Event:2"

log = logging.getLogger(__name__)


class EventWriter:
    """The event files of one attempt at a run. A failure to write them never ends a training.

    Args:
        files: The event files of all runs.
        run: The run, at the beginning of the attempt.
    """

    def __init__(self, files: EventFiles, run: Run) -> None:
        self._run = run
        self._shown = files
        self._folder = files.folder(run.id)
        self._lock = threading.Lock()  # the training loop adds histograms, the reporter writes
        self._waiting: list[Event] = []
        self._open: dict[str, _File] = {}
        self._failed = False

    def begin(self, records: Sequence[EpochRecord]) -> None:
        """Begin the files of this attempt, which replace those of earlier attempts.

        Args:
            records: The epochs of earlier attempts that are kept; so are their histograms.
        """
        with self._lock:
            self._guarded(lambda: self._begin(records))

    def take(self, records: Sequence[EpochRecord]) -> None:
        """Write epochs that the store has saved, and their histograms."""
        with self._lock:
            if self._open and not self._failed:
                self._guarded(lambda: self._take(records))

    def histograms(
        self, epoch: int, weights: Mapping[str, NDArray[Any]], *, images: bool = False
    ) -> None:
        """Queue the histograms of an epoch, to be written with its record.

        Args:
            epoch: Counted from 1.
            weights: The weight arrays, by name.
            images: Whether to add images of the weights.
        """
        if self._folder is None:  # the event files are on no local disk and cannot be written
            return
        event = _event(epoch)
        for name, values in weights.items():
            _add_histogram(event.summary, name, values)
            if images:
                add_image(event.summary, name, values)
        with self._lock:
            self._waiting.append(event)

    def graph(self, definition: Callable[[], bytes]) -> None:
        """Write the computation graph of a training step.

        Args:
            definition: Returns a serialised GraphDef.
        """

        def write() -> None:
            event = _event(0)
            event.graph_def = definition()
            self._open[TRAIN].write(event)

        with self._lock:
            if self._open and not self._failed:
                self._guarded(write)

    def end(self, run: Run, records: Callable[[], Sequence[EpochRecord]]) -> None:
        """Write the final metrics, and close the files.

        Args:
            run: The run at its end.
            records: Returns all its epochs, in case they must be written again after an error.
        """
        with self._lock:
            if self._failed:
                self._failed = False
                self._guarded(lambda: self._begin(records()))
            if self._open and not self._failed:
                self._guarded(lambda: self._write_result(run))
        self.close()

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for file in self._open.values():
                self._guarded(file.close)
            self._open = {}

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except Exception as error:  # the training continues in any case
            self._failed = True
            log.warning("could not write events of run %s: %s", self._run.id, error, exc_info=True)

    def _begin(self, records: Sequence[EpochRecord]) -> None:
        if self._folder is None:
            return
        self._shown.check()
        for file in self._open.values():
            file.close()
        self._open = {}
        old = self._shown.paths(self._run.id)
        kept = _histograms_until(len(records), [path for path in old if path.parent.name == TRAIN])
        for part in ("", TRAIN, VALIDATION):
            self._open[part] = _File.begin(self._folder / part, old)
        for event in kept:
            self._open[TRAIN].write(event)
        self._take(records)
        self._open[""].write(_settings_event(self._run))
        self._open[""].flush()
        for path in old:
            path.unlink(missing_ok=True)
        self._shown.show(self._run.id, self._run.name)

    def _take(self, records: Sequence[EpochRecord]) -> None:
        train, validation = self._open[TRAIN], self._open[VALIDATION]
        metric = self._run.config.metric
        last = records[-1].epoch if records else 0
        for record in records:
            train.write(
                _scalars(
                    record,
                    epoch_loss=record.loss,
                    **{f"epoch_{metric}": record.metric},
                    epoch_learning_rate=record.learning_rate,
                )
            )
            scored = {"epoch_loss": record.val_loss, f"epoch_{metric}": record.val_metric}
            if not math.isnan(record.val_loss):  # NaN without a validation set
                validation.write(_scalars(record, **scored))
        for event in self._waiting:
            if event.step <= last:
                train.write(event)
        self._waiting = [event for event in self._waiting if event.step > last]
        train.flush()
        validation.flush()

    def _write_result(self, run: Run) -> None:
        self._open[""].write(_result_event(run))


class _File:
    """One event file."""

    def __init__(self, path: Path) -> None:
        tensorflow = sys.modules.get("tensorflow")
        if tensorflow is not None:
            # TensorFlow is loaded in workers; its checksums take a tenth of the time.
            self._records = tensorflow.io.TFRecordWriter(str(path))
        else:
            from tensorboard.summary.writer.record_writer import RecordWriter

            self._records = RecordWriter(path.open("xb"))

    @classmethod
    def begin(cls, folder: Path, old: Sequence[Path]) -> _File:
        """Return a new file in a folder, with a name that sorts after the old ones."""
        folder.mkdir(parents=True, exist_ok=True)
        number = 1 + max((_number(path) for path in old), default=0)
        file = cls(folder / f"events.out.tfevents.{number:010d}.lab")
        first = _event(0)
        first.file_version = _FORMAT
        file.write(first)
        return file

    def write(self, event: Event) -> None:
        self._records.write(event.SerializeToString())

    def flush(self) -> None:
        self._records.flush()

    def close(self) -> None:
        self._records.close()


def histogram_stride(epochs: int) -> int:
    """Return the interval, in epochs, at which a run of this length stores histograms."""
    return max(1, math.ceil(epochs / HISTOGRAM_EPOCHS))


def _number(path: Path) -> int:
    digits = path.name.removeprefix("events.out.tfevents.").split(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _histograms_until(epoch: int, paths: Sequence[Path]) -> list[Event]:
    events: dict[int, Event] = {}
    for path in paths if epoch else ():
        for event in read_events(path):
            if event.step <= epoch and any(
                value.tag.endswith(HISTOGRAM) for value in event.summary.value
            ):
                events[event.step] = event
    return [events[step] for step in sorted(events)]


def _event(step: int, wall_time: float | None = None) -> Event:
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(step=step, wall_time=time.time() if wall_time is None else wall_time)


def _scalars(record: EpochRecord, **values: float) -> Event:
    event = _event(record.epoch, record.recorded_at or None)
    _add_scalars(event.summary, values)
    return event


def _add_scalars(summary: Summary, values: Mapping[str, float]) -> None:
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb

    for tag, value in values.items():
        summary.MergeFrom(scalar_pb(tag, value))


def _add_histogram(summary: Summary, name: str, values: NDArray[Any]) -> None:
    """Add a histogram like TensorBoard's ``histogram_pb``, but six times as fast; skip NaN."""
    from tensorboard.plugins.histogram import metadata

    flat = np.ravel(values)
    finite = flat[np.isfinite(flat)]
    if not finite.size:
        return
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        # As in TensorBoard: all edges are equal, and the last bin has all weights.
        counts, edges = np.zeros(BARS), np.full(BARS + 1, low)
        counts[-1] = finite.size
    else:
        counts, edges = np.histogram(finite, bins=BARS, range=(low, high))
    bars = np.stack([edges[:-1], edges[1:], counts], axis=1)
    added = summary.value.add(
        tag=name + HISTOGRAM,
        metadata=metadata.create_summary_metadata(display_name=None, description=None),
    )
    added.tensor.dtype = 2  # DT_DOUBLE
    for size in bars.shape:
        added.tensor.tensor_shape.dim.add(size=size)
    added.tensor.tensor_content = bars.astype("<f8").tobytes()


def _settings_event(run: Run) -> Event:
    """Return the event of the HParams tab with the settings and the names of the metrics."""
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

    settings = {
        name: value for name, value in run.config.to_dict().items() if name not in _NO_SETTINGS
    }
    experiment = api_pb2.Experiment(time_created_secs=run.created_at)
    for name, value in settings.items():
        text = isinstance(value, str)
        kind = api_pb2.DATA_TYPE_STRING if text else api_pb2.DATA_TYPE_FLOAT64
        experiment.hparam_infos.add(name=name, type=kind)
    metric = run.config.metric
    for tag, title in FIGURES.items():
        name = api_pb2.MetricName(tag=tag.format(metric=metric))
        experiment.metric_infos.add(name=name, display_name=title.format(metric=metric))
    event = _event(0)
    _add_hparams(event.summary, "experiment", experiment=experiment)
    start = plugin_data_pb2.SessionStartInfo(start_time_secs=run.started_at or time.time())
    for name, value in settings.items():
        if isinstance(value, str):
            start.hparams[name].string_value = value
        elif value is not None:
            start.hparams[name].number_value = value
    _add_hparams(event.summary, "session_start_info", session_start_info=start)
    return event


def _result_event(run: Run) -> Event:
    """Return the event with the metrics of the best epoch and the test set, and the status."""
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

    best = run.best
    metric = run.config.metric
    figures = {"result/test_loss": run.test_loss, f"result/test_{metric}": run.test_metric}
    if best is not None:
        figures |= {
            "result/best_epoch": float(best.epoch),
            "result/best_val_loss": best.val_loss,
            f"result/best_val_{metric}": best.val_metric,
            "result/best_loss": best.loss,
            f"result/best_{metric}": best.metric,
        }
    event = _event(best.epoch if best else 0)
    known = {tag: value for tag, value in figures.items() if value is not None}
    _add_scalars(event.summary, {tag: one for tag, one in known.items() if math.isfinite(one)})
    kept = run.status in (RunStatus.FINISHED, RunStatus.STOPPED)
    end = plugin_data_pb2.SessionEndInfo(
        status=api_pb2.STATUS_SUCCESS if kept else api_pb2.STATUS_FAILURE,
        end_time_secs=run.ended_at or time.time(),
    )
    _add_hparams(event.summary, "session_end_info", session_end_info=end)
    return event


def _add_hparams(summary: Summary, kind: str, **content: Any) -> None:
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    described = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**content))
    summary.value.add(tag=f"_hparams_/{kind}", metadata=described, tensor=metadata.NULL_TENSOR)
