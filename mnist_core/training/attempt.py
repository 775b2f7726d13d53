"""One attempt at a run, from its first epoch or from a checkpoint, to its end."""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mnist_core.errors import DamagedFileError, DataError, DataPendingError, StoreError
from mnist_core.i18n import mark
from mnist_core.runs import Store
from mnist_core.runs.artifacts import BASE_MODEL, BEST_MODEL, CHECKPOINT, LAST_MODEL, LESSON
from mnist_core.runs.queue import LeaseLostError
from mnist_core.runs.records import Run, RunStatus
from mnist_core.tasks import Dataset, Part, keras_data, split, task
from mnist_core.tensorboard.writer import EventWriter
from mnist_core.tensorflow_setup import keras
from mnist_core.training.callbacks import (
    EarlyStopping,
    FollowCommands,
    RecordEpochs,
    SaveCheckpoints,
)
from mnist_core.training.checkpoint import Arrays, Checkpoint
from mnist_core.training.control import ParkRun
from mnist_core.training.failures import StoppedEarlyError, unmeasured
from mnist_core.training.fit import FitLoop, Program
from mnist_core.training.lesson import Lesson, mixed, with_figures
from mnist_core.training.networks import read_model
from mnist_core.training.programs import program_for
from mnist_core.training.reporter import RunLink
from mnist_core.training.samples import samples_of
from mnist_core.training.tensorboard_callback import RecordHistograms, graph_definition

log = logging.getLogger(__name__)

#: Data that is on its way is looked for so often, in seconds.
LOOK_SECONDS = 0.2


@dataclass
class Attempt:
    """One attempt at a run."""

    store: Store
    started: Run
    link: RunLink
    events: EventWriter

    def run(self) -> None:
        """Prepare, train, save, and measure the test set once."""
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
            self._end(recorder, unmeasured(error).sentence())

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
                        raise StoppedEarlyError from None
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
