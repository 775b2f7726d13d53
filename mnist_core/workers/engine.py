"""The engine: worker processes that train what the store has queued.

Dask starts the workers, watches them and replaces one that dies. The queue is the store's: a
dispatcher claims one queued run for each worker that is free and hands it over. By default the
workers are processes on this machine; ``MNIST_LAB_SCHEDULER`` names a cluster instead.

Importing this module loads neither Dask nor TensorFlow; :meth:`Engine.start` loads Dask in the
background, and TensorFlow is loaded by the workers alone.
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

#: How often the dispatcher looks at the queue by itself, in seconds.
TICK = 0.25
#: How often it looks for runs whose worker is gone, in seconds.
RECOVER_SECONDS = 1.0
#: How often it sees whether the store can be written, also while nothing happens, in seconds.
PROVE_SECONDS = 5.0
#: How long a server that ends waits for workers that are just being started, in seconds.
CLOSE_SECONDS = 2.0
#: Names the scheduler of an existing Dask cluster.
SCHEDULER = "MNIST_LAB_SCHEDULER"
#: A store that fails is spoken of in the log this often, in seconds.
COMPLAIN_SECONDS = 30.0
#: The worker for what takes longer than a stroke may wait starts so many seconds after the engine
#: is ready: a first training has the machine before.
BACKGROUND_DELAY = 20.0

log = logging.getLogger(__name__)


class Question(Enum):
    """What is asked of the workers, by how long it takes and who waits; each has its patience."""

    #: A person waits for it after each stroke. A worker of its own answers.
    READING = "reading", 30.0
    #: A portion of an evaluation, an explanation: a second or so. The worker in the background
    #: answers, or, until that has started, the one for readings.
    SHORT = "short", 120.0
    #: An import, an export. Waits until the worker in the background has started.
    LONG = "long", 240.0

    @property
    def seconds(self) -> float:
        """How long to wait for the answer: loading a model and other questions are part of it."""
        return self.value[1]


@dataclass(frozen=True)
class EngineState:
    """How the engine is: "starting", "ready", "failed" or "stopped".

    Attributes:
        phase: One of them.
        message: Why it failed; where it is ready, why nothing can be written at the moment.
    """

    phase: Literal["starting", "ready", "failed", "stopped"]
    message: str = ""


class Engine:
    """Trains the store's queued runs on Dask workers.

    Args:
        store: Where runs are.
        workers: How many train at a time; None for ``MNIST_LAB_WORKERS``, or one.
        scheduler: Address of a Dask scheduler; None for ``MNIST_LAB_SCHEDULER``, or workers of
            this machine's own.
    """

    def __init__(
        self, store: Store, *, workers: int | None = None, scheduler: str | None = None
    ) -> None:
        self.state = EngineState("starting")
        self._store = store
        self._queue = RunQueue(store.database)
        self._count = workers
        self._scheduler = scheduler or os.environ.get(SCHEDULER) or None
        #: How many runs are trained at a time; what was asked for until the workers are there.
        self.slots = 1
        self._wake = threading.Event()
        self._begin = threading.Event()
        self._delay = 0.0
        self._recover_at = self._prove_at = self._ready_at = 0.0
        self._closing = False
        self._trouble = ""  # why the store cannot be written, as far as is known
        self._complained_at = -COMPLAIN_SECONDS
        self._workers: Workers | None = None
        self._training: dict[Lease, Future[Any]] = {}
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def trouble(self) -> str:
        """Why the store cannot be written at the moment; empty where it can."""
        return self._trouble

    def start(self, *, delay: float = 0.0) -> None:
        """Start the workers and the dispatcher, in the background.

        Args:
            delay: Seconds to leave the machine to something else first, at most: a server's
                first page. :meth:`begin` ends it early.
        """
        self._delay = delay
        self._thread.start()

    def begin(self) -> None:
        """End the delay of :meth:`start`."""
        self._begin.set()

    def wake(self) -> None:
        """Look at the queue now: a run was just written into it."""
        self._wake.set()

    def ask(
        self,
        function: str,
        *arguments: Any,
        kind: Question = Question.READING,
        seconds: float | None = None,
        once: bool = False,
    ) -> Any:
        """Run a function on a worker that never trains.

        It keeps nobody else waiting for data that has to be fetched first.

        Args:
            function: Its module and name, "module:name", which the worker imports. One whose
                first parameter is called ``store`` receives the run store before the arguments.
            *arguments: What it is called with.
            kind: Which of the workers answers.
            seconds: How long to wait for the answer; None for the time of its kind.
            once: Whether it changes something. All others are asked a second time where the
                worker dies over them: perhaps it was for another reason.

        Returns:
            What it returned.

        Raises:
            EngineError: The workers are not ready, or the answer did not come in time.
            DataPendingError: Data that it needs is on its way.
            LabError: What the function itself raised.
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
                log.warning("a worker died while it answered; the next one is asked")
                left = max(0.0, until - time.monotonic())
                return workers.ask(role, function, *arguments, seconds=left)
        except TimeoutError as error:
            raise EngineError(
                mark("The lab gave a worker something to do."),
                mark("The answer did not come within {seconds} seconds."),
                mark("The machine is busy: try again in a moment."),
                seconds=round(seconds),
            ) from error
        except ConnectionError as error:
            raise EngineError(
                mark("The lab gave a worker something to do. The worker crashed."),
                mark("Another one takes its place: try again in a few seconds."),
            ) from error

    def _role(self, workers: Workers, kind: Question) -> str:
        """What the worker is for that answers; a cluster need not have one in the background."""
        if kind is Question.LONG:
            workers.start_background()
        if kind is Question.READING or not workers.have_background(started=kind is Question.SHORT):
            return INTERACTIVE
        return BACKGROUND

    def check_ready(self) -> Workers:
        """See that a question would be answered.

        Returns:
            Those who answer it.

        Raises:
            EngineError: The workers are not ready.
        """
        if self._workers is None or self.state.phase != "ready":
            raise EngineError(
                mark("A question to a network was asked."),
                mark("The worker that answers is still starting, or could not be started."),
                mark("Try again in a few seconds."),
            )
        return self._workers

    def close(self) -> None:
        """End the workers; their runs go back into the queue and resume at the next start."""
        self._closing = True
        self._begin.set()
        self._wake.set()
        until = time.monotonic() + CLOSE_SECONDS
        while True:
            if self._workers is not None:
                self._workers.kill()  # once more, if some were just being started
            if not self._thread.is_alive() or time.monotonic() > until:
                break
            self._thread.join(timeout=0.1)
        for lease in list(self._training):
            try:
                self._queue.give_back(lease, died=False)
            except StoreError as error:  # then the lease ends by itself
                log.warning("%s", error)
        if self._workers is not None and not self._thread.is_alive():  # else it does that itself
            self._workers.close()
        self.state = EngineState("stopped")

    def _run(self) -> None:
        _leave_interrupts_to_the_server()
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
            if self._closing:  # too early for `close` to find them
                workers.kill()
                workers.close()
                return
        except Exception as error:
            if self._closing:  # its workers were killed under its hands
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
                mark("MNIST_LAB_WORKERS is “{count}”."),
                mark("It has to be a whole number from 1 to {limit}."),
                mark("Set it to the number of trainings that shall run at a time."),
                count=count,
                limit=MAX_WORKERS,
            )
        return int(count)

    def _dispatch(self, workers: Workers | None) -> None:
        """Keep the queue in order, and give what is in it to the workers, if there are any."""
        while not self._closing:
            try:
                self._reap()
                self._recover()
                if workers is not None:
                    self._serve(workers)
            except EngineError as error:  # a cluster that is gone may come back
                self._fail(error)
            except StoreError as error:  # a full disk, say: it may have room again later
                self._complain(error)
                # Nobody else could write either, and is given time to.
                self._store.database.leases.begin_anew()
                time.sleep(1)
            except Exception:
                if not self._closing:
                    log.exception("the dispatcher stumbled")
                    time.sleep(1)
            self._wake.wait(TICK)
            self._wake.clear()

    def _serve(self, workers: Workers) -> None:
        """See how the workers are, and give queued runs to those that are free."""
        workers.reconnect()
        if workers.are_ready():
            self._start_background(workers)
            self.state = EngineState("ready", self._trouble)
        elif self.state.phase == "ready":  # a worker died, and another one comes
            self.state = EngineState("starting")
        self._hand_out(workers)

    def _start_background(self, workers: Workers) -> None:
        now = time.monotonic()
        self._ready_at = self._ready_at or now
        if now >= self._ready_at + BACKGROUND_DELAY:
            workers.start_background()

    def _recover(self) -> None:
        """Take up the runs whose worker is gone."""
        now = time.monotonic()
        if now >= self._recover_at:
            self._recover_at = now + RECOVER_SECONDS
            self._queue.recover()
            if self._trouble or now >= self._prove_at:
                self._store.check_writable()
                self._prove_at = now + PROVE_SECONDS
                self._trouble = ""

    def _complain(self, error: StoreError) -> None:
        """Keep for the pages what is wrong with the store, and log it, but not each second."""
        self._trouble = error.sentence()
        if isinstance(error, StoreGoneError):
            self.state = EngineState("failed", self._trouble)
        elif self.state.phase == "ready":
            self.state = EngineState("ready", self._trouble)
        if time.monotonic() - self._complained_at > COMPLAIN_SECONDS:
            self._complained_at = time.monotonic()
            log.warning("%s", error)

    def _hand_out(self, workers: Workers) -> None:
        """Give queued runs to the workers that are free."""
        self.slots = workers.training_slots()
        # What the workers of a cluster have on their machines is not known here.
        pending = [] if self._scheduler else self._without_data()
        while len(self._training) < self.slots and not self._closing:
            lease = self._queue.claim(without=pending)
            if lease is None:
                break
            self._hand_over(workers, lease)

    def _without_data(self) -> list[str]:
        """Tasks whose data is not here yet; what queued runs need is fetched, or they end.

        It is fetched before a run takes a worker: others can be trained meanwhile.
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

    def _hand_over(self, workers: Workers, lease: Lease) -> None:
        try:
            future = workers.submit("mnist_core.training.job:train", lease)
        except BaseException:
            self._queue.give_back(lease, died=False)
            raise
        self._training[lease] = future
        future.add_done_callback(lambda _: self.wake())

    def _reap(self) -> None:
        """Forget the jobs that are over; a run whose worker died goes back into the queue."""
        for lease, future in list(self._training.items()):
            if not future.done():
                continue
            del self._training[lease]
            if future.status != "finished":
                log.warning("the worker of run %s is gone", lease.run_id)
                self._queue.give_back(lease, died=not self._closing)


#: More trainings at a time than this do not make a machine faster.
MAX_WORKERS = 64


def on_cluster() -> bool:
    """Whether the workers belong to an existing Dask cluster, perhaps of other machines."""
    return bool(os.environ.get(SCHEDULER))


def _leave_interrupts_to_the_server() -> None:
    """Let Ctrl+C reach no process that is started from this thread.

    A terminal sends it to all of them at once. Processes inherit what the thread blocks that
    starts them, so there is no moment at which a new worker could be interrupted.
    """
    if hasattr(signal, "pthread_sigmask"):  # not on Windows
        resource_tracker.ensure_running()  # which lets interrupts through again when it starts
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _not_started(error: Exception) -> EngineError:
    return EngineError(
        mark("The workers that train were to be started. That failed: {cause}."),
        mark("Restart the lab; if it fails again, see its log."),
        cause=str(error) or type(error).__name__,
    )
