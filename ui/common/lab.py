"""What all browser sessions of this server share: the run store and the engine.

Thirty open browsers are thirty sessions in one process. None of them opens a database or starts
workers of its own: they ask here.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import EngineError, StoreError, UnknownRunError
from mnist_core.examples import install_known, open_store
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.inference.answers import Anatomy, Explanation, Neighbours, Prediction
from mnist_core.inference.questions import VARIATIONS
from mnist_core.runs import RateChange, Run, RunStatus, Store, durations, retention
from mnist_core.runs import resume as resuming
from mnist_core.runs.durations import Duration, QueueWait
from mnist_core.runs.model_files import left_models
from mnist_core.runs.retention import OldRun
from mnist_core.studies import crossvalidation, finetune
from mnist_core.tasks import Dataset, availability, keras_data, task
from mnist_core.tasks.availability import DataState
from mnist_core.tensorboard.histograms import WeightHistograms
from mnist_core.transfer import uploads
from mnist_core.transfer.archive import write_archive
from mnist_core.workers import engine
from mnist_core.workers.engine import Question

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

_opening = threading.RLock()
_stores: dict[tuple[str | None, str | None], Store] = {}
_openings: dict[str, int] = {}
_engine_waits = False  # for a store that can be opened
_trouble = ""  # why it waits
_modules = 0
_rates: dict[tuple[str, int], list[RateChange]] = {}
_keeping_rates = threading.Lock()
_measured: tuple[float, Store | None, list[Run]] = (0.0, None, [])


def store() -> Store:
    """The run store that the environment names, opened once for the process.

    Raises:
        StoreError: It cannot be opened. The next call tries again, and an engine that could not
            be started for want of a store starts then.
    """
    place = os.environ.get("MNIST_LAB_HOME"), os.environ.get("MNIST_LAB_DATABASE_URL")
    found = _stores.get(place)
    if found is not None and found.database.openings != _openings.get(found.url):
        _add_examples(found)
    if found is None:
        with _opening:
            found = _stores.get(place)
            if found is None:
                found = _stores[place] = open_store()
                _openings[found.url] = found.database.openings
                _start_waiting_engine(found)
    return found


def _add_examples(opened: Store) -> None:
    """A database that has replaced the one before may not have the lab's examples."""
    with _opening:
        if opened.database.openings != _openings.get(opened.url):
            _openings[opened.url] = opened.database.openings
            install_known(opened)


def store_state() -> tuple[str, str]:
    """How the run store is: "ready" or "failed", and what is to be said of it."""
    try:
        opened = store()
        opened.artifacts.check()
        opened.versions([])
    except StoreError as error:
        return "failed", error.sentence()
    trouble = store_trouble()
    return ("failed" if trouble else "ready"), trouble or opened.database.notice


def store_trouble() -> str:
    """Why the store cannot be written, as far as the engine knows; empty where it can."""
    running = engine.current()
    return running.trouble if running else ""


def start_engine() -> None:
    """Open the store and start the workers of this server, in the background.

    The server answers meanwhile: a browser loads Streamlit's own files before it asks for a page.
    A store that cannot be opened (on a full disk, say) does not keep the server from starting:
    every page then says what is wrong with it, and ``engine_state`` too. The workers start with
    the first page that finds it open.
    """
    global _engine_waits
    _engine_waits = True
    threading.Thread(target=_open, name="start", daemon=True).start()


def _open() -> None:
    global _trouble
    for key in keras_data.SOURCES:  # so that the first page can say what cannot be had
        availability.data_state(key)
    with _opening:
        try:
            _start_waiting_engine(store())
        except StoreError as error:
            _trouble = error.sentence()
            _log.error("%s", _trouble)


def _start_waiting_engine(opened: Store) -> None:
    global _engine_waits, _trouble
    if _engine_waits:
        _engine_waits, _trouble = False, ""
        with suppress(StoreError):  # the next one tries again
            uploads.forget_abandoned(opened)
        engine.Engine(opened).start(delay=ENGINE_DELAY)


def page_served() -> None:
    """Say that a page has been drawn: the engine may have the machine now."""
    running = engine.current()
    if running:
        running.begin()
    _exempt_modules_from_collection()


def _exempt_modules_from_collection() -> None:
    """Exempt what exists from garbage collection, whenever new modules have been loaded.

    Most of it belongs to modules and lives as long as the server. Streamlit collects after each
    run of a script: over all objects that takes a tenth of a second, in which no session is
    served. Collecting before would cost the first page that tenth; what little garbage is exempt
    with the rest stays.
    """
    global _modules
    if len(sys.modules) > _modules:
        _modules = len(sys.modules)
        gc.freeze()


