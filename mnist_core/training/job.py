"""The job that a worker runs: one training from its first epoch, or from a checkpoint, to its end.

The store holds all that a job needs and all that it leaves. Whatever happens here, the run is
left in a state that says what happened.
"""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnist_core.errors import (
    DamagedFileError,
    DataError,
    DataPendingError,
    LabError,
    StoreError,
    TrainingError,
)
from mnist_core.experiment.architectures import architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.inputs import compact_inputs
from mnist_core.i18n import mark
from mnist_core.runs import Store
from mnist_core.runs.artifacts import BASE_MODEL, BEST_MODEL, CHECKPOINT, LAST_MODEL, LESSON
from mnist_core.runs.queue import Lease, LeaseLostError, RunQueue, RunWriter
from mnist_core.runs.records import Run, RunStatus
from mnist_core.runs.resume import ENDED_EARLY
from mnist_core.studies.finetune import Lesson, mixed, with_figures
from mnist_core.tasks import Dataset, Part, keras_data, split, task
from mnist_core.tensorboard.writer import EventWriter
from mnist_core.training.checkpoint import Arrays, Checkpoint
from mnist_core.training.control import ParkRun
from mnist_core.training.reporter import Clock, RunLink
from mnist_core.workers.setup import at_work, load_tensorflow

if TYPE_CHECKING:
    import keras

    from mnist_core.training.callbacks import RecordEpochs, SaveCheckpoints
    from mnist_core.training.fit import Program
    from mnist_core.training.samples import Samples

log = logging.getLogger(__name__)

#: Data that is on its way is looked for so often, in seconds.
LOOK_SECONDS = 0.2


def train(store: Store, lease: Lease, *, gives_way: bool = True) -> None:
    """Train a run to its end.

    Args:
        store: Where the run is.
        lease: The right to do so, just claimed.
        gives_way: While it is paused, put it aside if others are queued. Not for a process that
            serves no queue.
    """
    writer = RunWriter(store.database, lease)
    with RunLink(writer, RunQueue(store.database) if gives_way else None) as link:
        try:
            with at_work:
                _train(store, link)
        except LeaseLostError:
            log.warning("run %s was taken over by another worker", lease.run_id)


def _train(store: Store, link: RunLink) -> None:
    run_id = link.writer.lease.run_id
    run = link.insist(link.writer.run)
    events = EventWriter(store.event_files, run)
    try:
        _Training(store, run, link, events).run()
    except LeaseLostError:
        events.close()
        raise
    except ParkRun:
        events.close()
        link.park()
        return
    except _StoppedEarlyError:
        link.end(RunStatus.STOPPED)
    except StoreError as error:  # the disk was full to the end, say
        saved = CHECKPOINT in store.artifacts.names(run_id)  # else there is nothing to go on from
        link.end(RunStatus.INTERRUPTED if saved else RunStatus.FAILED, error.sentence())
    except LabError as error:
        link.end(RunStatus.FAILED, error.sentence())
    except Exception as error:  # a run must never be left "running"
        log.exception("run %s failed", run_id)
        link.end(RunStatus.FAILED, _plain(error).sentence())
    ended = link.insist(link.writer.run)
    if ended.status not in ENDED_EARLY:  # these may be resumed
        _forget_checkpoint(store, run_id)
    events.end(ended, lambda: store.curves(run_id))
    link.insist(link.writer.release)


def _forget_checkpoint(store: Store, run_id: str) -> None:
    try:
        store.artifacts.remove(run_id, CHECKPOINT)
    except StoreError as error:  # nobody reads it any more, it only takes room
        log.warning("%s", error)


def _plain(error: Exception) -> TrainingError:
    memory = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    if memory:
        return TrainingError(
            mark("The training asked for more memory than there is."),
            mark("The model, the batch or the training set is too large for this machine."),
            mark("Try a smaller batch, fewer samples or a smaller architecture."),
        )
    return TrainingError(
        mark("The training ended with an error: {cause}."),
        mark("This is a fault of the lab, not of your settings."),
        mark("Start it again; if it comes back, please report this sentence."),
        cause=str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__,
    )


def _unmeasured(error: Exception) -> TrainingError:
    cause = error if isinstance(error, LabError) else _plain(error)
    return TrainingError(
        mark("The models are saved, but could not be evaluated on the test set."),
        mark("{cause}"),
        mark("Open Evaluate to try again."),
        cause=cause,
    )


class _StoppedEarlyError(Exception):
    """Somebody stopped the run while its data was on its way."""


