"""The session keys of the Runs page; see :mod:`ui.common.session`."""

from __future__ import annotations

from ui.common.session import Entry

PAGE: Entry[int] = Entry("runs-page", 0)
EXAMPLES_SHOW = "examples-show"
DIALOG_OPEN: Entry[bool] = Entry("dialog-open", False)
RENAME_FORM = "rename-form"
RENAME_CONFIRM = "rename-confirm"
DELETE_CONFIRM = "delete-confirm"
DELETE_CANCEL = "delete-cancel"
NEWER_RUNS = "runs-newer"
OLDER_RUNS = "runs-older"


def card(run_id: str) -> str:
    """Key of a run's card."""
    return f"run-{run_id}"


def rename(run_id: str) -> str:
    """Key of the button that opens the rename dialog."""
    return f"rename-{run_id}"


def delete(run_id: str) -> str:
    """Key of the button that opens the delete dialog."""
    return f"delete-{run_id}"


def stop(run_id: str) -> str:
    """Key of the button that stops a run, or all folds of a cross-validation."""
    return f"stop-{run_id}"


def hide(run_id: str) -> str:
    """Key of the button that hides an example."""
    return f"hide-{run_id}"


def name(run_id: str) -> Entry[str]:
    """Entry of the field for a run's new name."""
    return Entry(f"name-{run_id}", "")
