"""A cross-validation: the progress of its folds, their curves and their mean."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache

import streamlit as st

from mnist_core.errors import StoreError
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import EpochRecord, Run, RunStatus
from mnist_core.studies.crossvalidation import MeanCurve, Study, find_study, mean_curve
from mnist_core.tasks import task
from mnist_core.tasks.quantity import NONE
from ui.common import errors, idempotency
from ui.common.charts import axis_title
from ui.common.formatting import STATUS_WORDS, loss, metric, settings_line, task_label, whole
from ui.common.i18n import Markdown, _, ngettext, translated
from ui.common.lab import lab
from ui.common.navigation import link
from ui.crossvalidate import keys
from ui.crossvalidate.charts import fold_curves
from ui.crossvalidate.final_model import show_final

#: Seconds between two updates while the folds train.
UPDATE_SECONDS = 1


def start() -> None:
    """Queue a run for each fold; a double click counts once."""
    with errors.noted():
        key, folds = keys.PRESET.get(), keys.COUNT.get()
        config = replace(PRESETS[key].config, epochs=keys.EPOCHS.get())
        st.query_params["study"] = idempotency.once(
            (config, folds),
            lambda: lab.cross_validate(config, folds, _name(_(task(config.task).label))),
            # After Stop, Start begins a new study: it is no double click.
            holds=lambda tag: bool(find_study(lab.store, tag).active),
        )


def stop(tag: str) -> None:
    """Stop all folds and the final training, whichever tab started them."""
    with errors.noted():
        lab.stop_study(tag)


def train_missing(study: Study) -> None:
    """Queue the folds again that did not finish."""
    with errors.noted():
        name = _name(task_label(study.folds[0].config))
        idempotency.once(
            (study.tag, study.missing),
            lambda: lab.train_missing(study, name),
        )


def _name(what: str) -> str:
    plain = what.replace("{", "").replace("}", "")
    return f"{plain}, {_('fold {fold} of {folds}')}"


def show(study: Study) -> None:
    """Show the folds and the result."""
    busy = bool(study.active)
    # Only this fragment reruns periodically while the folds train.
    st.fragment(_show, run_every=UPDATE_SECONDS if busy else None)(study.tag, busy)


def _show(tag: str, was_busy: bool) -> None:
    with errors.shown():
        try:
            study = find_study(lab.store, tag)
        except StoreError as error:
            errors.show(error)
            return
        if was_busy != bool(study.active):
            st.rerun()  # starts or ends the periodic reruns
        curves = {run.config.fold: _curve(run.id, run.version) for run in study.folds}
        mean = mean_curve([curves[run.config.fold] for run in study.counted])
        _heading(study)
        training = any(run.status.is_active for run in study.folds)
        if training:
            _progress(study)
        _show_problems(study, training)
        _chart(study, {fold: curve for fold, curve in curves.items() if curve}, mean, training)
        _table(study)
        if not training and len(study.finished) > 1 and mean.best_epoch is not None:
            show_final(study, task_label(study.folds[0].config), mean, mean.best_epoch)


# An entry for each fold that is shown; entries of earlier versions are of no use.
@lru_cache(maxsize=40)
def _curve(run_id: str, _version: int) -> list[EpochRecord]:
    """A fold's epochs, read once for all sessions."""
    return lab.store.curves(run_id)


def _heading(study: Study) -> None:
    run = study.folds[0]
    words = _("{what}, {folds} folds").format(what=task_label(run.config), folds=study.planned)
    with st.container(key=keys.HEADING, gap="xsmall"):
        st.header(words, anchor=False)
        st.caption(settings_line(run.config))


def _progress(study: Study) -> None:
    done = sum(run.epochs_done for run in study.folds)
    epochs = sum(run.config.epochs for run in study.folds)
    ended = sum(not run.status.is_active for run in study.folds)
    words = _("{ended} of {folds} folds have ended; epoch {done} of {epochs} in all.")
    st.progress(
        min(done / epochs, 1.0),
        words.format(ended=ended, folds=len(study.folds), done=whole(done), epochs=whole(epochs)),
    )


