"""Cross-validate: K trainings that each leave out another fold, and the final one on all."""

from __future__ import annotations

import streamlit as st

from mnist_core.config import LIMITS
from mnist_core.crossvalidation import (
    DEFAULT_FOLDS,
    FEWEST_FOLDS,
    MOST_FOLDS,
    TAG,
    Study,
    find_study,
)
from mnist_core.errors import StoreError
from mnist_core.presets import PRESETS
from mnist_core.tasks import task
from ui import fold_panel, problems, services, state
from ui.text import _

#: Experiments in which a number is to be found: there a fold has a mean error to compare.
OFFERED = [key for key, one in PRESETS.items() if task(one.config.task).is_number]


def show_form() -> None:
    """What to train, in how many folds, and Start."""
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    with left:
        st.selectbox(
            _("Task"),
            OFFERED,
            format_func=lambda key: _(task(PRESETS[key].config.task).label),
            key=state.FOLDS_PRESET.prepare(),
            persist_state="session",
            help=_("Where samples are few, another choice of judges gives another best epoch."),
        )
    with middle:
        st.number_input(
            _("Folds"),
            FEWEST_FOLDS,
            MOST_FOLDS,
            value=DEFAULT_FOLDS,
            key=state.FOLDS_COUNT.prepare(),
            persist_state="session",
            help=_(
                "Into how many parts the samples are divided. Each part judges once, while the "
                "others train; four or five are usual."
            ),
        )
    with right:
        st.number_input(
            _("Epochs"),
            int(LIMITS["epochs"].low),
            int(LIMITS["epochs"].high),
            key=state.FOLDS_EPOCHS.prepare(),
            persist_state="session",
            help=_("How long each fold is trained: longer than you think is right."),
        )
    st.button(
        _("Start"),
        type="primary",
        icon=":material/play_arrow:",
        key=state.FOLDS_START,
        on_click=fold_panel.start,
    )
    entry = task(PRESETS[state.FOLDS_PRESET.get()].config.task)
    st.caption(_(entry.source))


def chosen_study() -> Study | None:
    """The cross-validation that the address names, or the newest one."""
    wanted = st.query_params.get("study")
    if wanted:
        if TAG.fullmatch(wanted):
            try:
                return find_study(services.store(), wanted)
            except StoreError as error:
                problems.show(error)
                return None
        st.warning(_("There is no such cross-validation; here is the newest one."))
    return services.newest_study()


st.title(_("Cross-validate"), anchor=False)
st.markdown(
    _(
        "With few samples, chance decides who judges, and with it which epoch looks best. **K-fold "
        "cross-validation** divides the samples into K folds and trains K times, each time judged "
        "by another fold. The mean of the K curves tells how many epochs are right; then the final "
        "network is trained on all samples."
    )
)
problems.show_notice()
show_form()
if (study := chosen_study()) is not None:
    fold_panel.show(study)
