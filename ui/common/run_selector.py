"""Selection of a run and of its checkpoint, on every page that uses trained models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import streamlit as st

from mnist_core.errors import ConfigError, UnknownRunError
from mnist_core.examples import listed_examples
from mnist_core.i18n import mark
from mnist_core.runs import RUN_ID, Run, RunStatus
from mnist_core.runs.model_files import checkpoints_of, left_models
from mnist_core.tasks import task
from ui.common import errors, session
from ui.common.formatting import counted, metric, moment, percent, whole
from ui.common.i18n import Markdown, _
from ui.common.lab import lab
from ui.common.navigation import PAGES, link, trying_page
from ui.common.waiting import wait_for_run

#: Number of the newest runs to choose from.
RUNS_OFFERED = 50
#: The same on the page Models, whose list can be searched.
RUNS_KEPT = 1000
CHECKPOINT_LABELS = {"best": mark("Best epoch"), "last": mark("Last epoch")}
CHECKPOINT_HELP = mark(
    "Each run keeps two copies of its model (checkpoints): from its **best epoch**, which has the "
    "lowest validation loss, and from its **last epoch**."
)


class Choices(NamedTuple):
    """The runs to choose from on a page.

    Attributes:
        runs: Runs with models, by id: own runs, newest first, then examples.
        asked: The run that the address names.
        training: An active run to wait for: the run that the address names, or the newest active
            run if no run has a model yet.
    """

    runs: dict[str, Run]
    asked: Run | None
    training: Run | None


def find_runs(*tasks: str, limit: int = RUNS_OFFERED) -> Choices:
    """Find the runs that a page can use, and warn if it cannot use the run that the address names.

    Args:
        *tasks: Keys of the page's tasks; none for all tasks.
        limit: Number of the newest runs to search.
    """
    store = lab.store
    newest = store.list_runs(limit=limit)
    runs = {run.id: run for run in [*newest, *listed_examples(store)]}
    asked = _asked(runs)
    if asked and tasks and asked.config.task not in tasks:
        _warn_of_other_task(asked)
        asked = None
    fitting = [run for run in runs.values() if not tasks or run.config.task in tasks]
    found = with_unique_names([run for run in fitting if left_models(store, run)])
    training = asked if asked and asked.status.is_active else None
    if asked and not training and asked.id not in found:
        words = _("**{name}** ended without a model. {why}")
        st.warning(words.format(name=asked.name, why=asked.message))
    if not found and not training:
        training = next((run for run in fitting if run.status.is_active), None)
    return Choices(found, asked, training)


def _asked(runs: dict[str, Run]) -> Run | None:
    """Return the run that the address names, and add it to ``runs`` if it is missing."""
    wanted = st.query_params.get("run")
    if not wanted or wanted in runs:
        return runs.get(wanted or "")
    with suppress(UnknownRunError):
        if RUN_ID.fullmatch(wanted):
            runs[wanted] = lab.store.get(wanted)  # an older run, or a hidden example
    if wanted not in runs:
        st.warning(_("The run {run} does not exist or was deleted.").format(run=wanted[:40]))
    return runs.get(wanted)


def choose_run(
    choice: session.Entry[str | None],
    runs: dict[str, Run],
    asked: Run | None,
    *,
    first: Callable[[dict[str, Run]], str] | None = None,
) -> Run:
    """Show the choice of a run; the address names the chosen run, for a reload.

    Args:
        choice: Session entry of the choice.
        runs: The runs to choose from, by id.
        asked: The run that the address names.
        first: Returns the id of the initial choice; by default the newest usable run.

    Returns:
        The chosen run.
    """
    if asked and asked.id in runs:
        choice.set(asked.id)
    elif choice.get() not in runs:
        choice.set((first or first_choice)(runs))
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: run_line(runs[run_id]),
        key=choice.prepare(),
        help=_(
            "A run is one training of a network. Your own runs come first, newest on top, then the "
            "examples. The figure beside a name is the result of its best model on the test set."
        ),
        on_change=lambda: st.query_params.update(run=str(choice.get())),
        persist_state="session",
    )
    return runs[str(choice.get())]


def wait_for_training(run: Run) -> None:
    """Show the progress of an active run, and rerun the page when the run has ended."""
    words = _(
        "**{name}** is still training: epoch {done} of {epochs} is complete. Its model can be "
        "used here after the training."
    )
    wait_for_run(run.id, words, ":material/hourglass_empty:")


def is_usable(run: Run) -> bool:
    """Whether this version can use a run's models; show why not, or that the run failed."""
    error = unusable(run)
    if error:
        errors.show(error)
    if run.status is RunStatus.FAILED and run.best is not None:
        words = _(
            "The training of **{name}** failed. This is its best model before the failure, from "
            "epoch {epoch}. {why}"
        )
        st.warning(words.format(name=run.name, epoch=whole(run.best.epoch), why=run.message))
    return error is None


