"""What all browser sessions of this server share: the run store and the engine.

Thirty open browsers are thirty sessions in one process. None of them opens a database or starts
workers of its own: they use :data:`lab`.
"""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from mnist_core.errors import EngineError, StoreError
from mnist_core.examples import install_known, open_store
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs import RateChange, Run, RunStatus, Store, durations
from mnist_core.runs.durations import Duration, QueueWait
from mnist_core.runs.resume import resume
from mnist_core.studies import crossvalidation, finetune
from mnist_core.tasks import availability, keras_data, task
from mnist_core.tasks.availability import DataState
from mnist_core.transfer import uploads
from mnist_core.workers.engine import Engine, EngineState, Question, on_cluster

_log = logging.getLogger(__name__)
#: The engine's workers start so many seconds after the server, or once a page has been drawn:
#: loading TensorFlow keeps a small machine busy, and the first page should not wait for that.
ENGINE_DELAY = 3.0
#: TensorBoard is shown at most so many runs, the newest.
MOST_RUNS = 1_000
#: The newest runs say how fast this machine is; they are read once in so many seconds.
MOST_MEASURED = 200
MEASURED_SECONDS = 5.0
#: Changes of the learning rate are kept of so many runs.
MOST_RATES = 1_000


class Lab:
    """The run store that the environment names, the engine, and what is kept of both.

    Args:
        engine_delay: How many seconds the workers leave the machine to the first page.
    """

    def __init__(self, *, engine_delay: float = ENGINE_DELAY) -> None:
        #: What trains and answers; None where none was started.
        self.engine: Engine | None = None
        self._engine_delay = engine_delay
        self._engine_waits = False  # for a store that can be opened
        self._trouble = ""  # why it waits
        self._store: Store | None = None
        self._openings = 0
        self._opening = threading.RLock()
        self._modules = 0
        self._rates: OrderedDict[tuple[str, int], list[RateChange]] = OrderedDict()
        self._keeping_rates = threading.Lock()
        self._measured: tuple[float, list[Run]] = (0.0, [])

    @property
    def store(self) -> Store:
        """The run store, opened once.

        Raises:
            StoreError: It cannot be opened. The next call tries again, and an engine that could
                not be started for want of a store starts then.
        """
        if self._store is None:
            with self._opening:
                if self._store is None:
                    opened = open_store()
                    self._openings = opened.database.openings
                    self._store = opened
                    self._start_waiting_engine(opened)
        elif self._store.database.openings != self._openings:
            # A database that has replaced the one before may not have the lab's examples.
            with self._opening:
                if self._store.database.openings != self._openings:
                    self._openings = self._store.database.openings
                    install_known(self._store)
        return self._store

    def close(self) -> None:
        """End the engine, close the store, and forget all that was kept."""
        self.stop_engine()
        if self._store is not None:
            self._store.database.close()
        self.engine = self._store = None
        self._trouble = ""
        self._rates.clear()
        self._measured = (0.0, [])

    def store_state(self) -> tuple[str, str]:
        """How the run store is: "ready" or "failed", and what is to be said of it."""
        try:
            opened = self.store
            opened.artifacts.check()
            opened.versions([])
        except StoreError as error:
            return "failed", error.sentence()
        trouble = self.store_trouble()
        return ("failed" if trouble else "ready"), trouble or opened.database.notice

    def store_trouble(self) -> str:
        """Why the store cannot be written, as far as the engine knows; empty where it can."""
        return self.engine.trouble if self.engine else ""

    def start_engine(self) -> None:
        """Open the store and start the workers of this server, in the background.

        The server answers meanwhile: a browser loads Streamlit's own files before it asks for a
        page. A store that cannot be opened (on a full disk, say) does not keep the server from
        starting: every page then says what is wrong with it, and ``engine_state`` too. The workers
        start with the first page that finds it open.
        """
        self._engine_waits = True
        threading.Thread(target=self._open, name="start", daemon=True).start()

    def _open(self) -> None:
        for key in keras_data.SOURCES:  # so that the first page can say what cannot be had
            availability.data_state(key)
        with self._opening:
            try:
                self._start_waiting_engine(self.store)
            except StoreError as error:
                self._trouble = error.sentence()
                _log.error("%s", self._trouble)

    def _start_waiting_engine(self, opened: Store) -> None:
        if self._engine_waits:
            self._engine_waits, self._trouble = False, ""
            with suppress(StoreError):  # the next one tries again
                uploads.forget_abandoned(opened)
            self.engine = Engine(opened)
            self.engine.start(delay=self._engine_delay)

    def page_served(self) -> None:
        """Say that a page has been drawn: the engine may have the machine now."""
        if self.engine:
            self.engine.begin()
        self._exempt_modules_from_collection()

    def _exempt_modules_from_collection(self) -> None:
        """Exempt what exists from garbage collection, whenever new modules have been loaded.

        Most of it belongs to modules and lives as long as the server. Streamlit collects after
        each run of a script: over all objects that takes a tenth of a second, in which no session
        is served. Collecting before would cost the first page that tenth; what little garbage is
        exempt with the rest stays.
        """
        if len(sys.modules) > self._modules:
            self._modules = len(sys.modules)
            gc.freeze()

    def stop_engine(self) -> None:
        """End the workers of this server; what they trained goes on at the next start."""
        with self._opening:  # a server that is ended at once has not opened its store yet
            self._engine_waits = False
        if self.engine:
            self.engine.close()

    def engine_state(self) -> EngineState:
        """How far this server's workers are; "stopped" where no engine was started."""
        if self.engine:
            return self.engine.state
        if self._trouble:
            return EngineState("failed", self._trouble)
        return EngineState("starting" if self._engine_waits else "stopped")

    def ask(self, function: str, *arguments: Any, kind: Question = Question.READING) -> Any:
        """Let a worker that never trains run a function of the core.

        Args:
            function: Its module and name, as :meth:`Engine.ask` takes it.
            *arguments: What it is called with, after the run store.
            kind: Which of the workers answers.

        Raises:
            LabError: What the function raised, or nobody answers.
        """
        return self._asked_engine().ask(function, *arguments, kind=kind)

    def _asked_engine(self) -> Engine:
        if self.engine is None:
            raise EngineError(
                mark("A question to a network was asked. This server has no workers."),
                mark("Start the lab with `scripts/run`."),
            )
        return self.engine

    def wake(self) -> None:
        """Let the engine look at the queue now rather than at its next glance."""
        if self.engine:
            self.engine.wake()

    def submit(
        self, config: TrainingConfig, name: str | None = None, preset: str | None = None
    ) -> Run:
        """Put a new run into the queue, and tell the engine that there is work.

        Args:
            config: What to train.
            name: What to call it; None for the store's choice.
            preset: Key of the preset whose unchanged settings these are, or None.

        Raises:
            DataError: Its data is not on this machine and cannot be downloaded.
            StoreError: It cannot be kept; nothing has been started.
        """
        _require_data(config.task)
        run = self.store.create(config, name=name, preset=preset)
        self.wake()
        return run

    def resume(self, run_id: str) -> Run:
        """Go on with a run that was stopped or interrupted, and tell the engine.

        Raises:
            UnknownRunError: There is no such run.
            StoreError: It cannot be resumed.
            DataError: Its data cannot be had.
        """
        _require_data(self.store.get(run_id).config.task)
        run = resume(self.store, run_id)
        self.wake()
        return run

    def teach(self, run: Run, name: str) -> Run:
        """Put a run into the queue that teaches a network the class's drawings.

        Args:
            run: Whose best model is to learn more.
            name: What to call the new run.

        Raises:
            StoreError: There are too few drawings, or the run has left no model.
        """
        taught = finetune.teach(self.store, run.id, name=name)
        self.wake()
        return taught

    def cross_validate(self, config: TrainingConfig, folds: int, name: str) -> str:
        """Queue a run for each fold, and tell the engine that there is work.

        Args:
            config: What to train.
            folds: How many folds.
            name: What to call the runs, with places for ``fold`` and ``folds``.

        Returns:
            The tag of the cross-validation.

        Raises:
            ConfigError: So many folds cannot be.
            DataError: The data is not there, or not yet.
            StoreError: The runs cannot be kept.
        """
        keras_data.promptly(task(config.task).load)  # before there are runs that could only fail
        tag = crossvalidation.queue_folds(self.store, config, folds, name=name)
        self.wake()
        return tag

    def train_final(self, study: crossvalidation.Study, epochs: int, name: str) -> Run:
        """Queue the training on all samples that a cross-validation ends with.

        Raises:
            StoreError: The run cannot be kept.
        """
        config = crossvalidation.final_config(study.folds[0].config, epochs)
        run = self.store.create(config, name=name, tags=[study.tag])
        self.wake()
        return run

    def train_missing(self, study: crossvalidation.Study, name: str) -> None:
        """Queue the folds again that were stopped, failed or deleted.

        Args:
            study: The cross-validation.
            name: What to call the runs, with places for ``fold`` and ``folds``.

        Raises:
            StoreError: The runs cannot be kept.
        """
        crossvalidation.queue_missing(self.store, study, name=name)
        self.wake()

    def stop_study(self, tag: str) -> None:
        """Stop every run of a cross-validation that trains or waits.

        Raises:
            StoreError: The store cannot be written.
        """
        crossvalidation.stop(self.store, tag)
        self.wake()

    def bring_in(self, file: BinaryIO, name: str, pixel_scaling: str) -> Run:
        """Make a run of a model file. This process only passes its bytes on to the worker.

        Args:
            file: The file.
            name: What it is called.
            pixel_scaling: "unit" or "raw": how its network wants the pixels; "auto" to find out.

        Raises:
            LabError: The file is none that can be used, or nobody answers.
        """
        function = "mnist_core.transfer.keras_import.importer:import_model"
        return self._arrive(file, function, name, pixel_scaling)

    def restore(self, file: BinaryIO, name: str) -> Run:
        """Make a run of an archive that this lab, here or elsewhere, has saved.

        Raises:
            LabError: The file is none that can be used, or nobody answers.
        """
        return self._arrive(file, "mnist_core.transfer.restore:restore", name)

    def _arrive(self, file: BinaryIO, function: str, *more: Any) -> Run:
        running = self._asked_engine()
        running.check_ready()  # before a hundred megabytes are written for nobody
        run_id = uploads.keep_arrived(self.store, file)
        # The worker removes the file. Where it dies, or is still at it after that time, the file
        # is left: it says that the run's own folder may be half-written.
        running.ask(function, run_id, *more, kind=Question.LONG, once=True)
        return self.store.get(run_id)

    def estimated_duration(self, config: TrainingConfig) -> Duration | None:
        """How long a training will take on this machine, from what earlier ones took.

        Args:
            config: What is to be trained.

        Returns:
            The time; None for a network that this version does not have.

        Raises:
            StoreError: The runs cannot be read.
        """
        return durations.estimate(config, self._measured_runs())

    def queue_wait(self, run_id: str) -> QueueWait | None:
        """How long a queued run still waits for its turn; None where it is not queued.

        Raises:
            UnknownRunError: There is no such run.
            StoreError: The runs cannot be read.
        """
        run = self.store.get(run_id)
        if run.status is not RunStatus.QUEUED:
            return None
        slots = self.engine.slots if self.engine else 1
        return durations.wait(run, self.store.list_active(), self._measured_runs(), slots)

    def _measured_runs(self) -> list[Run]:
        """Runs that say how fast this machine is; read anew after some seconds."""
        now = time.monotonic()
        until, found = self._measured
        if now > until:
            found = self.store.list_runs(limit=MOST_MEASURED) + self.store.examples(hidden=True)
            self._measured = now + MEASURED_SECONDS, found
        return found

    def rate_changes(self, run: Run) -> list[RateChange]:
        """Where somebody changed the learning rate of a run while it was trained.

        Raises:
            StoreError: The epochs cannot be read.
        """
        if not run.settled:
            return self.store.rate_changes([run])[run.id]
        key = run.id, run.version
        with self._keeping_rates:
            found = self._rates.get(key)
        if found is None:
            found = self.store.rate_changes([run])[run.id]
            with self._keeping_rates:
                self._rates[key] = found
                if len(self._rates) > MOST_RATES:
                    self._rates.popitem(last=False)
        return found

    def event_files(self) -> Path | None:
        """The folder for TensorBoard, with every run under its name as it is now.

        Returns:
            The folder; None where the lab's files are kept elsewhere than in a folder.

        Raises:
            StoreError: The runs cannot be read.
        """
        runs = self.store.list_runs(limit=MOST_RUNS)
        return self.store.event_files.refresh({run.id: run.name for run in runs})


def data_state(key: str) -> DataState:
    """Whether the data of a task is on this machine, can be downloaded, or neither; at once."""
    found = availability.data_state(key)
    return DataState.DOWNLOADABLE if found is DataState.MISSING and on_cluster() else found


def _require_data(key: str) -> None:
    """Refuse a training whose data can be had nowhere; a cluster's workers fetch their own.

    Raises:
        DataError: The data is not on this machine and cannot be downloaded.
    """
    if not on_cluster():
        availability.require(key)


#: The lab of this process.
lab = Lab()
