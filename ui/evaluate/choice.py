"""The choice of the set that a network is evaluated on."""

from __future__ import annotations

import streamlit as st

from mnist_core.evaluation.parts import parts_of
from mnist_core.runs import Run
from ui.common.formatting import samples_called
from ui.common.i18n import Markdown, _
from ui.common.setting_labels import SET_LABELS
from ui.evaluate import keys


def choose_part(run: Run) -> str:
    """Show the choice of the set, if there are several; return one of ``parts_of(run)``."""
    parts = parts_of(run)
    if len(parts) == 1:
        return parts[0]
    samples = samples_called(run.config)
    keys.PART.keep_among(parts)
    st.segmented_control(
        Markdown(samples[:1].upper() + samples[1:]),
        parts,
        format_func=lambda part: _(SET_LABELS[part]),
        key=keys.PART.prepare(),
        required=True,
        help=_(
            "The network was trained on the **training** {samples}. Its best epoch was chosen on "
            "the **validation** {samples}, if there are any. The **test** {samples} were used for "
            "neither, so only they measure how well it generalises."
        ).format(samples=samples),
        persist_state="session",
    )
    return keys.PART.get()
