"""How a training ends before its time: it is stopped, or fails."""

from __future__ import annotations

from mnist_core.errors import LabError, TrainingError
from mnist_core.i18n import mark


class StoppedEarlyError(Exception):
    """Somebody stopped the run while its data was on its way."""


def plain(error: Exception) -> TrainingError:
    """What is said of an error that is none of the lab's own."""
    memory = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    if memory:
        return TrainingError(
            mark("The training asked for more memory than there is."),
            mark("The model, the batch or the training set is too large for this machine."),
            mark("Try a smaller batch, fewer samples or a smaller architecture."),
        )
    return TrainingError(
        mark("The training ended with an error: {cause}."),
        mark("This is a fault of the lab, not of your settings."),
        mark("Start it again; if it comes back, please report this sentence."),
        cause=str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__,
    )


def unmeasured(error: Exception) -> TrainingError:
    """What is said of a training whose models were saved, but not evaluated."""
    cause = error if isinstance(error, LabError) else plain(error)
    return TrainingError(
        mark("The models are saved, but could not be evaluated on the test set. {cause}"),
        mark("Open Evaluate to try again."),
        cause=cause,
    )
