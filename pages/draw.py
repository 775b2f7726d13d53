"""The Draw page: draw a digit, or send a photo of one, and see what trained models predict.

The canvas and all that a stroke changes are a fragment: it reruns alone, and asks the store for
nothing that the page has asked already. Whichever came last counts, the stroke or the file; the
other one is emptied, so that the page never shows something else than what is read.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from ui.common import errors, run_selector
from ui.common.i18n import _
from ui.common.waiting import workers_answer
from ui.draw import finetune, keys, prediction
from ui.draw.canvas import show_canvas, show_upload
from ui.draw.choice import DIGITS, choose_models, offer_training, only_usable


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
                run_selector.wait_for_training(training)
            workers_answer(
                _(
                    "The models are being loaded. You can draw already; the prediction follows in "
                    "a few seconds."
                )
            )
            prediction.show_reading(sent or found, models)


st.title(_("Draw"), anchor=False)
errors.show_notice()
runs, asked, training = run_selector.find_runs(DIGITS)
if runs:
    with st.container(key=keys.PAGE):
        with st.container(key=keys.CHOICE):
            models = choose_models(runs, asked)
        models = only_usable(models)
        prediction.warm_up(models)
        show_drawing(models, training)
    if models:
        finetune.show(models[0][0])
elif training:
    run_selector.wait_for_training(training)
else:
    offer_training()
