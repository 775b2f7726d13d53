"""The models that a run has left, read with a word for each way in which one may be missing."""

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
    """The files of the models that a run offers.

    A run that ended as it should has both. One that failed may have saved its best model before:
    where a training diverged, that is the one from before.

    Raises:
        StoreError: Its files cannot be listed.
    """
    if run.has_models:
        return MODELS
    if run.status is RunStatus.FAILED and run.best is not None and run.settled:
        return tuple(name for name in MODELS[:1] if name in store.artifacts.names(run.id))
    return ()


def left_model(store: Store, run: Run, file: str) -> bytes:
    """The content of one of a run's model files, as it was written.

    Raises:
        DamagedFileError: It is damaged.
        StoreError: The run has none, or it is gone.
    """
    try:
        content = store.artifacts.read_whole(run.id, file)
    except DamagedFileError as error:
        raise _damaged(run, file) from error
    if content is None:
        raise _missing(run, file)
    return content


def check_left_model(store: Store, run: Run, file: str) -> None:
    """The same, for somebody who does not want the content in memory.

    Raises:
        DamagedFileError: It is damaged.
        StoreError: The run has none, or it is gone.
    """
    if file not in store.artifacts.names(run.id):
        raise _missing(run, file)
    with store.artifacts.opened(run.id, file) as content:
        if not is_whole_file(content):
            raise _damaged(run, file)


def _damaged(run: Run, file: str) -> DamagedFileError:
    return DamagedFileError(
        mark("The {checkpoint} model of “{name}” cannot be loaded."),
        mark("Its file {file} is damaged: it is not as it was written."),
        mark("Restore the run from an archive, or train it again."),
        **_called(run, file),
    )


def _missing(run: Run, file: str) -> StoreError:
    why, remedy = (
        mark("The run has not left one: it is at work, failed, or ended before its first epoch."),
        mark("Wait for its end, or choose another run."),
    )
    if run.has_models:
        why, remedy = (
            mark("Its file {file} is gone: it was deleted, or not copied along with the database."),
            mark("Put it back, restore the run from an archive, or train it again."),
        )
    asked = mark("The {checkpoint} model of “{name}” was asked for.")
    return StoreError(asked, why, remedy, **_called(run, file))


def _called(run: Run, file: str) -> dict[str, str]:
    return {"checkpoint": file.partition(".")[0], "file": file, "name": run.name}