def stop_engine() -> None:
    """End the workers of this server; what they trained goes on at the next start."""
    global _engine_waits
    with _opening:  # a server that is ended at once has not opened its store yet
        _engine_waits = False
    running = engine.current()
    if running:
        running.close()


def engine_state() -> engine.EngineState:
    """How far this server's workers are; "stopped" where no engine was started."""
    running = engine.current()
    if running:
        return running.state
    if _trouble:
        return engine.EngineState("failed", _trouble)
    return engine.EngineState("starting" if _engine_waits else "stopped")


def submit(config: TrainingConfig, name: str | None = None, preset: str | None = None) -> Run:
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
    run = store().create(config, name=name, preset=preset)
    wake()
    return run


def estimated_duration(config: TrainingConfig) -> Duration | None:
    """How long a training will take on this machine, from what earlier ones took.

    Args:
        config: What is to be trained.

    Returns:
        The time; None for a network that this version does not have.

    Raises:
        StoreError: The runs cannot be read.
    """
    return durations.estimate(config, _measured_runs())


def estimated_seconds(config: TrainingConfig) -> float | None:
    """How many seconds a training will take; see :func:`estimated_duration`.

    Raises:
        StoreError: The runs cannot be read.
    """
    duration = estimated_duration(config)
    return None if duration is None else duration.seconds


def queue_wait(run_id: str) -> QueueWait | None:
    """How long a queued run still waits for its turn; None where it is not queued.

    Raises:
        UnknownRunError: There is no such run.
        StoreError: The runs cannot be read.
    """
    run = store().get(run_id)
    if run.status is not RunStatus.QUEUED:
        return None
    running = engine.current()
    slots = running.slots if running else 1
    return durations.wait(run, store().list_active(), _measured_runs(), slots)


def _measured_runs() -> list[Run]:
    """Runs that say how fast this machine is; read anew after some seconds."""
    global _measured
    opened, now = store(), time.monotonic()
    until, place, found = _measured
    if place is not opened or now > until:
        found = opened.list_runs(limit=MOST_MEASURED) + opened.examples(hidden=True)
        _measured = now + MEASURED_SECONDS, opened, found
    return found


def rate_changes(run: Run) -> list[RateChange]:
    """Where somebody changed the learning rate of a run while it was trained.

    Raises:
        StoreError: The epochs cannot be read.
    """
    if not run.settled:
        return store().rate_changes([run])[run.id]
    key = run.id, run.version
    with _keeping_rates:
        found = _rates.get(key)
    if found is None:
        found = store().rate_changes([run])[run.id]
        with _keeping_rates:
            while len(_rates) >= MOST_RATES:  # the oldest
                del _rates[next(iter(_rates))]
            _rates[key] = found
    return found


def resume(run_id: str) -> Run:
    """Go on with a run that was stopped or interrupted, and tell the engine that there is work.

    Raises:
        UnknownRunError: There is no such run.
        StoreError: It cannot be resumed.
        DataError: Its data cannot be had.
    """
    _require_data(store().get(run_id).config.task)
    run = resuming.resume(store(), run_id)
    wake()
    return run


def has_models(run: Run) -> bool:
    """Whether a run offers a model: also one that failed, where it had saved its best one before.

    Raises:
        StoreError: Its files cannot be listed.
    """
    return bool(left_models(store(), run))


def can_resume(run: Run) -> bool:
    """Whether a run was stopped or interrupted, and can go on where it was.

    Raises:
        StoreError: Its files cannot be listed.
    """
    return resuming.can_resume(store(), run)


def exists(run_id: str) -> bool:
    """Whether there is a run of this id, and it was not deleted meanwhile."""
    return run_id in store().versions([run_id])


def cross_validate(config: TrainingConfig, folds: int, name: str) -> str:
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
    find_data(config.task)  # before there are runs that could only fail
    tag = crossvalidation.queue_folds(store(), config, folds, name=name)
    wake()
    return tag


def train_final(study: crossvalidation.Study, epochs: int, name: str) -> Run:
    """Queue the training on all samples that a cross-validation ends with.

    Raises:
        StoreError: The run cannot be kept.
    """
    config = crossvalidation.final_config(study.folds[0].config, epochs)
    run = store().create(config, name=name, tags=[study.tag])
    wake()
    return run


def train_missing(study: crossvalidation.Study, name: str) -> None:
    """Queue the folds again that were stopped, failed or deleted.

    Args:
        study: The cross-validation.
        name: What to call the runs, with places for ``fold`` and ``folds``.

    Raises:
        StoreError: The runs cannot be kept.
    """
    crossvalidation.queue_missing(store(), study, name=name)
    wake()


