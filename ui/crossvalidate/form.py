"""The form of the Cross-validate page: task, number of folds, number of epochs."""

from __future__ import annotations

import streamlit as st

from mnist_core.experiment.config import LIMITS
from mnist_core.experiment.presets import PRESETS
from mnist_core.studies.crossvalidation import FEWEST_FOLDS, MOST_FOLDS, Study
from mnist_core.tasks import keras_data, task
from ui.common import fetching
from ui.common.i18n import _
from ui.common.number_field import number_field
from ui.crossvalidate import keys
from ui.crossvalidate import study as fold_panel


def show_form(study: Study | None) -> None:
    """Show the form, with Start, and Stop for the study that is shown.

    Args:
        study: The cross-validation that is shown.
    """
    # Regression tasks: their folds have a mean error to compare.
    tasks = {key: preset.config.task for key, preset in PRESETS.items() if preset.config.quantity}
    labels = {key: _(task(name).label) for key, name in tasks.items()}
    marked = fetching.marked_labels(keys.PRESET, labels, tasks)
    left, right = st.columns(2)
    with left:
        st.selectbox(
            _("Task"),
            list(tasks),
            format_func=marked.__getitem__,
            key=keys.PRESET.prepare(),
            persist_state="session",
            help=_(
                "Regression tasks only: with few samples, another validation set gives another "
                "best epoch. The other tasks have thousands of samples, and one validation set is "
                "enough; the command `python -m mnist_core crossvalidate` works for them too, and "
                "this page shows the result."
            ),
        )
    middle, last = right.columns(2, wrap=False)
    with middle:
        st.selectbox(
            _("Folds"),
            range(FEWEST_FOLDS, MOST_FOLDS + 1),
            key=keys.COUNT.prepare(),
            persist_state="session",
            help=_(
                "The number of parts that the samples are divided into. Each part is the "
                "validation set once, while the others are the training set; 4 or 5 are usual."
            ),
        )
    with last:
        number_field(
            _("Epochs"),
            keys.EPOCHS,
            LIMITS["epochs"],
            step=10,
            help=_("Epochs of each fold: enough for the validation loss to rise again."),
        )
    entry = task(PRESETS[keys.PRESET.get()].config.task)
    with st.container(horizontal=True):
        st.button(
            _("Start"),
            type="primary",
            icon=":material/play_arrow:",
            key=keys.START,
            disabled=not keras_data.is_kept(entry.key),
            on_click=fold_panel.start,
        )
        st.button(
            _("Stop"),
            icon=":material/stop:",
            key=keys.STOP,
            disabled=study is None or not study.active,
            on_click=fold_panel.stop,
            args=(study.tag if study else "",),
        )
    st.caption(_(entry.source))
    fetching.is_ready(entry.key)
