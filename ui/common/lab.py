"""The run store and the engine, shared by all browser sessions of this server.

All sessions run in one process and use :data:`lab`, so none of them opens a database or starts
workers of its own.
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
#: Seconds from the start of the server to that of the workers, unless a page is drawn earlier:
#: loading TensorFlow would delay the first page on a small machine.
ENGINE_DELAY = 3.0
#: Maximal number of runs in TensorBoard, the newest.
MOST_RUNS = 1_000
#: Number of the newest runs from which durations are estimated, and the time that they are cached.
MOST_MEASURED = 200
MEASURED_SECONDS = 5.0
#: Number of runs whose learning rate changes are cached.
MOST_RATES = 1_000


class Lab:
    """The run store that the environment names, the engine, and cached results of both.

    Args:
        engine_delay: Seconds until the workers start, unless a page is drawn earlier.
    """

    def __init__(self, *, engine_delay: float = ENGINE_DELAY) -> None:
        #: The engine; None if it was not started.
        self.engine: Engine | None = None
        self._engine_delay = engine_delay
        self._engine_waits = False  # until the store can be opened
        self._trouble = ""  # why the store cannot be opened
        self._store: Store | None = None
        self._openings = 0
        self._opening = threading.RLock()
        self._modules = 0
        self._rates: OrderedDict[tuple[str, int], list[RateChange]] = OrderedDict()
        self._rates_lock = threading.Lock()
        self._measured: tuple[float, list[Run]] = (0.0, [])

    @property
    def store(self) -> Store:
        """The run store, opened once.

        Raises:
            StoreError: The store cannot be opened. The next call tries again, and then also starts
                the engine if it was waiting for the store.
        """
        if self._store is None:
            with self._opening:
                if self._store is None:
                    opened = open_store()
                    self._openings = opened.database.openings
                    self._store = opened
                    self._start_waiting_engine(opened)
        elif self._store.database.openings != self._openings:
            # A new database in place of the old one may lack the examples.
            with self._opening:
                if self._store.database.openings != self._openings:
                    self._openings = self._store.database.openings
                    install_known(self._store)
        return self._store

    def close(self) -> None:
        """Stop the engine, close the store, and clear the caches."""
        self.stop_engine()
        if self._store is not None:
            self._store.database.close()
        self.engine = self._store = None
        self._trouble = ""
        self._rates.clear()
        self._measured = (0.0, [])

    def store_state(self) -> tuple[str, str]:
        """Return the state of the run store, "ready" or "failed", and a message."""
        try:
            opened = self.store
            opened.artifacts.check()
            opened.versions([])
        except StoreError as error:
            return "failed", error.sentence()
        trouble = self.store_trouble()
        return ("failed" if trouble else "ready"), trouble or opened.database.notice

    def store_trouble(self) -> str:
        """Return why the engine cannot write to the store; empty if it can."""
        return self.engine.trouble if self.engine else ""

    def start_engine(self) -> None:
        """Open the store and start the workers of this server, in the background.

        If the store cannot be opened, for example because the disk is full, the server still
        starts: every page and ``engine_state`` show the problem, and the workers start as soon as
        a page can open the store.
        """
        self._engine_waits = True
        threading.Thread(target=self._open, name="start", daemon=True).start()

    def _open(self) -> None:
        for key in keras_data.SOURCES:  # fill the cache for the first page
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
            with suppress(StoreError):  # the next start tries again
                uploads.forget_abandoned(opened)
            self.engine = Engine(opened)
            self.engine.start(delay=self._engine_delay)

    def page_served(self) -> None:
        """Start the delayed engine, after the first page was drawn."""
        if self.engine:
            self.engine.begin()
        self._exempt_modules_from_collection()

    def _exempt_modules_from_collection(self) -> None:
        """Exempt existing objects from garbage collection after new modules were loaded.

        Most objects belong to modules and live as long as the server. Streamlit collects garbage
        after each script run, which would take 0.1 s over all objects and block every session. To
        not delay the first page, garbage is not collected before: the little that exists stays.
        """
        if len(sys.modules) > self._modules:
            self._modules = len(sys.modules)
            gc.freeze()

    def stop_engine(self) -> None:
        """Stop the workers of this server; their runs resume at the next start."""
        with self._opening:  # the store may not be open yet
            self._engine_waits = False
        if self.engine:
            self.engine.close()

    def engine_state(self) -> EngineState:
        """Return the state of this server's workers; "stopped" without an engine."""
        if self.engine:
            return self.engine.state
        if self._trouble:
            return EngineState("failed", self._trouble)
        return EngineState("starting" if self._engine_waits else "stopped")

    def ask(self, function: str, *arguments: Any, kind: Question = Question.READING) -> Any:
        """Call a function of the core in a worker that does not train.

        Args:
            function: Module and name of the function, see :meth:`Engine.ask`.
            *arguments: Arguments after the run store.
            kind: Selects the worker.

        Raises:
            LabError: The function raised it, or no worker answered.
        """
        return self._running_engine().ask(function, *arguments, kind=kind)

    def _running_engine(self) -> Engine:
        if self.engine is None:
            raise EngineError(
                mark("This server has no worker processes."),
                mark("Start the lab with `scripts/run`."),
            )
        return self.engine

    def wake(self) -> None:
        """Let the engine check the queue now rather than at its next interval."""
        if self.engine:
            self.engine.wake()

    def submit(
        self, config: TrainingConfig, name: str | None = None, preset: str | None = None
    ) -> Run:
        """Queue a new run and wake the engine.

        Args:
            config: The configuration.
            name: Name of the run; None for the store's default.
            preset: Key of the preset if its settings are unchanged, else None.

        Raises:
            DataError: The data is not on this machine and cannot be downloaded.
            StoreError: The run cannot be stored.
        """
        _require_data(config.task)
        run = self.store.create(config, name=name, preset=preset)
        self.wake()
        return run

    def resume(self, run_id: str) -> Run:
        """Queue a stopped or interrupted run again and wake the engine.

        Raises:
            UnknownRunError: No run has the id.
            StoreError: The run cannot be resumed.
            DataError: The data is not on this machine and cannot be downloaded.
        """
        _require_data(self.store.get(run_id).config.task)
        run = resume(self.store, run_id)
        self.wake()
        return run

    def teach(self, run: Run, name: str) -> Run:
        """Queue a run that fine-tunes a model on the saved drawings.

        Args:
            run: The run whose best model is fine-tuned.
            name: Name of the new run.

        Raises:
            StoreError: There are too few drawings, or the run has no model.
        """
        tuned = finetune.teach(self.store, run.id, name=name)
        self.wake()
        return tuned

    def cross_validate(self, config: TrainingConfig, folds: int, name: str) -> str:
        """Queue a run per fold and wake the engine.

        Args:
            config: The configuration.
            folds: Number of folds.
            name: Name of the runs, with the fields ``fold`` and ``folds``.

        Returns:
            The tag of the cross-validation.

        Raises:
            ConfigError: The number of folds is invalid.
            DataError: The data is missing, or is still being downloaded.
            StoreError: The runs cannot be stored.
        """
        keras_data.promptly(task(config.task).load)  # fails before any run is queued
        tag = crossvalidation.queue_folds(self.store, config, folds, name=name)
        self.wake()
        return tag

    def train_final(self, study: crossvalidation.Study, epochs: int, name: str) -> Run:
        """Queue the final training of a cross-validation, on the samples of all folds.

        Raises:
            StoreError: The run cannot be stored.
        """
        config = crossvalidation.final_config(study.folds[0].config, epochs)
        run = self.store.create(config, name=name, tags=[study.tag])
        self.wake()
        return run

    def train_missing(self, study: crossvalidation.Study, name: str) -> None:
        """Queue the folds again that were stopped, failed or deleted.

        Args:
            study: The cross-validation.
            name: Name of the runs, with the fields ``fold`` and ``folds``.

        Raises:
            StoreError: The runs cannot be stored.
        """
        crossvalidation.queue_missing(self.store, study, name=name)
        self.wake()

    def stop_study(self, tag: str) -> None:
        """Stop all active and queued runs of a cross-validation.

        Raises:
            StoreError: The store cannot be written.
        """
        crossvalidation.stop(self.store, tag)
        self.wake()

    def import_model(self, file: BinaryIO, name: str, pixel_scaling: str) -> Run:
        """Import a model file as a run; a worker opens it, this process only copies its bytes.

        Args:
            file: The file.
            name: Name of the file.
            pixel_scaling: Pixel range of the network's input: "unit", "raw" or "auto" (detect).

        Raises:
            LabError: The file cannot be imported, or no worker answered.
        """
        function = "mnist_core.transfer.keras_import.importer:import_model"
        return self._import(file, function, name, pixel_scaling)

    def restore(self, file: BinaryIO, name: str) -> Run:
        """Import a run from an archive file.

        Raises:
            LabError: The file cannot be imported, or no worker answered.
        """
        return self._import(file, "mnist_core.transfer.restore:restore", name)

    def _import(self, file: BinaryIO, function: str, *more: Any) -> Run:
        engine = self._running_engine()
        engine.check_ready()  # before a large file is copied
        run_id = uploads.keep_arrived(self.store, file)
        # The worker removes the file. If the worker dies or times out, the file remains, as a sign
        # that the run's folder may be incomplete.
        engine.ask(function, run_id, *more, kind=Question.LONG, once=True)
        return self.store.get(run_id)

    def estimated_duration(self, config: TrainingConfig) -> Duration | None:
        """Estimate the training time on this machine from earlier runs.

        Args:
            config: The configuration.

        Returns:
            The estimate; None for an architecture that this version does not have.

        Raises:
            StoreError: The runs cannot be read.
        """
        return durations.estimate(config, self._measured_runs())

    def queue_wait(self, run_id: str) -> QueueWait | None:
        """Estimate how long a queued run still waits; None if it is not queued.

        Raises:
            UnknownRunError: No run has the id.
            StoreError: The runs cannot be read.
        """
        run = self.store.get(run_id)
        if run.status is not RunStatus.QUEUED:
            return None
        slots = self.engine.slots if self.engine else 1
        return durations.wait(run, self.store.list_active(), self._measured_runs(), slots)

    def _measured_runs(self) -> list[Run]:
        """Return the runs from which durations are estimated, cached for some seconds."""
        now = time.monotonic()
        until, runs = self._measured
        if now > until:
            runs = self.store.list_runs(limit=MOST_MEASURED) + self.store.examples(hidden=True)
            self._measured = now + MEASURED_SECONDS, runs
        return runs

    def rate_changes(self, run: Run) -> list[RateChange]:
        """Return the changes of a run's learning rate during its training.

        Raises:
            StoreError: The epochs cannot be read.
        """
        if not run.settled:
            return self.store.rate_changes([run])[run.id]
        key = run.id, run.version
        with self._rates_lock:
            changes = self._rates.get(key)
        if changes is None:
            changes = self.store.rate_changes([run])[run.id]
            with self._rates_lock:
                self._rates[key] = changes
                if len(self._rates) > MOST_RATES:
                    self._rates.popitem(last=False)
        return changes

    def event_files(self) -> Path | None:
        """Return the log directory of TensorBoard, with every run under its current name.

        Returns:
            The folder; None if the lab's files are not in a local folder.

        Raises:
            StoreError: The runs cannot be read.
        """
        runs = self.store.list_runs(limit=MOST_RUNS)
        return self.store.event_files.refresh({run.id: run.name for run in runs})


def data_state(key: str) -> DataState:
    """Return whether the data of a task is on this machine or can be downloaded, without delay."""
    found = availability.data_state(key)
    return DataState.DOWNLOADABLE if found is DataState.MISSING and on_cluster() else found


def _require_data(key: str) -> None:
    """Check that a task's data is available, unless a cluster's workers load it themselves.

    Raises:
        DataError: The data is not on this machine and cannot be downloaded.
    """
    if not on_cluster():
        availability.require(key)


#: The lab of this process.
lab = Lab()
