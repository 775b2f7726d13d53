"""The Draw page: draw a digit, or send a photo of one, and see what trained models predict.

The canvas and all that a stroke changes are a fragment: it reruns alone, and asks the store for
nothing that the page has asked already. Whichever came last counts, the stroke or the file; the
other one is emptied, so that the page never shows something else than what is read.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.drawing.digit import Digit, read_drawing, read_picture
from mnist_core.errors import LabError
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Run
from mnist_core.runs.model_files import CHECKPOINTS, checkpoints_of
from ui.common import errors, lab, run_selector, session
from ui.common.formatting import whole
from ui.common.i18n import _
from ui.common.run_start import start_run
from ui.common.waiting import wait_for_engine, wait_for_run
from ui.draw import finetune, prediction
from ui.draw.undo_button import undo_button

#: The canvas, in pixels: ten times MNIST's pictures, with a brush that gives MNIST's strokes.
CANVAS_SIDE = 280
BRUSH = 18
#: Models that read the same drawing side by side, at most.
MOST_MODELS = 4
#: The preset to begin with where nothing is trained yet.
GOOD_READER = "reads-handwriting"

#: Who draws a digit wants it read by networks that learned digits.
DIGITS = "mnist"


def empty_canvas() -> None:
    """Let a file count from now on; a canvas that is empty stays, and a stroke on it too."""
    if session.has_strokes():
        take_new_canvas()


def take_new_canvas() -> None:
    """Change the canvas's key."""
    session.DRAW_CLEARED.set(session.DRAW_CLEARED.get() + 1)


def forget_file() -> None:
    """Let a stroke count from now on, and not the file before it."""
    if session.draw_upload().get() is not None:
        session.DRAW_UPLOADS.set(session.DRAW_UPLOADS.get() + 1)


def clear() -> None:
    """Begin again with nothing."""
    take_new_canvas()
    forget_file()


def model_key(run_id: str, checkpoint: str) -> str:
    """A model as one word, for the widget."""
    return f"{run_id} {checkpoint}"


def choose_run(runs: dict[str, Run], asked: Run | None) -> None:
    """Follow the address, and the choice: another run brings its own models."""
    if asked and asked.id in runs and asked.id != session.DRAW_CHOSEN_FOR.get():
        session.DRAW_RUN.set(asked.id)
    elif session.DRAW_RUN.get() not in runs:
        session.DRAW_RUN.set(run_selector.most_accurate(runs))
    if session.DRAW_CHOSEN_FOR.get() != session.DRAW_RUN.get():
        session.DRAW_CHOSEN_FOR.set(session.DRAW_RUN.get())
        run = runs[str(session.DRAW_RUN.get())]
        # Where it overfits, to see its best epoch against its last is the lesson.
        both = run.imported is None and prediction.overfits(run.id, run.attempt)
        names = CHECKPOINTS[: 1 + both]
        session.DRAW_MODELS.set([model_key(run.id, name) for name in names])
    known = [key for key in session.DRAW_MODELS.get() if key.split()[0] in runs]
    if len(known) != len(session.DRAW_MODELS.get()):
        session.DRAW_MODELS.set(known)


def note_choice() -> None:
    """A run was chosen: the address names it, also after a reload."""
    st.query_params["run"] = str(session.DRAW_RUN.get())


def show_choice(runs: dict[str, Run]) -> list[tuple[Run, str]]:
    """Which networks are to read; the first is the chosen run's."""
    st.selectbox(
        _("Run"),
        list(runs),
        format_func=lambda run_id: run_selector.run_line(runs[run_id]),
        key=session.DRAW_RUN.prepare(),
        help=_(
            "A run is one training of a network. The percentage is its accuracy on MNIST's test "
            "set. Your own runs come first, the newest on top, then the examples. The most "
            "accurate one is chosen at first."
        ),
        on_change=note_choice,
        persist_state="session",
    )
    keys = [model_key(run_id, name) for run_id, run in runs.items() for name in checkpoints_of(run)]
    st.multiselect(
        _("Models to compare"),
        keys,
        format_func=lambda key: prediction.model_line(runs[key.split()[0]], key.split()[1]),
        key=session.DRAW_MODELS.prepare(),
        max_selections=MOST_MODELS,
        placeholder=_("Choose one to four"),
        help=_(
            "Each run keeps its model twice; such a copy is called a checkpoint. One is from its "
            "**best epoch**, the one with the lowest validation loss, the other from its **last "
            "epoch**. Where a run overfits, both are chosen, so that you can compare their "
            "predictions. Add models of other runs, up to four in all."
        ),
        persist_state="session",
    )
    chosen = [key.split() for key in session.DRAW_MODELS.get()]
    return [(runs[run_id], name) for run_id, name in chosen if run_id in runs]


