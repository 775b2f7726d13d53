"""How the curves are shown: widgets that change the picture, never the training."""

from __future__ import annotations

import streamlit as st

from mnist_core.evaluation.overfitting import CRITERIA
from ui.common.charts import SERIES, series_label
from ui.common.i18n import Markdown, _
from ui.live.chart import MAX_SMOOTHING
from ui.train import keys


def show_chart_controls(metric: str) -> None:
    """The criterion, the loss axis, the smoothing and the curves that are drawn.

    Args:
        metric: The task's own figure, a key of ``ui.common.charts.METRICS``.
    """
    with st.container(horizontal=True, vertical_alignment="top"):
        st.selectbox(
            _("How to detect overfitting"),
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
                "On a logarithmic axis equal distances are equal ratios: small differences "
                "between low losses can be seen."
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
                "Draws a moving average over the curves, so that the trend shows through the "
                "noise. The measured curves stay, fainter."
            ),
            persist_state="session",
            width=200,
        )
        _series_pills(metric)


def _series_pills(metric: str) -> None:
    st.pills(
        _("Curves"),
        list(SERIES),
        selection_mode="multi",
        format_func=lambda key: _(series_label(key, metric)),
        key=keys.SHOWN_SERIES.prepare(),
        wrap=True,
        help=_(
            "Training curves are measured on the samples that the network is trained on, "
            "validation curves on samples that it is never trained on."
        ),
        persist_state="session",
    )


def _criteria_help() -> Markdown:
    line = Markdown("- **{label}**: {summary}")
    lines = [line.format(label=_(one.label), summary=_(one.summary)) for one in CRITERIA.values()]
    first = _("There is more than one answer to where overfitting begins:")
    return Markdown("\n\n").join([first, Markdown("\n").join(lines)])
