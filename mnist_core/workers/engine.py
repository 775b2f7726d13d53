"""The engine: worker processes that train the queued runs of the store.

Dask starts the workers, monitors them and replaces a worker that dies. The queue is in the store: a
dispatcher claims one queued run for each free worker and submits it. By default the workers are
processes on this machine; ``MNIST_LAB_SCHEDULER`` names an external cluster.

Importing this module loads neither Dask nor TensorFlow; :meth:`Engine.start` loads Dask in the
background, and only the workers load TensorFlow.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from dataclasses import dataclass
from enum import Enum
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, Literal

from mnist_core.errors import (
    DataError,
    DataPendingError,
    EngineError,
    LabError,
    StoreError,
    StoreGoneError,
)
from mnist_core.i18n import mark
from mnist_core.runs import Store
from mnist_core.runs.queue import Lease, RunQueue
from mnist_core.tasks import keras_data
from mnist_core.workers.roles import BACKGROUND, INTERACTIVE

if TYPE_CHECKING:
    from distributed import Future

    from mnist_core.workers.pool import Workers

#: Interval between the dispatcher's checks of the queue, in seconds.
TICK = 0.25
#: Interval between searches for runs whose worker died, in seconds.
RECOVER_SECONDS = 1.0
#: Interval between checks that the store is writable, in seconds.
WRITABLE_CHECK_SECONDS = 5.0
#: How long a closing server waits for workers that are starting, in seconds.
CLOSE_SECONDS = 2.0
#: Environment variable with the address of an external Dask scheduler.
SCHEDULER = "MNIST_LAB_SCHEDULER"
#: Interval between log messages about a failing store, in seconds.
LOG_INTERVAL_SECONDS = 30.0
#: Delay between the engine's start and that of the background worker, in seconds: the first
#: training has priority.
BACKGROUND_DELAY = 20.0

log = logging.getLogger(__name__)


class Question(Enum):
    """Kinds of requests to workers, by duration; each has a name and a time limit in seconds."""

    #: A prediction after each stroke of a drawing. A reserved worker answers.
    READING = "reading", 30.0
    #: A portion of an evaluation, an explanation: about a second. The background worker answers,
    #: or the reserved worker until the background worker has started.
    SHORT = "short", 120.0
    #: An import, an export. Waits until the background worker has started.
    LONG = "long", 240.0

    @property
    def seconds(self) -> float:
        """Time limit for the answer, which includes loading a model and waiting in the queue."""
        return self.value[1]


@dataclass(frozen=True)
class EngineState:
    """State of the engine.

    Attributes:
        phase: "starting", "ready", "failed" or "stopped".
        message: The reason of a failure; if ready, why the store is not writable, or "".
    """

    phase: Literal["starting", "ready", "failed", "stopped"]
    message: str = ""


class Engine:
    """Trains the store's queued runs on Dask workers.

    Args:
        store: The run store.
        workers: Number of training workers; None for ``MNIST_LAB_WORKERS``, or one.
        scheduler: Address of a Dask scheduler; None for ``MNIST_LAB_SCHEDULER``, or workers on
            this machine.
    """

    def __init__(
        self, store: Store, *, workers: int | None = None, scheduler: str | None = None
    ) -> None:
        self.state = EngineState("starting")
        self._store = store
        self._queue = RunQueue(store.database)
        self._count = workers
        self._scheduler = scheduler or os.environ.get(SCHEDULER) or None
        #: Number of runs that can be trained at once; the requested number until workers exist.
        self.slots = 1
        self._wake = threading.Event()
        self._begin = threading.Event()
        self._delay = 0.0
        self._recover_at = self._check_writable_at = self._ready_at = 0.0
        self._closing = False
        self._trouble = ""  # why the store is not writable, if known
        self._logged_at = -LOG_INTERVAL_SECONDS
        self._workers: Workers | None = None
        self._training: dict[Lease, Future[Any]] = {}
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def trouble(self) -> str:
        """Why the store is not writable at the moment; "" if it is."""
        return self._trouble

    def start(self, *, delay: float = 0.0) -> None:
        """Start the workers and the dispatcher, in the background.

        Args:
            delay: Longest delay of the start in seconds, which leaves the machine to a server's
                first page. :meth:`begin` ends the delay.
        """
        self._delay = delay
        self._thread.start()

    def begin(self) -> None:
        """End the delay that :meth:`start` was given."""
        self._begin.set()

    def wake(self) -> None:
        """Check the queue now, because a run was just added."""
        self._wake.set()

    def ask(
        self,
        function: str,
        *arguments: Any,
        kind: Question = Question.READING,
        seconds: float | None = None,
        once: bool = False,
    ) -> Any:
        """Run a function on a worker that does not train.

        A request never waits for a download of data.

        Args:
            function: Module and name of the function, "module:name". If its first parameter is
                called ``store``, it receives the run store before the arguments.
            *arguments: Arguments of the function.
            kind: The kind of request, which determines the worker.
            seconds: Time limit for the answer; None for the limit of the kind.
            once: Whether the function changes something. Other functions are called a second
                time if the worker dies, which may have another reason.

        Returns:
            The function's result.

        Raises:
            EngineError: The workers are not ready, a worker crashed, or the time limit was
                exceeded.
            DataPendingError: Data that the function needs is being downloaded.
            LabError: The function raised it.
        """
        workers = self.check_ready()
        role = self._role(workers, kind)
        seconds = kind.seconds if seconds is None else seconds
        until = time.monotonic() + seconds
        try:
            try:
                return workers.ask(role, function, *arguments, seconds=seconds)
            except ConnectionError:
                if once or self._closing:
                    raise
                log.warning("a worker died during a request; trying again on another worker")
                left = max(0.0, until - time.monotonic())
                return workers.ask(role, function, *arguments, seconds=left)
        except TimeoutError as error:
            raise EngineError(
                mark("A worker did not answer within {seconds} seconds: the machine is busy."),
                mark("Try again in a moment."),
                seconds=round(seconds),
            ) from error
        except ConnectionError as error:
            raise EngineError(
                mark("The worker crashed while it computed the answer."),
                mark("Try again in a few seconds, when a new worker has started."),
            ) from error

    def _role(self, workers: Workers, kind: Question) -> str:
        """Return the role of the worker for a request; a cluster may have no background worker."""
        if kind is Question.LONG:
            workers.start_background()
        if kind is Question.READING or not workers.have_background(started=kind is Question.SHORT):
            return INTERACTIVE
        return BACKGROUND

    def check_ready(self) -> Workers:
        """Return the workers.

        Raises:
            EngineError: The workers are not ready.
        """
        if self._workers is None or self.state.phase != "ready":
            raise EngineError(
                mark("The worker for predictions is still starting, or could not be started."),
                mark("Try again in a few seconds."),
            )
        return self._workers

    def close(self) -> None:
        """End the workers; their runs return to the queue and resume at the next start."""
        self._closing = True
        self._begin.set()
        self._wake.set()
        until = time.monotonic() + CLOSE_SECONDS
        while True:
            if self._workers is not None:
                self._workers.kill()  # again, in case workers were starting
            if not self._thread.is_alive() or time.monotonic() > until:
                break
            self._thread.join(timeout=0.1)
        for lease in list(self._training):
            try:
                self._queue.give_back(lease, died=False)
            except StoreError as error:  # the lease then expires
                log.warning("%s", error)
        if self._workers is not None and not self._thread.is_alive():  # else `_run` closes them
            self._workers.close()
        self.state = EngineState("stopped")

    def _run(self) -> None:
        _block_interrupts()
        self._begin.wait(self._delay)
        if self._closing:
            return
        try:
            from mnist_core.workers.pool import Workers

            self.slots = self._worker_count()
            workers = Workers(self._store, count=self.slots, address=self._scheduler)
            self._workers = workers
            if self._closing:
                workers.kill()
                return
            workers.start()
            if self._closing:  # `close` ran before the workers existed
                workers.kill()
                workers.close()
                return
        except Exception as error:
            if self._closing:  # `close` has killed the workers
                if self._workers is not None:
                    self._workers.kill()
                    self._workers.close()
                return
            if not isinstance(error, LabError):
                log.exception("the engine did not start")
                error = _not_started(error)
            self._fail(error)
            self._dispatch(None)
            return
        self._dispatch(workers)

    def _fail(self, error: LabError) -> None:
        if not self._closing:
            self.state = EngineState("failed", error.sentence())
            log.error("%s", error)

    def _worker_count(self) -> int:
        count = self._count or os.environ.get("MNIST_LAB_WORKERS") or "1"
        if not str(count).isdecimal() or not 1 <= int(count) <= MAX_WORKERS:
            raise EngineError(
                mark("MNIST_LAB_WORKERS is “{count}”, not a whole number from 1 to {limit}."),
                mark("Set it to the number of runs to train at the same time."),
                count=count,
                limit=MAX_WORKERS,
            )
        return int(count)

    def _dispatch(self, workers: Workers | None) -> None:
        """Maintain the queue, and submit queued runs to the workers, if there are any."""
        while not self._closing:
            try:
                self._collect_finished()
                self._recover()
                if workers is not None:
                    self._serve(workers)
            except EngineError as error:  # a lost cluster may return
                self._fail(error)
            except StoreError as error:  # for example, a full disk, which may have room later
                self._record_trouble(error)
                # Other processes could not write either: their leases must not expire now.
                self._store.database.leases.begin_anew()
                time.sleep(1)
            except Exception:
                if not self._closing:
                    log.exception("unexpected error in the dispatcher")
                    time.sleep(1)
            self._wake.wait(TICK)
            self._wake.clear()

    def _serve(self, workers: Workers) -> None:
        """Check the state of the workers, and submit queued runs to free workers."""
        workers.reconnect()
        if workers.are_ready():
            self._start_background(workers)
            self.state = EngineState("ready", self._trouble)
        elif self.state.phase == "ready":  # a worker died and is being replaced
            self.state = EngineState("starting")
        self._submit_queued(workers)

    def _start_background(self, workers: Workers) -> None:
        now = time.monotonic()
        self._ready_at = self._ready_at or now
        if now >= self._ready_at + BACKGROUND_DELAY:
            workers.start_background()

    def _recover(self) -> None:
        """Return runs whose worker died to the queue, and check that the store is writable."""
        now = time.monotonic()
        if now >= self._recover_at:
            self._recover_at = now + RECOVER_SECONDS
            self._queue.recover()
            if self._trouble or now >= self._check_writable_at:
                self._store.check_writable()
                self._check_writable_at = now + WRITABLE_CHECK_SECONDS
                self._trouble = ""

    def _record_trouble(self, error: StoreError) -> None:
        """Record a failure of the store for the pages, and log it, but not every second."""
        self._trouble = error.sentence()
        if isinstance(error, StoreGoneError):
            self.state = EngineState("failed", self._trouble)
        elif self.state.phase == "ready":
            self.state = EngineState("ready", self._trouble)
        if time.monotonic() - self._logged_at > LOG_INTERVAL_SECONDS:
            self._logged_at = time.monotonic()
            log.warning("%s", error)

    def _submit_queued(self, workers: Workers) -> None:
        """Submit queued runs to free workers."""
        self.slots = workers.training_slots()
        # The data that workers of a cluster have on their machines is unknown here.
        pending = [] if self._scheduler else self._without_data()
        while len(self._training) < self.slots and not self._closing:
            lease = self._queue.claim(without=pending)
            if lease is None:
                break
            self._submit_run(workers, lease)

    def _without_data(self) -> list[str]:
        """Return the tasks whose data is missing, and download what queued runs need.

        The download precedes the training, so no worker waits for it. If it fails, the runs that
        need it end.
        """
        missing = [name for name in keras_data.SOURCES if not keras_data.is_kept(name)]
        waiting = self._queue.waiting_for(missing) if missing else {}
        for name, run_ids in waiting.items():
            try:
                keras_data.promptly(keras_data.keep, name)
            except DataPendingError:
                continue
            except DataError as error:
                self._queue.refuse(run_ids, error.sentence())
        return missing

    def _submit_run(self, workers: Workers, lease: Lease) -> None:
        try:
            future = workers.submit("mnist_core.training.job:train", lease)
        except BaseException:
            self._queue.give_back(lease, died=False)
            raise
        self._training[lease] = future
        future.add_done_callback(lambda _: self.wake())

    def _collect_finished(self) -> None:
        """Remove finished jobs; a run whose worker died returns to the queue."""
        for lease, future in list(self._training.items()):
            if not future.done():
                continue
            del self._training[lease]
            if future.status != "finished":
                log.warning("the worker of run %s died", lease.run_id)
                self._queue.give_back(lease, died=not self._closing)


#: More trainings at a time do not use a machine any better.
MAX_WORKERS = 64


def on_cluster() -> bool:
    """Return whether the workers belong to an external Dask cluster."""
    return bool(os.environ.get(SCHEDULER))


def _block_interrupts() -> None:
    """Block Ctrl+C for all processes that are started from this thread.

    A terminal sends it to all processes at once. Child processes inherit the thread's blocked
    signals, so a new worker is never interrupted.
    """
    if hasattr(signal, "pthread_sigmask"):  # not on Windows
        resource_tracker.ensure_running()  # which unblocks the signal when it starts
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _not_started(error: Exception) -> EngineError:
    return EngineError(
        mark("Could not start the training workers: {cause}."),
        mark("Restart the lab; if it fails again, see its log."),
        cause=str(error) or type(error).__name__,
    )
