"""The part of the Train page that belongs to one run: its buttons, its chart, its result."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import streamlit as st

from mnist_core.experiment.config import LIMITS, TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Command, Run, RunStatus
from mnist_core.runs.model_files import left_models
from ui.common import errors, fetching, session
from ui.common.formatting import loss, metric, percent, whole
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link
from ui.live.chart import live_chart
from ui.train import keys
from ui.train.chart_controls import show_chart_controls
from ui.train.heading import show_heading

#: The same command again within so many seconds is a double click.
_COMMAND_SECONDS = 0.25


def show_buttons(run: Run | None) -> None:
    """Pause, one epoch, stop and the learning rate of a run; disabled where they do not apply.

    Start, Pause and Stop have no help of their own: Streamlit draws a button with a help text
    twice, and their keys are to name one button each. The experiment's help explains them.
    """
    status = run.status if run else None
    paused = status is RunStatus.PAUSED
    at_work = status in (RunStatus.RUNNING, RunStatus.PAUSED)
    st.button(
        _("Resume") if paused else _("Pause"),
        key=keys.PAUSE,
        icon=":material/resume:" if paused else ":material/pause:",
        disabled=not at_work,
        on_click=_send,
        args=(run, Command.RESUME if paused else Command.PAUSE),
    )
    st.button(
        _("One epoch"),
        key=keys.STEP,
        icon=":material/step_over:",
        help=_("Trains to the end of one epoch and pauses there, to look at it step by step."),
        disabled=not at_work,
        on_click=_send,
        args=(run, Command.STEP),
    )
    st.button(
        _("Stop"),
        key=keys.STOP,
        icon=":material/stop:",
        disabled=run is None or not run.status.is_active,
        on_click=_send,
        args=(run, Command.STOP),
    )
    _rate_popover(run, at_work)


def _rate_popover(run: Run | None, at_work: bool) -> None:
    limit = LIMITS["learning_rate"]
    now = run.last.learning_rate if run and run.last else keys.NEW_RATE.default
    now = float(f"{now:.6g}")  # the optimizer's 32 bits hold no more
    with st.popover(
        _("Adjust learning rate"),
        icon=":material/tune:",
        help=_("Changes the learning rate of this run from here on, without restarting."),
        disabled=not at_work,
    ):
        st.number_input(
            _("New learning rate"),
            # Without limits of its own, see ui/common/number_field.py: the callback checks it. Not
            # through the session: what a closed popover holds does not hear of it.
            value=now if limit.low <= now <= limit.high else keys.NEW_RATE.default,
            step=0.001,
            format="%g",
            key=keys.NEW_RATE.key,
            help=_(
                "Used from the next step on. A smaller rate late in the training often lowers the "
                "loss further; a larger one makes it jump."
            ),
        )
        st.caption(_("It is {rate} now.").format(rate=f"{now:g}"))
        sent = st.button(
            _("Use this rate"),
            key=keys.SET_RATE,
            help=_("Sends the new rate to the run, which continues with it."),
            on_click=_send_rate,
            args=(run,),
        )
        if sent and limit.low <= keys.NEW_RATE.get() <= limit.high:
            words = _("The learning rate is {rate} from the next step on.")
            rate = f"{keys.NEW_RATE.get():.6g}"
            st.toast(words.format(rate=rate), icon=":material/tune:")


def _send(run: Run, command: Command, value: float | None = None) -> None:
    last = keys.LAST_COMMAND.get()
    now = time.monotonic()
    toggled = {Command.PAUSE, Command.RESUME}
    # The second half of a double click must not undo the first.
    if last and command in toggled and last[0] in toggled and now - last[1] < _COMMAND_SECONDS:
        return
    keys.LAST_COMMAND.set((command, now))
    if command is Command.STOP:
        session.presses().clear()  # Start is another decision now, not the same press again
    with errors.noted():
        lab.store.command(run.id, command, value)
        lab.wake()


def _send_rate(run: Run) -> None:
    rate = keys.NEW_RATE.get()
    with errors.noted():
        replace(TrainingConfig(), learning_rate=rate)  # raises where that cannot be
        _send(run, Command.LEARNING_RATE, rate)


def show_run(run: Run | None, known: Run | None) -> None:
    """What to look for, the chart with its controls, and the result once there is one.

    Args:
        run: The run as it is now.
        known: The run as the buttons show it.
    """
    show_heading(run)
    if run:
        fetching.wait_with_run(run)
    quantity = (run.config if run else PRESETS[session.PRESET.get()].config).quantity
    with st.container(key=keys.LIVE_CHART):
        live_chart(
            run,
            known=known,
            criterion=keys.CRITERION.get(),
            smoothing=keys.SMOOTHING.get(),
            log_loss=keys.LOSS_AXIS.get() == "log",
            series=keys.SHOWN_SERIES.get(),
            quantity=quantity,
            on_status_change=st.rerun,
        )
    show_chart_controls(quantity)
    if run and not run.status.is_active:
        _figures(run)


def _accuracies(run: Run, gained: float | None) -> None:
    """Validation and test accuracy of the best model; what later epochs gained on the first."""
    assert run.best is not None
    st.metric(
        _("Validation accuracy at best epoch"),
        percent(run.best.val_metric),
        None if gained is None else f"{100 * gained:+.1f}",
        delta_description=None if gained is None else _("points at the last epoch"),
        help=_("Share of the validation samples that it classifies correctly."),
    )
    st.metric(
        _("Test accuracy"),
        percent(run.test_metric),
        help=_(
            "Share of the test samples that the best model classifies correctly. They had no part "
            "in training or in choosing the best epoch, so this is the honest figure."
        ),
    )


def _errors(run: Run, grown: float | None) -> None:
    """The same as :func:`_accuracies`, where the answer is a number."""
    assert run.best is not None
    quantity = run.config.quantity
    assert quantity is not None
    st.metric(
        _("Validation error at best epoch"),
        quantity.text(run.best.val_metric),
        None if grown is None else quantity.change(grown),
        delta_color="inverse",
        delta_description=None if grown is None else _("at the last epoch"),
        help=_(
            "Mean absolute error: how far off it is on average, on samples that it never learned "
            "from."
        ),
    )
    st.metric(
        _("Test error"),
        metric(run.test_metric, quantity),
        help=_(
            "Mean absolute error of the best model on the test samples. They had no part in "
            "training or in choosing the best epoch, so this is the honest figure."
        ),
    )


def _figures(run: Run) -> None:
    best, last = run.best, run.last
    if best is None or last is None:
        return
    worse = last.val_loss - best.val_loss
    # Where the best epoch is the last one, or the last loss is no number, there is nothing to say.
    moved = best.epoch != last.epoch and math.isfinite(worse)
    with st.container(horizontal=True):
        st.metric(
            _("Best epoch"),
            whole(best.epoch),
            help=_("The epoch with the lowest validation loss; its model is kept."),
        )
        st.metric(
            _("Validation loss at best epoch"),
            loss(best.val_loss),
            f"{worse:+.3f}" if moved else None,
            delta_color="inverse",
            delta_description=_("at the last epoch") if moved else None,
            help=_(
                "How wrong the network is on samples that it was not trained on, weighted by its "
                "confidence. Lower is better."
            ),
        )
        show_metric = _errors if run.config.quantity else _accuracies
        show_metric(run, last.val_metric - best.val_metric if moved else None)
    if left_models(lab.store, run):
        with st.container(horizontal=True):
            link("evaluate", _("See where it goes wrong"), run=run.id)
            link("models", _("Inspect or download the model"), run=run.id)
            if lab.store.event_files.exist(run.id):
                link("tensorboard", _("Show it in TensorBoard"), run=run.id)