def unusable(run: Run) -> ConfigError | None:
    """Return why this version of the lab cannot use a run; None if it can."""
    try:
        run.known_config()
    except ConfigError as error:
        return error
    return None


def first_choice(runs: dict[str, Run]) -> str:
    """Return the id of the newest usable run that ended without failing, else of the newest."""
    good = (key for key, run in runs.items() if run.has_models and unusable(run) is None)
    return next(good, next(iter(runs)))


def most_accurate(runs: dict[str, Run]) -> str:
    """Return the id of the run with the highest test accuracy.

    Among runs of equal accuracy the first is chosen, which prefers own runs to examples. Runs
    without a test accuracy come last.
    """
    usable = [run for run in runs.values() if unusable(run) is None] or list(runs.values())
    best = max(usable, key=lambda run: -1.0 if run.test_metric is None else run.test_metric)
    return best.id


def _warn_of_other_task(run: Run) -> None:
    """Warn that a run belongs to a task of another page, and link to that page."""
    if error := unusable(run):
        errors.show(error)
        return
    words = _("**{name}** was trained on another task ({task}).")
    st.warning(words.format(name=run.name, task=_(task(run.config.task).label)))
    page = trying_page(run.config.task) or "evaluate"
    label = _("Open it on the page “{page}”").format(page=_(PAGES[page].title))
    link(page, label, run=run.id)


def with_unique_names(runs: list[Run]) -> dict[str, Run]:
    """Return the runs by id, with date, time and id appended to names that are not unique.

    Runs of the same preset have the same name, but Streamlit identifies options by their label.
    """
    unique: dict[str, str] = {}
    for form in ("{name}", "{name} ({moment})", "{name} ({moment}, {id})"):
        names = {run.id: _full_name(run, form) for run in runs if run.id not in unique}
        count = Counter(names.values())
        unique |= {run_id: name for run_id, name in names.items() if count[name] == 1}
    return {run.id: replace(run, name=unique[run.id]) for run in runs}


def _full_name(run: Run, form: str) -> str:
    when = moment(run.created_at, st.context.timezone)
    name = run.name if run.example is None else _("{name} (example)").plain(name=run.name)
    return form.format(name=name, moment=when, id=run.id[:6])


def run_line(run: Run) -> str:
    """Return the label of a run in a list: pin, name and test result."""
    name = f"📌 {run.name}" if run.pinned else run.name
    if run.test_metric is None:
        return name
    if run.config.quantity:
        return _("{name} · test error {error}").plain(
            name=name, error=metric(run.test_metric, run.config.quantity)
        )
    return _("{name} · test accuracy {accuracy}").plain(
        name=name, accuracy=percent(run.test_metric)
    )


def choose_checkpoint(run: Run, entry: session.Entry[str]) -> str:
    """Show the choice of a run's checkpoint, if there are two.

    Args:
        run: A run with models.
        entry: Session entry of the choice.

    Returns:
        One of :data:`mnist_core.runs.model_files.CHECKPOINTS`.
    """
    checkpoints = checkpoints_of(run)
    if len(checkpoints) == 1:  # an imported model, or a run without validation samples
        return checkpoints[0]

    def line(checkpoint: str) -> str:
        record = run.best if checkpoint == "best" else run.last
        words = _(CHECKPOINT_LABELS[checkpoint])
        return counted(words, record.epoch) if record else words

    entry.keep_among(checkpoints)
    chosen = st.segmented_control(
        _("Checkpoint"),
        checkpoints,
        format_func=line,
        key=entry.prepare(),
        required=True,
        help=Markdown(" ").join(
            [
                _(CHECKPOINT_HELP),
                _("If a run overfits, the model of the last epoch is worse on unseen samples."),
            ]
        ),
        persist_state="session",
    )
    return str(chosen)
