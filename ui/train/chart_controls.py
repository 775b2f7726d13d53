"""Display options of the learning curves; they never change the training."""

from __future__ import annotations

import streamlit as st

from mnist_core.evaluation.overfitting import CRITERIA
from mnist_core.tasks import Quantity
from ui.common.charts import SERIES, series_label
from ui.common.i18n import Markdown, _
from ui.live.chart import MAX_SMOOTHING
from ui.train import keys


def show_chart_controls(quantity: Quantity | None) -> None:
    """Show the overfitting criterion, the loss axis, the smoothing and the choice of curves.

    Args:
        quantity: What a regression task predicts; None for classification.
    """
    with st.container(horizontal=True, vertical_alignment="top"):
        st.selectbox(
            _("Overfitting criterion"),
            list(CRITERIA),
            format_func=lambda key: _(CRITERIA[key].label),
            key=keys.CRITERION.prepare(),
            help=_criteria_help(),
            persist_state="session",
            width=290,
        )
        st.segmented_control(
            _("Loss axis"),
            ["linear", "log"],
            format_func={"linear": _("Linear"), "log": _("Log")}.__getitem__,
            key=keys.LOSS_AXIS.prepare(),
            required=True,
            help=_(
                "On a logarithmic axis equal distances are equal ratios, which makes small "
                "differences between low losses visible."
            ),
            persist_state="session",
        )
        st.slider(
            _("Smoothing"),
            0.0,
            MAX_SMOOTHING,
            step=0.01,
            key=keys.SMOOTHING.prepare(),
            help=_(
                "Draws a moving average over the curves, which shows the trend despite the noise. "
                "The measured curves remain in a fainter colour."
            ),
            persist_state="session",
            width=200,
        )
        _series_pills(quantity)


def _series_pills(quantity: Quantity | None) -> None:
    st.pills(
        _("Curves"),
        list(SERIES),
        selection_mode="multi",
        format_func=lambda key: _(series_label(key, quantity)),
        key=keys.SHOWN_SERIES.prepare(),
        wrap=True,
        help=_(
            "Training curves are measured on the training set, validation curves on held-out "
            "samples that the network is never trained on."
        ),
        persist_state="session",
    )


def _criteria_help() -> Markdown:
    line = Markdown("- **{label}**: {summary}")
    lines = [
        line.format(label=_(criterion.label), summary=_(criterion.summary))
        for criterion in CRITERIA.values()
    ]
    intro = _("Criteria for the epoch at which overfitting begins:")
    return Markdown("\n\n").join([intro, Markdown("\n").join(lines)])