def _show_problems(study: Study, training: bool) -> None:
    """Show the errors of the folds, and how to continue."""
    failed: dict[str, list[Run]] = defaultdict(list)
    for run in study.folds:
        if run.message:
            failed[run.message].append(run)
        if run.status is RunStatus.PAUSED:
            words = _(
                "Fold {fold} is paused, so the mean is not final. Resume the fold on its page."
            )
            st.info(words.format(fold=run.config.fold), icon=":material/pause:")
            _link(run)
    for message, runs in failed.items():
        folds = ", ".join(str(run.config.fold) for run in runs)
        words = ngettext("**Fold {folds}:** {message}", "**Folds {folds}:** {message}", len(runs))
        st.error(words.format(folds=folds, message=message), icon=":material/error:")
    if training or not study.missing:
        return
    count, finished = len(study.missing), len(study.finished)
    words = ngettext(
        "**{count} of {folds} folds did not finish.**",
        "**{count} of {folds} folds did not finish.**",
        count,
    )
    if finished > 1:
        rest = _("The mean below is that of the {finished} other folds, so it is less reliable.")
    else:
        rest = _("The best number of epochs needs at least two finished folds.")
    message = Markdown(" ").join([words, rest])
    message = message.format(count=count, folds=study.planned, finished=finished)
    st.warning(message, icon=":material/stop:")
    st.button(
        ngettext("Train the missing fold", "Train the {count} missing folds", count).format(
            count=count
        ),
        key=keys.AGAIN,
        icon=":material/replay:",
        on_click=train_missing,
        args=(study,),
    )
    errors.show_notice()


def _link(run: Run) -> None:
    link("train", _("Open fold {fold}").format(fold=run.config.fold), run=run.id)


def _chart(
    study: Study, curves: dict[int, list[EpochRecord]], mean: MeanCurve, training: bool
) -> None:
    if not curves:
        return
    quantity = study.folds[0].config.quantity
    options = {"val_loss": _("Validation loss"), "val_metric": _(axis_title("metric", quantity))}
    st.segmented_control(
        _("Figure"),
        list(options),
        format_func=options.__getitem__,
        key=keys.FIGURE.prepare(),
        required=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    figure = keys.FIGURE.get()
    counted = len(study.counted)
    st.plotly_chart(
        fold_curves(
            curves,
            mean if counted > 1 else mean_curve([]),
            figure=figure,
            quantity=quantity,
            title=options[figure],
            mean_name=_("Mean of {count} folds").plain(count=counted),
            mark_best=not training,
            translate=translated,
        ),
        key=keys.CHART,
        config={"displayModeBar": False},
        alt=_("Validation curves of all folds, and their mean"),
    )


def _table(study: Study) -> None:
    quantity = study.folds[0].config.quantity
    rows = {
        _("Fold"): [str(run.config.fold) for run in study.folds],
        _("Status"): [_(STATUS_WORDS[run.status].label) for run in study.folds],
        _("Epochs"): [
            _("{done} of {epochs}").plain(
                done=whole(run.epochs_done), epochs=whole(run.config.epochs)
            )
            for run in study.folds
        ],
        _("Best epoch"): [whole(run.best.epoch) if run.best else NONE for run in study.folds],
        _("Validation loss at best epoch"): [
            loss(run.best.val_loss) if run.best else NONE for run in study.folds
        ],
        _("{figure} at best epoch").plain(figure=_(axis_title("metric", quantity))): [
            metric(run.best.val_metric, quantity) if run.best else NONE for run in study.folds
        ],
    }
    right = st.column_config.TextColumn(alignment="right", width="small")
    config = dict.fromkeys(rows, right) | {
        _("Fold"): st.column_config.TextColumn(pinned=True, width="small"),
        _("Status"): st.column_config.TextColumn(width="small"),
    }
    st.dataframe(rows, hide_index=True, width="stretch", column_config=config, key=keys.TABLE)
