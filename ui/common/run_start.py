"""Starting a run from a page, once for each decision to start one."""

from __future__ import annotations

from mnist_core.errors import UnknownRunError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run
from ui.common import idempotency, setting_changes
from ui.common.lab import lab


def start_run(config: TrainingConfig, preset: str) -> Run:
    """Put a run into the queue.

    A double click is delivered as two presses of the button. The second one finds the run of
    the first, if its settings are the same, it comes at once, and nobody stopped that run.

    Args:
        config: What to train.
        preset: Key of the preset that it began as.

    Raises:
        DataError: Its data is not on this machine and cannot be downloaded.
        StoreError: The run cannot be kept.
    """
    unchanged = config == PRESETS[preset].config

    def submit() -> str:
        run = lab.submit(
            config,
            name=setting_changes.run_name(
                preset, PRESETS[preset].config.to_dict(), config.to_dict()
            ),
            preset=preset if unchanged else None,
        )
        return run.id

    return lab.store.get(idempotency.once(config, submit, holds=_is_at_work))


def _is_at_work(run_id: str) -> bool:
    try:
        return lab.store.get(run_id).status.is_active
    except UnknownRunError:  # deleted meanwhile
        return False
