"""Worker processes of the engine, on this machine or on a Dask cluster.

A worker has one of three roles, which is a Dask resource: ``train`` for trainings, ``interactive``
for predictions after each stroke, also during a training, and ``background`` for longer requests:
evaluations, explanations, imports and exports.
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import dask
from distributed import CancelledError, Client, Future, KilledWorker, Nanny, Scheduler, SpecCluster
from distributed.client import ClosedClientError

from mnist_core.errors import EngineError
from mnist_core.i18n import mark
from mnist_core.process import THREADS_VARIABLE
from mnist_core.runs import Store
from mnist_core.runs.artifacts import Artifacts
from mnist_core.workers import rpc
from mnist_core.workers.roles import BACKGROUND, INTERACTIVE, ROLE_VARIABLE, TRAIN

#: How long to wait for an external scheduler and its answers, in seconds.
SCHEDULER_SECONDS = 10

dask.config.set(
    {
        # A run whose worker died resumes from its checkpoint; Dask must not repeat the task.
        "distributed.scheduler.allowed-failures": 0,
        "distributed.worker.daemon": True,
        # A dead worker is restarted, however long that takes: by default Dask gives it up after
        # 15 seconds and never replaces it.
        "distributed.deploy.lost-worker-timeout": "3650 days",
        # Frequent heartbeats would slow down trainings a little.
        "distributed.admin.system-monitor.interval": "2s",
        "distributed.worker.profile.enabled": False,
        # Replaces Dask's own variables, which limit numerical libraries to one thread and return
        # memory to the system after every small batch.
        "distributed.nanny.pre-spawn-environ": {
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "DASK_LOGGING__DISTRIBUTED": "warning",
        },
    }
)

# Dask logs every connection, which would hide more important messages.
QUIET = logging.WARNING
logging.getLogger("distributed").setLevel(QUIET)


class Workers:
    """The worker processes and the connection to them.

    Args:
        store: The run store, which the workers must be able to reach.
        count: Number of training workers to start on this machine.
        address: Address of an external scheduler, or None.
    """

    def __init__(self, store: Store, *, count: int, address: str | None) -> None:
        self._store = store
        self._count = count
        self._address = address
        self._cluster: SpecCluster | None = None
        self._client: Client | None = None

    def start(self) -> None:
        """Start the workers, or connect to those of a cluster.

        Raises:
            EngineError: The external cluster cannot be used.
        """
        if self._address is None:
            self._cluster = _Cluster(
                self,
                workers=_worker_specs(self._count),
                scheduler={"cls": Scheduler, "options": _SCHEDULER_OPTIONS},
                name="mnist-lab",
                silence_logs=QUIET,
            )
            self._client = Client(self._cluster)
        else:
            self._client = _connect(self._address)
            _check_external(self._client, self._store, self._address)

    def reconnect(self) -> None:
        """Connect again to an external scheduler whose connection was lost.

        Raises:
            EngineError: The scheduler still does not answer.
        """
        if self._address and self._client is not None and self._client.status == "closed":
            self._client = _connect(self._address)

    def are_ready(self) -> bool:
        """Return whether a training worker exists, busy or not."""
        return self._client is not None and bool(_with(self._client, TRAIN))

    def training_slots(self) -> int:
        """Return how many trainings of this server fit on the workers, running ones included."""
        if self._client is None:
            return 0
        slots = _with(self._client, TRAIN)
        return sum(slots.values()) - (self._others_at_work(list(slots)) if self._address else 0)

    def _others_at_work(self, workers: list[str]) -> int:
        """Return how many trainings of other servers run on a shared cluster."""
        assert self._client is not None
        if not workers:
            return 0
        keys = [key for held in self._client.processing(workers).values() for key in held]
        return sum(key not in self._client.futures for key in keys)

    def submit(self, function: str, *arguments: Any) -> Future[Any]:
        """Run a function, named as for :func:`rpc.call`, on a training worker."""
        return self._submit(rpc.call, function, *arguments, resources={TRAIN: 1})

    def _submit(self, how: Callable[..., Any], *what: Any, **options: Any) -> Future[Any]:
        assert self._client is not None
        place = self._store.home, self._store.url
        return self._client.submit(how, *place, *what, pure=False, retries=0, **options)

    def start_background(self) -> None:
        """Start the background worker unless it exists; a cluster has its own, or none."""
        if self._cluster is not None and BACKGROUND not in self._cluster.worker_spec:
            self._cluster.worker_spec[BACKGROUND] = _spec(BACKGROUND, max(1, _cores() // 2))
            self._cluster.scale(len(self._cluster.worker_spec))

    def have_background(self, *, started: bool) -> bool:
        """Return whether there is a background worker.

        Args:
            started: Whether it must have started; otherwise it may still be starting.
        """
        if self._cluster is not None and not started:
            return BACKGROUND in self._cluster.worker_spec
        return self._client is not None and bool(_with(self._client, BACKGROUND))

    def ask(self, role: str, function: str, *arguments: Any, seconds: float) -> Any:
        """Run a function on the worker of a role, and wait for its result.

        Args:
            role: The worker's role.
            function: The function, as for :func:`mnist_core.workers.rpc.call`.
            *arguments: Arguments of the function.
            seconds: Time limit.

        Raises:
            LabError: The function raised it.
            TimeoutError: The time limit was exceeded.
            ConnectionError: The worker or the connection died.
        """
        try:
            future = self._submit(
                rpc.answer,
                function,
                *arguments,
                key=f"{function.partition(':')[2]}-{uuid.uuid4()}",  # shown in the worker's log
                resources={role: 1},
                priority=1,
            )
            try:
                answer = future.result(timeout=seconds)
            finally:
                future.release()
        except (KilledWorker, CancelledError, ClosedClientError) as error:
            raise ConnectionError(str(error)) from error
        if isinstance(answer, rpc.Failure):
            raise answer.error
        return answer

    def kill(self) -> None:
        """Kill this machine's worker processes at once."""
        if self._cluster is None:
            return
        nannies: list[Nanny] = []
        with suppress(RuntimeError):  # the set changed during iteration: the next call finds it
            nannies = list(getattr(self._cluster, "_created", ()))  # includes starting workers
        for nanny in nannies:
            nanny.close_gracefully()  # so that it does not restart the worker
            process = nanny.process.process if nanny.process else None
            if process is not None and process.pid:
                with suppress(OSError):  # the process has ended
                    os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self) -> None:
        """Close the connection, and the cluster if it was started here."""
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(Exception):  # this process is ending anyway
                    part.close(timeout=1)