@dataclass
class _Training:
    """One attempt at a run."""

    store: Store
    started: Run
    link: RunLink
    events: EventWriter

    def run(self) -> None:
        """Prepare, train, save, and measure the test set once."""
        load_tensorflow()  # may take longer than a lease lasts, so not before it is renewed
        self.link.clock = Clock()  # that was no training yet
        from mnist_core.tensorboard.callback import RecordHistograms, graph_definition
        from mnist_core.training.callbacks import FollowCommands, RecordEpochs, SaveCheckpoints
        from mnist_core.training.fit import FitLoop
        from mnist_core.training.programs import program_for

        # Stored settings are not checked when they are read: those of another version, say.
        config = self.started.known_config()
        parts = split(self._data(config.task), config)
        lesson = self._lesson()
        if lesson is not None:
            taught, judged = (
                mixed(parts.train, lesson.taught),
                mixed(parts.validation, lesson.judged),
            )
            parts = replace(parts, train=taught, validation=judged)
        train_set = samples_of(config, parts.train)
        validation_set = samples_of(config, parts.validation) if config.validation_size else None
        test_part = parts.test
        del parts  # else every image would be in memory twice
        program, self.spare = program_for(config)
        before = self._begin_lesson(program, lesson) if lesson is not None else 0.0
        loop = FitLoop(program, train_set, validation_set, seed=config.seed)
        recorder = RecordEpochs(loop, self.link)
        self._take_up(program, recorder)
        if self.started.last is not None:  # a person may have changed it since the checkpoint
            program.optimizer.learning_rate.assign(self.started.last.learning_rate)
        checkpoints = SaveCheckpoints(recorder, self.link, self._save_checkpoint)
        self._begin_events(recorder.last_epoch)
        histograms = RecordHistograms(self.events, config.epochs)
        callbacks = [histograms] if config.histograms == "on" else []
        callbacks += [recorder, *self._early_stopping(), checkpoints]
        callbacks.append(FollowCommands(loop, self.link))
        first = recorder.last_epoch + 1
        try:
            loop.run(epochs=config.epochs, first_epoch=first, callbacks=callbacks)
        except ParkRun:
            if loop.is_between_epochs:
                self.link.insist(lambda: checkpoints.save_now(recorder.last_epoch))
            self._save_models(program, recorder)
            raise
        except (LeaseLostError, StoreError):
            raise
        except Exception:
            self._save_what_is_left(recorder)
            raise
        self._save_models(program, recorder)
        if self._was_stopped(recorder) and loop.is_between_epochs:
            self._save_last_checkpoint(checkpoints, recorder.last_epoch)
        self._end(recorder)
        try:
            # After the curves: drawing up the graph would keep the first epoch waiting.
            self.events.graph(lambda: graph_definition(loop))
            test_metric = self._measure_test_set(program, recorder, test_part)
            if lesson is not None and test_metric is not None:
                self._note_lesson(program, lesson, before, test_metric)
        except LeaseLostError:
            raise
        except Exception as error:  # the training has succeeded, whatever comes after it
            log.exception("run %s was not measured", self.started.id)
            self._end(recorder, _unmeasured(error).sentence())

    def _data(self, key: str) -> Dataset:
        """The task's data; while it is being fetched, which may take minutes, a stop is obeyed."""
        keras_data.look_again(key)  # whoever starts a run wants another try
        try:
            while True:
                try:
                    return keras_data.promptly(task(key).load)
                except DataPendingError:
                    self.link.clock.pause(True)  # it is no time spent training
                    self.link.control.check()
                    if self.link.control.stop:
                        raise _StoppedEarlyError from None
                    time.sleep(LOOK_SECONDS)
        finally:
            self.link.clock.pause(False)

    def _lesson(self) -> Lesson | None:
        """The drawings that it is to be taught, if it is."""
        if self.started.lesson is None:
            return None
        content = self.link.insist(lambda: self.store.artifacts.read_whole(self.started.id, LESSON))
        if content is None:
            raise DataError(
                mark("“{name}” was to be taught a class's drawings."),
                mark("They are gone: its files were removed, or not copied with the database."),
                mark("Teach the network again."),
                name=self.started.name,
            )
        return Lesson.from_bytes(content)

    def _begin_lesson(self, program: Program, lesson: Lesson) -> float:
        """Begin with what the network knows; how well it reads the drawings kept aside."""
        from mnist_core.inference.models import read_model

        content = self.link.insist(
            lambda: self.store.artifacts.read_whole(self.started.id, BASE_MODEL)
        )
        base = read_model(
            content or b"", self.started.config, name=self.started.name, checkpoint="base"
        )
        program.model.set_weights(base.get_weights())
        return self._accuracy(program, lesson)

    def _note_lesson(
        self, program: Program, lesson: Lesson, before: float, test_metric: float
    ) -> None:
        after = self._accuracy(program, lesson)
        assert self.started.lesson is not None
        figures = with_figures(self.started.lesson, before=before, after=after, test=test_metric)
        self.link.insist(lambda: self.link.writer.taught(figures))

    def _accuracy(self, program: Program, lesson: Lesson) -> float:
        x, y = lesson.judged
        part = Part(inputs=x, labels=y, indices=np.full(len(y), -1), wrong=np.zeros(len(y), bool))
        return program.evaluate_now(samples_of(self.started.config, part)).metric

    def _take_up(self, program: Program, recorder: RecordEpochs) -> None:
        """Go on from the last checkpoint, if an earlier attempt left one."""
        run, writer = self.started, self.link.writer
        self.link.insist(self.link.read_commands)
        if run.attempt == 1:
            return
        checkpoint = self._last_checkpoint()
        if checkpoint is None or not _fits(checkpoint, program, run):
            self.link.insist(lambda: writer.reset(to_epoch=0, best_epoch=None, active_seconds=0))
            return
        _assign(program.model.variables, checkpoint.model)
        _assign(program.optimizer.variables, checkpoint.optimizer)
        recorder.take_up(checkpoint)
        self.link.continue_from(checkpoint.best_epoch, checkpoint.seconds)
        self.link.insist(
            lambda: writer.reset(
                to_epoch=checkpoint.epoch,
                best_epoch=checkpoint.best_epoch,
                active_seconds=checkpoint.seconds,
            )
        )

    def _last_checkpoint(self) -> Checkpoint | None:
        """The last checkpoint; one that cannot be read whole counts as none."""
        read = self.store.artifacts.read_whole
        try:
            content = self.link.insist(lambda: read(self.started.id, CHECKPOINT))
        except DamagedFileError as error:
            log.warning("run %s begins anew: %s", self.started.id, error)
            return None
        return Checkpoint.from_bytes(content) if content else None

    def _begin_events(self, epochs: int) -> None:
        """Begin the event files, with the epochs that earlier attempts have left."""
        self.link.insist(self.link.writer.renew)  # files know no lease
        run_id = self.started.id
        records = self.link.insist(lambda: self.store.curves(run_id)) if epochs else []
        self.events.begin(records)
        self.link.written = self.events.take

    def _early_stopping(self) -> list[keras.callbacks.Callback]:
        from mnist_core.training.callbacks import EarlyStopping

        config = self.started.config
        if config.patience is None:
            return []
        earlier: list[float] = []
        if self.started.attempt > 1:
            records = self.link.insist(lambda: self.store.curves(self.started.id))
            earlier = [record.val_loss for record in records]
        return [
            EarlyStopping(patience=config.patience, min_delta=config.min_delta, earlier=earlier)
        ]

    def _save_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._write_artifact(CHECKPOINT, checkpoint.to_bytes())
        self.link.writer.checkpointed()

    def _write_artifact(self, name: str, content: bytes) -> None:
        self.link.writer.renew()  # files know no lease: make sure that it is still ours
        self.store.artifacts.write(self.started.id, name, content)

    def _save_models(self, program: Program, recorder: RecordEpochs) -> None:
        self._save_model(LAST_MODEL, program.model.get_weights())
        self._save_model(BEST_MODEL, recorder.best_weights)

    def _save_what_is_left(self, recorder: RecordEpochs) -> None:
        """Keep the best model of a training that failed; what else fails now is only logged."""
        try:
            self._save_model(BEST_MODEL, recorder.best_weights)
        except LeaseLostError:
            raise
        except Exception:
            log.exception("the best model of run %s was not saved", self.started.id)

    def _save_model(self, name: str, weights: Arrays | None) -> None:
        if weights is None:  # no epoch has ended yet
            return
        self.spare.set_weights(weights)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            self.spare.save(path)
            content = path.read_bytes()
        self.link.insist(lambda: self._write_artifact(name, content))

    def _was_stopped(self, recorder: RecordEpochs) -> bool:
        cut_short = recorder.last_epoch < self.started.config.epochs
        return self.link.control.stop and cut_short

    def _save_last_checkpoint(self, checkpoints: SaveCheckpoints, epoch: int) -> None:
        """For a training that is resumed; the one before it does, too, if the disk is full."""
        try:
            checkpoints.save_now(epoch)
        except LeaseLostError:
            raise
        except StoreError as error:
            log.warning("%s", error)

    def _end(self, recorder: RecordEpochs, message: str = "") -> None:
        stopped = self._was_stopped(recorder)
        self.link.end(RunStatus.STOPPED if stopped else RunStatus.FINISHED, message)

    def _measure_test_set(
        self, program: Program, recorder: RecordEpochs, part: Part
    ) -> float | None:
        """Once, after every choice has been made; the accuracy of the best model."""
        if recorder.best_weights is None:
            return None
        program.model.set_weights(recorder.best_weights)
        result = program.evaluate_now(samples_of(self.started.config, part))
        writer = self.link.writer
        self.link.insist(lambda: writer.measured(test_loss=result.loss, test_metric=result.metric))
        return result.metric


def samples_of(config: TrainingConfig, part: Part) -> Samples:
    """Move some samples into memory as a configuration's network takes them."""
    from mnist_core.training.samples import Samples

    x, scale = compact_inputs(part.inputs, config, architecture(config.architecture).input_shape)
    return Samples.of(x, part.labels, scale=scale)


def _fits(checkpoint: Checkpoint, program: Program, run: Run) -> bool:
    """Whether a checkpoint is of this network, and of epochs that the store has."""
    model, optimizer = program.model, program.optimizer
    pairs = (
        (checkpoint.model, model.variables),
        (checkpoint.optimizer, optimizer.variables),
        (checkpoint.best_weights, model.weights),
    )
    same = all([a.shape for a in ours] == [tuple(v.shape) for v in its] for ours, its in pairs)
    return same and 0 < checkpoint.epoch <= run.epochs_done


def _assign(variables: list[keras.Variable], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
