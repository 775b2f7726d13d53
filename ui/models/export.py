"""Models out: a run's network as a file for another tool, or as code that trains it again.

A file is written by the worker when it is asked for, and then kept for a while for all sessions:
a class that takes the same network home has it written once.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import LabError
from mnist_core.runs import Run
from mnist_core.runs.model_files import checkpoints_of, left_models
from mnist_core.transfer.formats import (
    FORMATS,
    Format,
    file_name,
    input_shape,
    input_words,
    output_words,
    why_no_code,
)
from mnist_core.workers.engine import Question
from ui.common import errors
from ui.common.i18n import Markdown, _
from ui.common.lab import lab
from ui.common.run_selector import choose_checkpoint
from ui.common.waiting import workers_answer
from ui.models import keys

#: Files kept for all sessions, and for how many seconds; a large network has ten million bytes.
KEPT, KEPT_SECONDS = 12, 1800


@st.cache_data(max_entries=KEPT, ttl=KEPT_SECONDS, show_spinner=False)
def _file(run_id: str, version: int, key: str, checkpoint: str) -> bytes:  # noqa: ARG001
    """The content of a file, asked of the worker once for all sessions.

    Args:
        run_id: The run.
        version: Its version: another name, for example, is another text in its code.
        key: The format.
        checkpoint: "best" or "last".
    """
    question = "mnist_core.transfer.export:export", run_id, key, checkpoint
    content: bytes = lab.ask(*question, kind=Question.LONG)
    return content


@st.fragment
def show_export(run: Run) -> None:
    """Choose a format and take the file.

    Args:
        run: The run; one that has not ended says so.
    """
    if run.status.is_active:
        st.info(_("This run is still training. It can be exported when it has ended."))
        return
    no_code = why_no_code(run)
    if no_code and not left_models(lab.store, run):
        st.info(Markdown(" ").join([_("This run has left no network."), _(no_code)]))
        return
    form = _choose_format(run, no_code)
    checkpoint = "best" if form.is_code else _choose_checkpoint(run)
    if form.is_code:
        st.caption(
            _(
                "It needs Python with Keras, TensorFlow, NumPy and Matplotlib, and nothing of this "
                "lab; its first lines say how to install them. Its words are English."
            )
        )
    else:
        st.caption(_model_words(run))
    _show_file(run, form, checkpoint)
    with st.expander(_("How to use the file")):
        name = file_name(run, form, checkpoint)
        st.code(form.usage.format(file=name), "bash" if form.is_code else "python")


def _model_words(run: Run) -> Markdown:
    """What a file of the model takes, and what it answers."""
    takes = _(input_words(run)).format(shape=input_shape(run))
    answers = output_words(run)
    if not answers:
        return takes
    quantity = run.config.quantity
    unit = _(quantity.unit) if quantity else ""
    return Markdown(" ").join([takes, _(answers).format(unit=unit)])


def _choose_format(run: Run, no_code: str) -> Format:
    with_model = left_models(lab.store, run)
    able = [key for key, form in FORMATS.items() if (not no_code if form.is_code else with_model)]
    if no_code:
        st.caption(_(no_code))
    elif not with_model:
        st.caption(_("This run has left no network. What is left is code that trains it again."))
    keys.EXPORT_FORMAT.keep_among(able)
    key = st.pills(
        _("Format"),
        able,
        format_func=lambda key: _(FORMATS[key].label),
        key=keys.EXPORT_FORMAT.prepare(),
        required=True,
        persist_state="session",
    )
    form = FORMATS[key or able[0]]
    st.markdown(_(form.summary))
    return form


def _choose_checkpoint(run: Run) -> str:
    if run.has_models and run.imported is None and len(checkpoints_of(run)) == 1:
        st.caption(_("This run had no validation samples: its network is that of the last epoch."))
        return "last"
    return choose_checkpoint(run, keys.EXPORT_CHECKPOINT)


def _show_file(run: Run, form: Format, checkpoint: str) -> None:
    """The button that has the file written and takes it."""
    if not workers_answer(_("The workers are starting; a file can be written in a few seconds.")):
        return
    wanted = (run.id, run.version, form.key, checkpoint)
    failures = keys.export_failures()
    if (error := failures.pop(wanted, None)) is not None:
        errors.show(error)
    name = file_name(run, form, checkpoint)
    st.download_button(
        _("Download {file}").format(file=name),
        lambda: _written(wanted, failures),
        file_name=name,
        mime=form.mime,
        key=keys.EXPORT_DOWNLOAD,
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )


def _written(
    wanted: tuple[str, int, str, str], failures: dict[tuple[str, int, str, str], LabError]
) -> bytes:
    """The file, written at the moment when somebody takes it.

    Streamlit runs this outside of the script and says only that it failed; why, the panel says
    when it is drawn next, to the session that asked.
    """
    try:
        return _file(*wanted)
    except LabError as error:
        failures[wanted] = error
        raise
