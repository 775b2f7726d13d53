"""The Draw page: draw a digit, or send a photo of one, and see what trained networks read."""

from __future__ import annotations

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from mnist_core.drawing import Digit, read_drawing, read_picture
from mnist_core.errors import LabError
from mnist_core.predictions import CHECKPOINTS
from mnist_core.presets import PRESETS
from mnist_core.runs import Run
from ui import drawing_panel, problems, services, state
from ui.navigation import RUN_ID, train_page
from ui.run_words import escaped
from ui.starting import start_run
from ui.text import _

#: The canvas, in pixels: ten times MNIST's pictures, with a brush that gives MNIST's strokes.
CANVAS_SIDE = 280
BRUSH = 18
#: Runs to choose from: the newest with a model.
RUNS_OFFERED = 50
#: Models that read the same drawing side by side, at most.
MOST_MODELS = 4
#: The preset to begin with where nothing is trained yet.
GOOD_READER = "lenet"


def clear() -> None:
    """Take a new canvas, and forget the file."""
    state.DRAW_CLEARED.set(state.DRAW_CLEARED.get() + 1)


def model_key(run_id: str, checkpoint: str) -> str:
    """A model as one word, for the widget."""
    return f"{run_id} {checkpoint}"


def choose_run(runs: dict[str, Run]) -> None:
    """Follow the address, and the choice: another run brings its own models."""
    asked = st.query_params.get("run")
    chosen = state.DRAW_RUN.get()
    if chosen not in runs:
        fallback = next(iter(runs))
        state.DRAW_RUN.set(asked if asked in runs else fallback)
    if state.DRAW_CHOSEN_FOR.get() != state.DRAW_RUN.get():
        state.DRAW_CHOSEN_FOR.set(state.DRAW_RUN.get())
        run = runs[str(state.DRAW_RUN.get())]
        both = drawing_panel.overfits(run.id, run.attempt)
        state.DRAW_MODELS.set([model_key(run.id, name) for name in CHECKPOINTS[: 1 + both]])
    known = [key for key in state.DRAW_MODELS.get() if key.split()[0] in runs]
    if len(known) != len(state.DRAW_MODELS.get()):
        state.DRAW_MODELS.set(known)


def show_choice(runs: dict[str, Run]) -> list[tuple[Run, str]]:
    """Which networks are to read; the first is the chosen run's."""
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: drawing_panel.run_line(runs[run_id]),
        key=state.DRAW_RUN.prepare(),
        help=_("A trained network reads what you draw. The newest run is on top."),
    )
    keys = [model_key(run_id, name) for run_id in runs for name in CHECKPOINTS]
    st.multiselect(
        _("Models that read"),
        keys,
        format_func=lambda key: drawing_panel.model_line(runs[key.split()[0]], key.split()[1]),
        key=state.DRAW_MODELS.prepare(),
        max_selections=MOST_MODELS,
        placeholder=_("Choose one to four"),
        help=_(
            "Each run keeps two models: the one of its best epoch, and the last one. Where a run "
            "overfits, both are chosen, so that you see what overfitting does to your handwriting."
        ),
    )
    chosen = [key.split() for key in state.DRAW_MODELS.get()]
    return [(runs[run_id], name) for run_id, name in chosen if run_id in runs]


def show_canvas() -> Digit | LabError | None:
    """The canvas and the other way in; the digit, why there is none, or None before anything."""
    with st.container(key=state.DRAW_CANVAS):
        drawn = st_canvas(
            stroke_width=BRUSH,
            stroke_color="#FFFFFF",
            background_color="#000000",
            width=CANVAS_SIDE,
            height=CANVAS_SIDE,
            drawing_mode="freedraw",
            return_image_data=True,
            key=state.canvas(),
            label=_("Draw one digit here"),
        )
    st.button(_("Clear"), key=state.DRAW_CLEAR, on_click=clear, icon=":material/ink_eraser:")
    file = st.file_uploader(
        _("Or a picture of a digit"),
        key=f"{state.DRAW_UPLOAD}-{state.DRAW_CLEARED.get()}",
        help=_(
            "A photo or a scan of one digit, dark on light or light on dark: PNG, JPEG, WebP, "
            "GIF, BMP or TIFF."
        ),
    )
    try:
        if file is not None:
            return read_picture(file.getvalue())
        if drawn.json_data and drawn.json_data.get("objects") and drawn.image_data is not None:
            return read_drawing(drawn.image_data)
    except LabError as error:
        return error
    return None


def show_page(runs: dict[str, Run]) -> None:
    """Everything that a stroke changes: it reruns alone, without the rest of the page."""
    left, right = st.columns([300, 700], gap="large")
    with right:
        models = show_choice(runs)
    with left:
        found = show_canvas()
    with right:
        if isinstance(found, Digit):
            drawing_panel.show_digit(found, models)
        elif found is not None:
            problems.show(found)
        else:
            st.info(
                _("Draw one digit, large, with mouse, pen or finger. It is read after each stroke.")
            )


def show_beginning() -> None:
    """Nothing is trained yet: offer to train a good reader."""
    st.markdown(_("There is no trained network yet that could read a digit."))
    label = PRESETS[GOOD_READER].label
    if st.button(_("Train a good reader"), type="primary", key=state.DRAW_TRAIN, help=_(label)):
        run = start_run(PRESETS[GOOD_READER].config, GOOD_READER)
        st.switch_page(train_page(), query_params={"run": run.id})


st.title(_("Draw"), anchor=False)
problems.show_notice()
asked = st.query_params.get("run")
if asked is not None and not RUN_ID.fullmatch(asked):
    st.warning(_("There is no run {run}.").format(run=escaped(asked)))
readers = {run.id: run for run in services.store().list_runs(limit=RUNS_OFFERED) if run.has_models}
if readers:
    choose_run(readers)
    st.fragment(show_page)(readers)
else:
    show_beginning()
