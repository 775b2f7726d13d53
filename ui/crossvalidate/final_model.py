"""The final network of a cross-validation, trained on all samples for the best number of epochs."""

from __future__ import annotations

import streamlit as st

from mnist_core.experiment.config import LIMITS
from mnist_core.runs import Run
from mnist_core.runs.model_files import left_models
from mnist_core.studies.crossvalidation import MeanCurve, Study
from ui.common import errors, idempotency
from ui.common.charts import axis_title
from ui.common.formatting import STATUS_WORDS, epochs, metric, whole
from ui.common.i18n import Markdown, _, escaped
from ui.common.lab import lab
from ui.common.navigation import link, link_to_try
from ui.common.number_field import number_field
from ui.crossvalidate import keys


def train_final(study: Study, count: int, study_name: str) -> None:
    """Queue the training of the final network on all samples."""
    with errors.noted():
        name = _("{name}, final").plain(name=study_name)
        idempotency.once((study.tag, count), lambda: lab.train_final(study, count, name).id)


def show_final(study: Study, study_name: str, mean: MeanCurve, best_epoch: int) -> None:
    """The best number of epochs, the form for the final network, and earlier final networks.

    Args:
        study: The cross-validation; its folds have ended.
        study_name: Its name.
        mean: The mean curve of its folds.
        best_epoch: The epoch with the lowest mean loss.
    """
    st.header(_("The final network"), anchor=False)
    quantity = study.folds[0].config.quantity
    words = _(
        "The mean of {count} folds has its lowest loss after epoch **{epoch}**, where their "
        "{figure} is **{value}** ± {spread}. Train the final network for this number of epochs on "
        "all samples; it is then evaluated on the test set."
    )
    st.markdown(
        words.format(
            count=len(study.counted),
            epoch=whole(best_epoch),
            figure=_(axis_title("metric", quantity)).lower(),
            value=metric(float(mean.val_metric[best_epoch - 1]), quantity),
            spread=metric(float(mean.spread[best_epoch - 1]), quantity),
        ),
        help=_("± is the standard deviation of the folds: about two thirds of them lie within it."),
    )
    if keys.FINAL_FOR.get() != (study.tag, best_epoch):
        keys.FINAL_FOR.set((study.tag, best_epoch))
        keys.FINAL_EPOCHS.set(best_epoch)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=240):
            number_field(_("Epochs of the final training"), keys.FINAL_EPOCHS, LIMITS["epochs"])
        st.button(
            _("Train the final network"),
            type="primary" if not study.final else "secondary",
            key=keys.FINAL,
            on_click=train_final,
            args=(study, keys.FINAL_EPOCHS.get(), study_name),
        )
    errors.show_notice()
    for run in study.final:
        _show_one(run)


def _show_one(run: Run) -> None:
    """A final network: its progress, or its result on the test set."""
    status, quantity = STATUS_WORDS[run.status], run.config.quantity
    with st.container(border=True, gap="xsmall", key=keys.final_card(run.id)):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(Markdown("**{name}**").format(name=run.name), width="content")
            st.badge(_(status.label), icon=status.icon, color=status.colour)
        if run.test_metric is not None:
            words = _("Trained for {epochs} on all samples. Test {figure}: **{value}**.")
            figure = _(axis_title("metric", quantity)).lower()
            st.markdown(
                words.format(
                    epochs=epochs(run.epochs_done),
                    figure=figure,
                    value=metric(run.test_metric, quantity),
                )
            )
        elif not run.is_over:
            words = _("Epoch {done} of {epochs} is done.")
            st.markdown(words.format(done=whole(run.epochs_done), epochs=whole(run.config.epochs)))
        elif run.message:
            st.markdown(escaped(run.message))
        else:
            st.markdown(_("The training was stopped before the test. Train the network again."))
        _show_links(run)


def _show_links(run: Run) -> None:
    with st.container(horizontal=True):
        link("train", _("Curves"), run=run.id)
        if left_models(lab.store, run):
            link("evaluate", _("Evaluate the network"), run=run.id)
            link_to_try(run)