def stop_study(tag: str) -> None:
    """Stop every run of a cross-validation that trains or waits.

    Raises:
        StoreError: The store cannot be written.
    """
    crossvalidation.stop(store(), tag)
    wake()


def find_data(key: str) -> Dataset:
    """The data of a task, without waiting for it.

    Raises:
        DataPendingError: It is not on this machine, and is being fetched from now on.
        DataError: It cannot be had.
    """
    return keras_data.promptly(task(key).load)


def has_data(key: str) -> bool:
    """Whether the data of a task is on this machine, in the form that the lab reads."""
    return key not in keras_data.SOURCES or keras_data.is_kept(key)


def data_state(key: str) -> DataState:
    """Whether the data of a task is on this machine, can be downloaded, or neither; at once."""
    found = availability.data_state(key)
    return DataState.DOWNLOADABLE if found is DataState.MISSING and engine.on_cluster() else found


def _require_data(key: str) -> None:
    """Refuse a training whose data can be had nowhere; a cluster's workers fetch their own.

    Raises:
        DataError: The data is not on this machine and cannot be downloaded.
    """
    if not engine.on_cluster():
        availability.require(key)


def data_files(key: str) -> dict[str, str]:
    """What somebody without a network has to bring: names of ``files``, and their ``folder``."""
    files = ", ".join(keras_data.SOURCES[key].files)
    return {"files": files, "folder": str(keras_data.keras_cache())}


def seconds_fetching(key: str) -> float | None:
    """For how long the data of a task has been fetched for a page; None if it is not."""
    return keras_data.seconds_fetching(key)


def look_again_for_data(key: str) -> None:
    """Try once more to fetch the data of a task, which could not be had."""
    keras_data.look_again(key)


def newest_study() -> crossvalidation.Study | None:
    """The newest cross-validation, if there is one."""
    return crossvalidation.newest_study(store())


def event_files() -> Path | None:
    """The folder for TensorBoard, with every run under its name as it is now.

    Returns:
        The folder; None where the lab's files are kept elsewhere than in a folder.

    Raises:
        StoreError: The runs cannot be read.
    """
    runs = store().list_runs(limit=MOST_RUNS)
    return store().event_files.refresh({run.id: run.name for run in runs})


def runs_with_events(limit: int) -> dict[str, Run]:
    """The newest runs that have event files, by id.

    Args:
        limit: So many runs are looked at.

    Raises:
        StoreError: The runs cannot be read.
    """
    files = store().event_files
    return {run.id: run for run in store().list_runs(limit=limit) if files.exist(run.id)}


def has_events(run_id: str) -> bool:
    """Whether TensorBoard has something to show of a run."""
    return store().event_files.exist(run_id)


def run_with_events(run_id: str) -> Run | None:
    """A run, or None where there is none of this id or it has no event files."""
    try:
        return store().get(run_id) if store().event_files.exist(run_id) else None
    except UnknownRunError:
        return None


def weight_histograms(run_id: str) -> list[WeightHistograms]:
    """How a run's weights were spread, epoch by epoch, read in a worker.

    Raises:
        LabError: They are there, but cannot be read, or nobody answers.
    """
    histograms: list[WeightHistograms] = ask(
        "mnist_core.tensorboard.histograms:read_histograms", run_id, kind=Question.SHORT
    )
    return histograms


def predict(models: Sequence[tuple[str, str]], image_u8: NDArray[np.uint8]) -> list[Prediction]:
    """Let trained networks read a picture, in the worker that is kept free for it.

    Args:
        models: A run's id and "best" or "last", for each.
        image_u8: uint8 (28, 28).

    Raises:
        LabError: A model is not there, or nobody answers.
    """
    predictions: list[Prediction] = ask(
        "mnist_core.inference.predict:predict_each", models, image_u8
    )
    return predictions


def explain(run_id: str, checkpoint: str, image_u8: NDArray[np.uint8]) -> Explanation:
    """Why a network reads what it reads, worked out in the worker.

    Raises:
        LabError: The model is not there, or nobody answers.
    """
    explanation: Explanation = ask(
        "mnist_core.inference.explain_image:explain",
        *(run_id, checkpoint, image_u8),
        kind=Question.SHORT,
    )
    return explanation


def neighbours(run_id: str, image_u8: NDArray[np.uint8]) -> Neighbours:
    """The digits that a run learned from and that look most like a picture.

    Raises:
        LabError: The run is not there, or nobody answers.
    """
    found: Neighbours = ask(
        "mnist_core.inference.explain_image:neighbours", run_id, image_u8, kind=Question.SHORT
    )
    return found