class _Cluster(SpecCluster):
    """A cluster that can be killed while it is still starting."""

    def __init__(self, owner: Workers, **options: Any) -> None:
        owner._cluster = self
        super().__init__(**options)  # type: ignore[no-untyped-call]


_SCHEDULER_OPTIONS = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}


def _worker_specs(count: int) -> dict[str, dict[str, Any]]:
    """Return the workers that start at once; the background worker starts later."""
    cores = _cores()
    specs = {f"{TRAIN}-{place}": _spec(TRAIN, max(1, cores // count)) for place in range(count)}
    return specs | {INTERACTIVE: _spec(INTERACTIVE, max(1, cores // 2))}


def _cores() -> int:
    return os.cpu_count() or 1


def _spec(role: str, threads: int) -> dict[str, Any]:
    options = {
        "nthreads": 1,
        "resources": {role: 1},
        "host": "127.0.0.1",
        "preload": ["mnist_core.workers.setup"],
        "memory_limit": 0,  # a training may use all memory of the machine
        "dashboard": False,
        "local_directory": tempfile.gettempdir(),
        "env": {
            ROLE_VARIABLE: role,
            THREADS_VARIABLE: str(threads),
        },
    }
    return {"cls": Nanny, "options": options}


def _with(client: Client, resource: str) -> dict[str, int]:
    """Return the addresses of the workers that have a resource, and its amount."""
    workers = client.scheduler_info(n_workers=-1).get("workers", {}).items()
    amounts = {address: int(worker["resources"].get(resource, 0)) for address, worker in workers}
    return {address: amount for address, amount in amounts.items() if amount}


def _connect(address: str) -> Client:
    try:
        return Client(address, timeout=SCHEDULER_SECONDS)
    except (OSError, ValueError) as error:
        raise EngineError(
            mark("No Dask scheduler answers at MNIST_LAB_SCHEDULER, “{address}”."),
            mark("Start it, correct the address, or unset it to use workers on this machine."),
            address=address,
        ) from error


def _check_external(client: Client, store: Store, address: str) -> None:
    """Reject a cluster that cannot train the store's runs.

    Raises:
        EngineError: The cluster lacks the database, a worker with a role, or the artifacts.
    """
    values: dict[str, object] = {"address": address}
    if store.database.is_sqlite:
        problem = mark(
            "The workers of the Dask cluster “{address}” cannot share this machine's SQLite "
            "database."
        )
        remedy = mark("Set MNIST_LAB_DATABASE_URL to a PostgreSQL database that they can reach.")
    elif missing := [label for label in (TRAIN, INTERACTIVE) if not _with(client, label)]:
        problem = mark("The Dask cluster “{address}” has no worker with the resource “{missing}”.")
        remedy = mark(
            'Start a worker, for example: dask worker {address} --resources "{missing}=1".'
        )
        values["missing"] = missing[0]
    elif not _shares_artifacts(client, store):
        problem = mark(
            "The workers of the Dask cluster “{address}” cannot read the files in {home}."
        )
        remedy = mark("Set MNIST_LAB_HOME to a folder or an address that all of them share.")
        values["home"] = store.home
    else:
        return
    raise EngineError(problem, remedy, **values)


def _shares_artifacts(client: Client, store: Store) -> bool:
    probe = os.urandom(16)
    store.artifacts.write("probe", "probe", probe)
    try:
        # Not a task, which would wait while other servers' trainings occupy the workers.
        found = client.run(_read_probe, store.home, workers=list(_with(client, TRAIN)))
        return all(content == probe for content in found.values())
    finally:
        store.artifacts.remove("probe")


def _read_probe(home: str) -> bytes | None:
    return Artifacts(home).read("probe", "probe")
