"""The runs to choose from on a page that asks their networks something."""

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

#: Runs to choose from: the newest with a model.
RUNS_OFFERED = 50
#: On the page that keeps them: all, as far as a list can be searched.
RUNS_KEPT = 1000
CHECKPOINT_LABELS = {"best": mark("Best epoch"), "last": mark("Last epoch")}
CHECKPOINT_HELP = mark(
    "Each run keeps its model twice; such a copy is called a checkpoint. One is from its **best "
    "epoch**, the one with the lowest validation loss, the other from its **last epoch**."
)


class Choices(NamedTuple):
    """What a page offers to choose from.

    Attributes:
        runs: The runs that have left models, by id: people's own, the newest first, then examples.
        asked: The run that the address asks for.
        training: The run that is waited for: the one that the address asks for, or the newest
            where no other has left a model yet.
    """

    runs: dict[str, Run]
    asked: Run | None
    training: Run | None


def find_runs(*tasks: str, limit: int = RUNS_OFFERED) -> Choices:
    """Find the runs that fit a page, and say why it cannot use the one that the address asks for.

    Args:
        *tasks: Keys of the tasks whose runs fit the page; without any, all do.
        limit: So many of the newest runs are looked at.
    """
    store = lab.store
    newest = store.list_runs(limit=limit)
    runs = {run.id: run for run in [*newest, *listed_examples(store)]}
    asked = _asked(runs)
    if asked and tasks and asked.config.task not in tasks:
        _say_unfitting(asked)
        asked = None
    fitting = [run for run in runs.values() if not tasks or run.config.task in tasks]
    found = told_apart([run for run in fitting if left_models(store, run)])
    training = asked if asked and asked.status.is_active else None
    if asked and not training and asked.id not in found:
        words = _("**{name}** has ended without a model. {why}")
        st.warning(words.format(name=asked.name, why=asked.message))
    if not found and not training:
        training = next((run for run in fitting if run.status.is_active), None)
    return Choices(found, asked, training)


def _asked(runs: dict[str, Run]) -> Run | None:
    """The run that the address asks for; one that is not among the newest is added to them."""
    wanted = st.query_params.get("run")
    if not wanted or wanted in runs:
        return runs.get(wanted or "")
    with suppress(UnknownRunError):
        if RUN_ID.fullmatch(wanted):
            runs[wanted] = lab.store.get(wanted)  # an older one, or a hidden example
    if wanted not in runs:
        st.warning(_("There is no run {run}; perhaps it was deleted.").format(run=wanted[:40]))
    return runs.get(wanted)


def choose_run(
    choice: session.Entry[str | None],
    runs: dict[str, Run],
    asked: Run | None,
    *,
    first: Callable[[dict[str, Run]], str] | None = None,
) -> Run:
    """Show the choice of a run; the address names it, also after a reload.

    Args:
        choice: Where the choice is kept.
        runs: What there is to choose from.
        asked: The run that the address asks for.
        first: Says which run is chosen at first; the newest that can be used without it.

    Returns:
        The run that is chosen.
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
            "A run is one training of a network. Your own runs come first, the newest on top, then "
            "the examples. The figure beside a name is what its best model reached on the test "
            "samples."
        ),
        on_change=lambda: st.query_params.update(run=str(choice.get())),
        persist_state="session",
    )
    return runs[str(choice.get())]


def wait_for_training(run: Run) -> None:
    """Say how far a run is whose model is to be used, and go on when it has ended."""
    words = _(
        "**{name}** is still training: epoch {done} of {epochs} is done. Its model can be used "
        "here once the training has ended."
    )
    wait_for_run(run.id, words, ":material/hourglass_empty:")


def is_usable(run: Run) -> bool:
    """Whether this version of the lab can use a run's models; says why not, or why with care."""
    error = unusable(run)
    if error:
        errors.show(error)
    if run.status is RunStatus.FAILED and run.best is not None:
        words = _(
            "The training of **{name}** failed. This is its best model before that, of epoch "
            "{epoch}. {why}"
        )
        said = words.format(name=run.name, epoch=whole(run.best.epoch), why=run.message)
        st.warning(said)
    return error is None


def unusable(run: Run) -> ConfigError | None:
    """Why this version of the lab cannot use a run, if it cannot."""
    try:
        run.known_config()
    except ConfigError as error:
        return error
    return None


def first_choice(runs: dict[str, Run]) -> str:
    """Id of the run that is chosen at first: the newest that ended well and can be used."""
    good = (key for key, run in runs.items() if run.has_models and unusable(run) is None)
    return next(good, next(iter(runs)))


def most_accurate(runs: dict[str, Run]) -> str:
    """Id of the run whose best model is right most often on the test set.

    Of several with the same accuracy it is the first in the list, so that a person's own run is
    preferred to an example. A run that was not measured comes after all that were.
    """
    usable = [run for run in runs.values() if unusable(run) is None] or list(runs.values())
    best = max(usable, key=lambda run: -1.0 if run.test_metric is None else run.test_metric)
    return best.id


def _say_unfitting(run: Run) -> None:
    """Say that a run learned something else than the page is for, and where it can be tried."""
    if error := unusable(run):
        errors.show(error)
        return
    words = _("**{name}** learned another task ({task}), so it cannot answer here.")
    st.warning(words.format(name=run.name, task=_(task(run.config.task).label)))
    page = trying_page(run.config.task) or "evaluate"
    label = _("Try it on the page “{page}”").format(page=_(PAGES[page].title))
    link(page, label, run=run.id)


def told_apart(runs: list[Run]) -> dict[str, Run]:
    """Runs by id, where those of the same name are called by their time too.

    A preset that is started twice gives two runs of one name, and Streamlit tells the entries of
    a list apart by what they are called.
    """
    found: dict[str, str] = {}
    for form in ("{name}", "{name} ({moment})", "{name} ({moment}, {id})"):
        called = {run.id: _called(run, form) for run in runs if run.id not in found}
        often = Counter(called.values())
        found |= {run_id: name for run_id, name in called.items() if often[name] == 1}
    return {run.id: replace(run, name=found[run.id]) for run in runs}


def _called(run: Run, form: str) -> str:
    when = moment(run.created_at, st.context.timezone)
    name = run.name if run.example is None else _("{name} (example)").plain(name=run.name)
    return form.format(name=name, moment=when, id=run.id[:6])


def run_line(run: Run) -> str:
    """A run in the list to choose from."""
    name = f"📌 {run.name}" if run.pinned else run.name
    if run.test_metric is None:
        return name
    if run.config.quantity:
        return _("{name} · off by {error} on average").plain(
            name=name, error=metric(run.test_metric, run.config.quantity)
        )
    return _("{name} · {accuracy} of the test samples").plain(
        name=name, accuracy=percent(run.test_metric)
    )


def choose_checkpoint(run: Run, entry: session.Entry[str]) -> str:
    """Which of a run's models: a choice, where there are two.

    Args:
        run: A run that has left models.
        entry: Where the choice is kept.

    Returns:
        One of :data:`mnist_core.runs.model_files.CHECKPOINTS`.
    """
    checkpoints = checkpoints_of(run)
    if len(checkpoints) == 1:  # a file that came in, or a run without validation samples
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
                _("Compare them: where a run overfits, the last one is worse on new samples."),
            ]
        ),
        persist_state="session",
    )
    return str(chosen)