def anatomy(run_id: str, checkpoint: str) -> Anatomy:
    """What the network of a run is made of, read in the worker.

    Raises:
        LabError: The model is not there, or nobody answers.
    """
    found: Anatomy = ask(
        "mnist_core.inference.inspect:describe", run_id, checkpoint, kind=Question.SHORT
    )
    return found


def export(run_id: str, key: str, checkpoint: str) -> bytes:
    """A run in one of the formats of :mod:`mnist_core.transfer.formats`, written by the worker.

    Raises:
        LabError: It cannot be written so, or nobody answers.
    """
    content: bytes = ask(
        "mnist_core.transfer.export:export", run_id, key, checkpoint, kind=Question.LONG
    )
    return content


def vary(name: str, image_u8: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """New digits of one, by the augmentation of that name, made in the worker.

    Returns:
        uint8 (16, 28, 28).

    Raises:
        LabError: There is no such augmentation, or nobody answers.
    """
    if name == "none":  # nothing to compute
        return np.repeat(image_u8[None], VARIATIONS, axis=0)
    varied: NDArray[np.uint8] = ask(
        "mnist_core.inference.variations:vary", name, image_u8, seed, kind=Question.SHORT
    )
    return varied


def ask(function: str, *arguments: Any, kind: Question = Question.READING) -> Any:
    """Let a worker that never trains run a function of the core, "module:name".

    Raises:
        LabError: What the function raised, or nobody answers.
    """
    return _engine().ask(function, *arguments, kind=kind)


def bring_in(file: BinaryIO, name: str, pixel_scaling: str) -> Run:
    """Make a run of a model file. This process only passes its bytes on to the worker.

    Args:
        file: The file.
        name: What it is called.
        pixel_scaling: "unit" or "raw": how its network wants the pixels; "auto" to find out.

    Raises:
        LabError: The file is none that can be used, or nobody answers.
    """
    return _arrive(file, "mnist_core.transfer.keras_import.importer:bring_in", name, pixel_scaling)


def restore(file: BinaryIO, name: str) -> Run:
    """Make a run of an archive that this lab, here or elsewhere, has saved.

    Raises:
        LabError: The file is none that can be used, or nobody answers.
    """
    return _arrive(file, "mnist_core.transfer.restore:restore", name)


def _arrive(file: BinaryIO, function: str, *more: Any) -> Run:
    running = _engine()
    running.check_ready()  # before a hundred megabytes are written for nobody
    run_id = uploads.keep_arrived(store(), file)
    # The worker removes the file. Where it dies, or is still at it after that time, the file is
    # left: it says that the run's own folder may be half-written.
    running.ask(function, run_id, *more, kind=Question.LONG, once=True)
    return store().get(run_id)


def archive(run_id: str) -> BinaryIO:
    """A run as one file, open at its beginning.

    Raises:
        LabError: It is still at work, or cannot be read, or one of its models is damaged.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    try:
        write_archive(store(), run_id, cast("BinaryIO", file))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return cast("BinaryIO", file)


def old_runs(days: float, sizes: Mapping[str, int]) -> list[OldRun]:
    """What a clean-up would remove: what ended so many days ago and is not pinned.

    Args:
        days: How old, at least.
        sizes: What each run takes.

    Raises:
        StoreError: The runs cannot be read.
    """
    return retention.old_runs(store(), days, sizes)


def left_files(sizes: Mapping[str, int]) -> dict[str, int]:
    """The files that belong to no run: bytes of each folder, by its id.

    Raises:
        StoreError: They cannot be looked for.
    """
    return retention.left_files(store(), sizes)


def remove_left_files(run_ids: Iterable[str]) -> int:
    """Remove files that were found to belong to no run, and say how many folders.

    Raises:
        StoreError: They cannot be removed.
    """
    return retention.remove_left_files(store(), run_ids)


def remove_old(old: Sequence[OldRun]) -> int:
    """Remove runs that were found to be old, and say how many.

    Raises:
        StoreError: The store cannot be written.
    """
    return retention.remove_old(store(), old)


def teach(run: Run, name: str) -> Run:
    """Put a run into the queue that teaches a network the class's drawings.

    Args:
        run: Whose best model is to learn more.
        name: What to call the new run.

    Raises:
        StoreError: There are too few drawings, or the run has left no model.
    """
    taught = finetune.teach(store(), run.id, name=name)
    wake()
    return taught


def _engine() -> engine.Engine:
    running = engine.current()
    if running is None:
        raise EngineError(
            mark("A question to a network was asked."),
            mark("This server has no workers."),
            mark("Start the lab with `scripts/run`."),
        )
    return running


def wake() -> None:
    """Let the engine look at the queue now rather than at its next glance."""
    running = engine.current()
    if running:
        running.wake()
