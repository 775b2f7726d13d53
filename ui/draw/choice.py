"""The choice of the models that predict, and the training of a first model."""

from __future__ import annotations

import streamlit as st

from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run
from mnist_core.runs.model_files import CHECKPOINTS, checkpoints_of
from ui.common import errors, run_selector
from ui.common.formatting import whole
from ui.common.i18n import Markdown, _
from ui.common.run_start import start_run
from ui.draw import keys, prediction

#: Models that are compared side by side, at most.
MOST_MODELS = 4
#: The preset that is offered while no model is trained.
FIRST_PRESET = "reads-handwriting"
#: The task of the models that predict drawings.
DIGITS = "mnist"


def model_key(run_id: str, checkpoint: str) -> str:
    """The widget's option for a model."""
    return f"{run_id} {checkpoint}"


def choose_models(runs: dict[str, Run], asked: Run | None) -> list[tuple[Run, str]]:
    """Show the choice of the models, and return them; the first is the selected run's.

    Args:
        runs: The runs to choose from.
        asked: The run that the address names.
    """
    run = run_selector.choose_run(keys.RUN, runs, asked, first=run_selector.most_accurate)
    if keys.CHOSEN_FOR.get() != run.id:
        keys.CHOSEN_FOR.set(run.id)
        # If it overfits, comparing its best with its last epoch shows the effect.
        both = run.imported is None and prediction.overfits(run.id, run.attempt)
        keys.MODELS.set([model_key(run.id, name) for name in CHECKPOINTS[: 1 + both]])
    known = [key for key in keys.MODELS.get() if key.split()[0] in runs]
    if len(known) != len(keys.MODELS.get()):
        keys.MODELS.set(known)
    models = [
        model_key(run_id, name) for run_id, run in runs.items() for name in checkpoints_of(run)
    ]
    st.multiselect(
        _("Models to compare"),
        models,
        format_func=lambda key: prediction.model_line(runs[key.split()[0]], key.split()[1]),
        key=keys.MODELS.prepare(),
        max_selections=MOST_MODELS,
        placeholder=_("Choose up to four models"),
        help=Markdown(" ").join(
            [
                _(run_selector.CHECKPOINT_HELP),
                _(
                    "If a run overfits, both are selected for comparison. Add models of other "
                    "runs, up to four in all."
                ),
            ]
        ),
        persist_state="session",
    )
    return [(runs[run_id], name) for run_id, name in map(str.split, keys.MODELS.get())]


def only_usable(models: list[tuple[Run, str]]) -> list[tuple[Run, str]]:
    """The models that this version of the lab can use; shows the reason for the others."""
    runs = {run.id: run for run, _name in models}
    usable = {run.id for run in runs.values() if run_selector.is_usable(run)}
    return [(run, name) for run, name in models if run.id in usable]


def offer_training() -> None:
    """Offer the training of a first model."""
    config = PRESETS[FIRST_PRESET].config
    st.markdown(
        _(
            "No model is trained yet. One click trains a model on {images} digits for {epochs} "
            "epochs, which takes some minutes. This page shows the progress; when the training has "
            "ended, you can draw."
        ).format(images=whole(config.train_size), epochs=whole(config.epochs))
    )
    st.button(
        _("Train an accurate model"),
        type="primary",
        key=keys.TRAIN,
        icon=":material/play_arrow:",
        on_click=train_first,
    )


def train_first() -> None:
    """Start the training of a first model; the page waits for it."""
    with errors.noted():
        st.query_params["run"] = start_run(PRESETS[FIRST_PRESET].config, FIRST_PRESET).id
