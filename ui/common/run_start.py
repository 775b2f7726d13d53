"""Starting a run from a page, once per double click."""

from __future__ import annotations

from mnist_core.errors import UnknownRunError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run
from ui.common import idempotency, setting_changes
from ui.common.lab import lab


def start_run(config: TrainingConfig, preset: str) -> Run:
    """Queue a run.

    The second press of a double click returns the run of the first press, if the settings are the
    same and that run is still active.

    Args:
        config: The configuration.
        preset: Key of the chosen preset.

    Raises:
        DataError: The data is not on this machine and cannot be downloaded.
        StoreError: The run cannot be stored.
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

    return lab.store.get(idempotency.once(config, submit, holds=_is_active))


def _is_active(run_id: str) -> bool:
    try:
        return lab.store.get(run_id).status.is_active
    except UnknownRunError:  # the run was deleted
        return False
