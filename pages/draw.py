"""The Draw page: draw a digit, or send a photo of one, and see what trained models predict.

The canvas and all that a stroke changes are a fragment: it reruns alone, and asks the store for
nothing that the page has asked already. Whichever came last counts, the stroke or the file; the
other one is emptied, so that the page never shows something else than what is read.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from mnist_core.runs.model_files import left_models
from ui.common import errors, run_selector
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.waiting import wait_for_engine
from ui.draw import finetune, keys, prediction
from ui.draw.canvas import show_canvas, show_upload
from ui.draw.choice import (
    DIGITS,
    can_read,
    choose_run,
    show_beginning,
    show_choice,
    wait_for_training,
)


@st.fragment
def show_drawing(models: list[tuple[Run, str]], training: Run | None) -> None:
    """Everything that a stroke changes: it reruns alone, without the rest of the page.

    Args:
        models: The networks that recognise the drawing, each a run and one of its models.
        training: The run whose network recognises it once it is trained, if there is one.
    """
    finetune.redraw_collection()
    with st.container(key=keys.LAYOUT):
        with st.container(key=keys.PEN):
            found = show_canvas()
        read = st.container(key=keys.READ)
        with st.container(key=keys.FILE):
            sent = show_upload()
        with read:
            if training:
                wait_for_training(training.id)
            engine = lab.engine_state()
            if engine.phase == "starting":
                wait_for_engine(
                    _(
                        "The models are being loaded. You can draw already; the prediction "
                        "follows in a few seconds."
                    )
                )
            elif engine.phase == "failed":
                words = _("No prediction is possible: the workers could not be started. {why}")
                st.warning(words.format(why=engine.message))
            prediction.show_reading(sent or found, models)


st.title(_("Draw"), anchor=False)
errors.show_notice()
readers, asked_run = run_selector.find_runs(DIGITS)
to_come = asked_run if asked_run and asked_run.status.is_active else None
if asked_run and not left_models(lab.store, asked_run) and not to_come:
    words = _("**{name}** has ended without a model. {why}")
    st.warning(words.format(name=asked_run.name, why=asked_run.message))
if readers:
    choose_run(readers, asked_run)
    with st.container(key=keys.PAGE):
        with st.container(key=keys.CHOICE):
            chosen_models = show_choice(readers)
        chosen_runs = {run.id: run for run, _name in chosen_models}.values()
        able = {run.id for run in chosen_runs if can_read(run)}
        chosen_models = [(run, name) for run, name in chosen_models if run.id in able]
        prediction.warm_up(chosen_models)
        show_drawing(chosen_models, to_come)
    if chosen_models:
        finetune.show(chosen_models[0][0])
else:
    show_beginning(to_come or run_selector.any_active(DIGITS))
