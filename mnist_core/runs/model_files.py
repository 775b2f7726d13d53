"""Model files of a run."""

from __future__ import annotations

from mnist_core.errors import DamagedFileError, StoreError
from mnist_core.i18n import mark
from mnist_core.runs.artifacts import BEST_MODEL, LAST_MODEL
from mnist_core.runs.checksum import is_whole_file
from mnist_core.runs.records import Run, RunStatus
from mnist_core.runs.store import Store

MODELS = (BEST_MODEL, LAST_MODEL)
#: The two models that a run leaves.
CHECKPOINTS = ("best", "last")
FILES = dict(zip(CHECKPOINTS, MODELS, strict=True))


def checkpoints_of(run: Run) -> tuple[str, ...]:
    """Which of them differ.

    A model that came in as a file is its own best and last, and where no validation sample
    judges, no epoch is the best one: both are the last. Of a run that failed only the best was
    kept.
    """
    if run.status is RunStatus.FAILED:
        return CHECKPOINTS[:1]
    judged = run.imported is None and run.config.validation_size > 0
    return CHECKPOINTS if judged else CHECKPOINTS[:1]


def left_models(store: Store, run: Run) -> tuple[str, ...]:
    """Return the names of the model files of a run.

    A finished or stopped run has both. A failed run may have saved its best model before training
    diverged.

    Raises:
        StoreError: The files cannot be listed.
    """
    if run.has_models:
        return MODELS
    if run.status is RunStatus.FAILED and run.best is not None and run.settled:
        return tuple(name for name in MODELS[:1] if name in store.artifacts.names(run.id))
    return ()


def left_model(store: Store, run: Run, file: str) -> bytes:
    """Return the content of a model file of a run.

    Raises:
        DamagedFileError: Its checksum is wrong.
        StoreError: It does not exist.
    """
    try:
        content = store.artifacts.read_whole(run.id, file)
    except DamagedFileError as error:
        raise _damaged(run, file) from error
    if content is None:
        raise _missing(run, file)
    return content


def check_left_model(store: Store, run: Run, file: str) -> None:
    """Check a model file of a run without loading it into memory.

    Raises:
        DamagedFileError: Its checksum is wrong.
        StoreError: It does not exist.
    """
    if file not in store.artifacts.names(run.id):
        raise _missing(run, file)
    with store.artifacts.opened(run.id, file) as content:
        if not is_whole_file(content):
            raise _damaged(run, file)


def _damaged(run: Run, file: str) -> DamagedFileError:
    return DamagedFileError(
        mark("Could not load the {checkpoint} model of “{name}”: its file {file} is damaged."),
        mark("Restore the run from an archive, or train it again."),
        **_called(run, file),
    )


def _missing(run: Run, file: str) -> StoreError:
    problem, remedy = (
        mark(
            "“{name}” has no {checkpoint} model: the run is active, failed, or ended before its "
            "first epoch."
        ),
        mark("Wait until the run has ended, or choose another run."),
    )
    if run.has_models:
        problem, remedy = (
            mark("The file {file} of “{name}” is missing: it was deleted, or not copied."),
            mark("Restore the file, or the run from an archive, or train the run again."),
        )
    return StoreError(problem, remedy, **_called(run, file))


def _called(run: Run, file: str) -> dict[str, str]:
    return {"checkpoint": file.partition(".")[0], "file": file, "name": run.name}