def can_read(run: Run) -> bool:
    """Whether this version of the lab can use a run's networks; says so if it cannot."""
    error = run_selector.unusable(run)
    if error:
        errors.show(error)
    run_selector.say_if_failed(run)
    return error is None


def show_canvas() -> Digit | LabError | None:
    """The canvas; the digit on it, why there is none, or None before anything."""
    # Importing it registers it with the running server, so there has to be one.
    from streamlit_drawable_canvas import st_canvas

    with st.container(key=session.DRAW_CANVAS):
        drawn = st_canvas(
            stroke_width=BRUSH,
            stroke_color="#FFFFFF",
            background_color="#000000",
            width=CANVAS_SIDE,
            height=CANVAS_SIDE,
            drawing_mode="freedraw",
            return_image_data=True,
            key=session.canvas(),
            on_change=forget_file,
        )
    with st.container(key=session.DRAW_BUTTONS):
        undo_button(
            session.DRAW_CANVAS,
            _("Undo"),
            _("Remove the last stroke (Ctrl+Z); Ctrl+Y draws it again."),
            key=session.DRAW_UNDO,
        )
        st.button(
            _("Clear"),
            key=session.DRAW_CLEAR,
            on_click=clear,
            icon=":material/ink_eraser:",
            width="stretch",
        )
    try:
        if drawn.json_data and drawn.json_data.get("objects") and drawn.image_data is not None:
            return read_drawing(drawn.image_data)
    except LabError as error:
        return error
    return None


def show_upload() -> Digit | LabError | None:
    """The other way in; the digit in the file, why there is none, or None without a file."""
    upload = session.draw_upload()
    file = st.file_uploader(
        _("Or a photo of a digit"),
        key=upload.key,
        on_change=empty_canvas,
        max_upload_size=50,
        help=_(
            "A photo, a scan or an image of one digit, dark on light or light on dark: PNG, "
            "JPEG, WebP, GIF, BMP or TIFF. It stays on the computer that runs this lab."
        ),
    )
    if file is None:
        return None
    try:
        return read_picture(file.getvalue())
    except LabError as error:
        return error


@st.fragment
def show_drawing(models: list[tuple[Run, str]], training: Run | None) -> None:
    """Everything that a stroke changes: it reruns alone, without the rest of the page.

    Args:
        models: The networks that recognise the drawing, each a run and one of its models.
        training: The run whose network recognises it once it is trained, if there is one.
    """
    finetune.redraw_collection()
    with st.container(key=session.DRAW_LAYOUT):
        with st.container(key=session.DRAW_PEN):
            found = show_canvas()
        read = st.container(key=session.DRAW_READ)
        with st.container(key=session.DRAW_FILE):
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


def wait_for_training(run_id: str) -> None:
    """Say how far a run is that is to read later, and go on when it has ended."""
    words = _(
        "**{name}** is still training: epoch {done} of {epochs} is done. Its model can be used "
        "here once the training has ended."
    )
    wait_for_run(run_id, words, ":material/hourglass_empty:")


def show_beginning(training: Run | None) -> None:
    """Nothing is trained yet: offer to train a good reader, or wait for the one that trains."""
    if training:
        wait_for_training(training.id)
        return
    config = PRESETS[GOOD_READER].config
    st.markdown(
        _(
            "No trained model yet. Train one first: one click starts a training on {images} "
            "digits for {times} epochs, which takes some minutes. This page shows the progress; "
            "when the training has ended, you can draw."
        ).format(images=whole(config.train_size), times=whole(config.epochs))
    )
    st.button(
        _("Train an accurate model"),
        type="primary",
        key=session.DRAW_TRAIN,
        icon=":material/play_arrow:",
        on_click=train_reader,
    )


def train_reader() -> None:
    """Start the training of a good reader, and stay to wait for it."""
    with errors.noted():
        st.query_params["run"] = start_run(PRESETS[GOOD_READER].config, GOOD_READER).id


st.title(_("Draw"), anchor=False)
errors.show_notice()
readers, asked_run = run_selector.find_runs(DIGITS)
to_come = asked_run if asked_run and asked_run.status.is_active else None
if asked_run and not lab.has_models(asked_run) and not to_come:
    words = _("**{name}** has ended without a model. {why}")
    st.warning(words.format(name=asked_run.name, why=asked_run.message))
if readers:
    choose_run(readers, asked_run)
    with st.container(key=session.DRAW_PAGE):
        with st.container(key=session.DRAW_CHOICE):
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
