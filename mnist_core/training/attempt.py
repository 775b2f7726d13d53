"""One attempt at a training run: from the first epoch or the last checkpoint to its end."""

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
from mnist_core.training.failures import StoppedEarlyError, not_evaluated
from mnist_core.training.fit import FitLoop, Program
from mnist_core.training.lesson import Lesson, mixed, with_accuracies
from mnist_core.training.networks import read_model
from mnist_core.training.programs import program_for
from mnist_core.training.reporter import RunLink
from mnist_core.training.samples import samples_of
from mnist_core.training.tensorboard_callback import RecordHistograms, graph_definition

log = logging.getLogger(__name__)

#: Interval between two checks whether a download has ended, in seconds.
POLL_SECONDS = 0.2


@dataclass
class Attempt:
    """One attempt at a run.

    Attributes:
        store: The store that has the run.
        started: The run as it was when the attempt began.
        link: The connection between the training and the store.
        events: The run's event files for TensorBoard.
    """

    store: Store
    started: Run
    link: RunLink
    events: EventWriter

    def run(self) -> None:
        """Prepare the data, train, save the models, and evaluate the best one on the test set.

        Raises:
            ConfigError: The stored settings are not valid in this version.
            DataError: The data set or a file of the run is missing or damaged.
            TrainingError: The loss is not finite.
            StoreError: The store could not be written for several minutes.
            LeaseLostError: Another worker has taken over the run.
            ParkRun: The run is paused, and other runs wait for this worker.
            StoppedEarlyError: The run was stopped before its data was loaded.
        """
        # Settings are not validated when the store returns a run.
        config = self.started.known_config()
        parts = split(self._data(config.task), config)
        lesson = self._lesson()
        if lesson is not None:
            parts = replace(
                parts,
                train=mixed(parts.train, lesson.training),
                validation=mixed(parts.validation, lesson.held_out),
            )
        train_set = samples_of(config, parts.train)
        validation_set = samples_of(config, parts.validation) if config.validation_size else None
        test_part = parts.test
        del parts  # otherwise each image would be in memory twice
        program, self._saving_model = program_for(config)
        before = self._load_base_model(program, lesson) if lesson is not None else 0.0
        loop = FitLoop(program, train_set, validation_set, seed=config.seed)
        recorder = RecordEpochs(loop, self.link)
        self._resume(program, recorder)
        if self.started.last is not None:  # the rate may have changed since the checkpoint
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
                self.link.retry(lambda: checkpoints.save_now(recorder.last_epoch))
            self._save_models(program, recorder)
            raise
        except (LeaseLostError, StoreError):
            raise
        except Exception:
            self._save_best_after_failure(recorder)
            raise
        self._save_models(program, recorder)
        if self._was_stopped(recorder) and loop.is_between_epochs:
            self._save_last_checkpoint(checkpoints, recorder.last_epoch)
        self._end(recorder)
        try:
            # After the training: tracing the graph would delay the first epoch.
            self.events.graph(lambda: graph_definition(loop))
            test_metric = self._measure_test_set(program, recorder, test_part)
            if lesson is not None and test_metric is not None:
                self._record_fine_tuning(program, lesson, before, test_metric)
        except LeaseLostError:
            raise
        except Exception as error:  # the training has succeeded even if the evaluation fails
            log.exception("could not evaluate run %s on the test set", self.started.id)
            self._end(recorder, not_evaluated(error).sentence())

    def _data(self, key: str) -> Dataset:
        """Return the task's data; a stop command ends the wait for a download."""
        keras_data.look_again(key)  # a new run tries a failed download again
        try:
            while True:
                try:
                    return keras_data.promptly(task(key).load)
                except DataPendingError:
                    self.link.clock.pause(True)  # the download is not training time
                    self.link.control.check()
                    if self.link.control.stop:
                        raise StoppedEarlyError from None
                    time.sleep(POLL_SECONDS)
        finally:
            self.link.clock.pause(False)

    def _lesson(self) -> Lesson | None:
        """Return the drawings on which the run fine-tunes a model; None for other runs."""
        if self.started.lesson is None:
            return None
        content = self.link.retry(lambda: self.store.artifacts.read_whole(self.started.id, LESSON))
        if content is None:
            raise DataError(
                mark(
                    "The drawings for fine-tuning “{name}” are missing: the file was deleted or "
                    "not copied with the database."
                ),
                mark("Start the fine-tuning again on the page Draw."),
                name=self.started.name,
            )
        return Lesson.from_bytes(content)

    def _load_base_model(self, program: Program, lesson: Lesson) -> float:
        """Start from the base model's weights; return its accuracy on the held-out drawings."""
        content = self.link.retry(
            lambda: self.store.artifacts.read_whole(self.started.id, BASE_MODEL)
        )
        base = read_model(
            content or b"", self.started.config, name=self.started.name, checkpoint="base"
        )
        program.model.set_weights(base.get_weights())
        return self._accuracy(program, lesson)

    def _record_fine_tuning(
        self, program: Program, lesson: Lesson, before: float, test_metric: float
    ) -> None:
        after = self._accuracy(program, lesson)
        assert self.started.lesson is not None
        figures = with_accuracies(self.started.lesson, before=before, after=after, test=test_metric)
        self.link.retry(lambda: self.link.writer.taught(figures))

    def _accuracy(self, program: Program, lesson: Lesson) -> float:
        x, y = lesson.held_out
        part = Part(inputs=x, labels=y, indices=np.full(len(y), -1), wrong=np.zeros(len(y), bool))
        return program.evaluate_now(samples_of(self.started.config, part)).metric

    def _resume(self, program: Program, recorder: RecordEpochs) -> None:
        """Restore the last checkpoint, if an earlier attempt saved one."""
        run, writer = self.started, self.link.writer
        self.link.retry(self.link.read_commands)
        if run.attempt == 1:
            return
        checkpoint = self._last_checkpoint()
        if checkpoint is None or not _fits(checkpoint, program, run):
            self.link.retry(lambda: writer.reset(to_epoch=0, best_epoch=None, active_seconds=0))
            return
        _assign(program.model.variables, checkpoint.model)
        _assign(program.optimizer.variables, checkpoint.optimizer)
        recorder.restore(checkpoint)
        self.link.continue_from(checkpoint.best_epoch, checkpoint.seconds)
        self.link.retry(
            lambda: writer.reset(
                to_epoch=checkpoint.epoch,
                best_epoch=checkpoint.best_epoch,
                active_seconds=checkpoint.seconds,
            )
        )

    def _last_checkpoint(self) -> Checkpoint | None:
        """Return the last checkpoint; None if it is missing or damaged."""
        read = self.store.artifacts.read_whole
        try:
            content = self.link.retry(lambda: read(self.started.id, CHECKPOINT))
        except DamagedFileError as error:
            log.warning("run %s restarts from epoch 1: %s", self.started.id, error)
            return None
        return Checkpoint.from_bytes(content) if content else None

    def _begin_events(self, epochs: int) -> None:
        """Start the event files with the epochs of earlier attempts."""
        self.link.retry(self.link.writer.renew)  # the lease does not protect files
        run_id = self.started.id
        records = self.link.retry(lambda: self.store.curves(run_id)) if epochs else []
        self.events.begin(records)
        self.link.written = self.events.take

    def _early_stopping(self) -> list[keras.callbacks.Callback]:
        config = self.started.config
        if config.patience is None:
            return []
        earlier: list[float] = []
        if self.started.attempt > 1:
            records = self.link.retry(lambda: self.store.curves(self.started.id))
            earlier = [record.val_loss for record in records]
        return [
            EarlyStopping(patience=config.patience, min_delta=config.min_delta, earlier=earlier)
        ]

    def _save_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._write_artifact(CHECKPOINT, checkpoint.to_bytes())
        self.link.writer.checkpointed()

    def _write_artifact(self, name: str, content: bytes) -> None:
        self.link.writer.renew()  # raises an error if another worker has taken over the run
        self.store.artifacts.write(self.started.id, name, content)

    def _save_models(self, program: Program, recorder: RecordEpochs) -> None:
        self._save_model(LAST_MODEL, program.model.get_weights())
        self._save_model(BEST_MODEL, recorder.best_weights)

    def _save_best_after_failure(self, recorder: RecordEpochs) -> None:
        """Save the best model of a failed training; an error while saving is only logged."""
        try:
            self._save_model(BEST_MODEL, recorder.best_weights)
        except LeaseLostError:
            raise
        except Exception:
            log.exception("could not save the best model of run %s", self.started.id)

    def _save_model(self, name: str, weights: Arrays | None) -> None:
        if weights is None:  # no epoch has ended yet
            return
        self._saving_model.set_weights(weights)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            self._saving_model.save(path)
            content = path.read_bytes()
        self.link.retry(lambda: self._write_artifact(name, content))

    def _was_stopped(self, recorder: RecordEpochs) -> bool:
        cut_short = recorder.last_epoch < self.started.config.epochs
        return self.link.control.stop and cut_short

    def _save_last_checkpoint(self, checkpoints: SaveCheckpoints, epoch: int) -> None:
        """Save a checkpoint from which to resume; on a full disk the previous one remains."""
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
        """Evaluate the best model on the test set, once; return the metric."""
        if recorder.best_weights is None:
            return None
        program.model.set_weights(recorder.best_weights)
        result = program.evaluate_now(samples_of(self.started.config, part))
        writer = self.link.writer
        self.link.retry(lambda: writer.measured(test_loss=result.loss, test_metric=result.metric))
        return result.metric


def _fits(checkpoint: Checkpoint, program: Program, run: Run) -> bool:
    """Return whether the shapes match this network and the store has the checkpoint's epochs."""
    model, optimizer = program.model, program.optimizer
    pairs = (
        (checkpoint.model, model.variables),
        (checkpoint.optimizer, optimizer.variables),
        (checkpoint.best_weights, model.weights),
    )
    same = all(
        [array.shape for array in saved] == [tuple(variable.shape) for variable in variables]
        for saved, variables in pairs
    )
    return same and 0 < checkpoint.epoch <= run.epochs_done


def _assign(variables: list[keras.Variable], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
