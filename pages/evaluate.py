"""The Evaluate page: how well a trained network does, and where it goes wrong.

What it shows is computed once by the worker and kept for everybody. The training samples come
last: there may be six times as many of them as of the others. Where the task is to find a number
there is nothing to confuse, so such a network has figures and charts of its own.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import LabError, UnknownRunError
from mnist_core.evaluation.parts import parts_of
from mnist_core.runs.model_files import left_models
from ui.common import errors, fetching, run_selector
from ui.common.i18n import _
from ui.common.lab import lab
from ui.evaluate import keys
from ui.evaluate.choice import choose_run, show_beginning, show_choice, wait_for_training
from ui.evaluate.evaluation import show_evaluation

st.title(_("Evaluate"), anchor=False)
errors.show_notice()
choices, asked_run = run_selector.find_runs()
to_come = asked_run if asked_run and asked_run.status.is_active else None
if asked_run and not left_models(lab.store, asked_run) and not to_come:
    words = _("**{name}** has ended without a network that could be evaluated. {why}")
    st.warning(words.format(name=asked_run.name, why=asked_run.message))
if choices:
    if to_come:
        wait_for_training(to_come)
    chosen = choose_run(choices, asked_run)
    with st.container(key=keys.CHOICE):
        checkpoint = show_choice(choices)
        run_selector.say_if_failed(chosen)
    parts_there = parts_of(chosen)
    asked_part = keys.PART.get() if len(parts_there) > 1 else parts_there[0]
    try:
        chosen.known_config()  # else it says why it cannot be used
        if fetching.is_there(chosen.config.task):
            show_evaluation(chosen, checkpoint, asked_part)
    except UnknownRunError:  # deleted meanwhile: the page chooses among those that are left
        st.rerun()
    except LabError as error:
        errors.show(error)
else:
    show_beginning(to_come or run_selector.any_active())
