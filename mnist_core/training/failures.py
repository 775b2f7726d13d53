"""Errors of a failed training, and the exception of a run stopped before it trained."""

from __future__ import annotations

from mnist_core.errors import LabError, TrainingError
from mnist_core.i18n import mark


class StoppedEarlyError(Exception):
    """The run was stopped while its data was being downloaded."""


def unexpected(error: Exception) -> TrainingError:
    """Return the error for an exception that is not a `LabError`."""
    memory = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    if memory:
        return TrainingError(
            mark("This machine has too little memory for this training."),
            mark("Choose a smaller batch size, fewer training samples or a smaller architecture."),
        )
    return TrainingError(
        mark("Training failed with an internal error: {cause}."),
        mark("Start the run again; if the error occurs again, please report it."),
        cause=str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__,
    )


def not_evaluated(error: Exception) -> TrainingError:
    """Return the error for a run whose models were saved but not evaluated on the test set."""
    cause = error if isinstance(error, LabError) else unexpected(error)
    return TrainingError(
        mark("The models are saved, but could not be evaluated on the test set. {cause}"),
        mark("Evaluate the run on the page Evaluate."),
        cause=cause,
    )
