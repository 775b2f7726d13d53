"""The Draw page: handwritten digit recognition on a drawing or a photo.

The canvas and all that a stroke changes are a fragment, which reruns alone and repeats no query of
the run store. The last input counts, a stroke or a file; the other is emptied, so that the page
always shows the image that the models receive.
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
    """The canvas, the upload and the predictions: a fragment, which reruns alone.

    Args:
        models: The models that predict, each a run and a checkpoint.
        training: The run that the page waits for, if any.
    """
    finetune.redraw_collection()
    with st.container(key=keys.LAYOUT):
        with st.container(key=keys.PEN):
            drawn = show_canvas()
        result = st.container(key=keys.PREDICTIONS)
        with st.container(key=keys.FILE):
            uploaded = show_upload()
        with result:
            if training:
                run_selector.wait_for_training(training)
            workers_answer(
                _(
                    "The models are being loaded. You can draw already; the prediction follows in "
                    "a few seconds."
                )
            )
            prediction.show_result(uploaded or drawn, models)


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
