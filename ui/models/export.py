"""Model export: a run's network as a file for another tool, or as code that trains it again.

A worker writes the file on request; it is then cached for all sessions, so that a class that
downloads the same network has it written once.
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

#: Files cached for all sessions, and for how many seconds; a large network has 10 MB.
KEPT, KEPT_SECONDS = 12, 1800


@st.cache_data(max_entries=KEPT, ttl=KEPT_SECONDS, show_spinner=False)
def _file(run_id: str, version: int, key: str, checkpoint: str) -> bytes:  # noqa: ARG001
    """The content of a file, requested from a worker once for all sessions.

    Args:
        run_id: The run.
        version: Its version: a new name, for example, changes the exported code.
        key: The format.
        checkpoint: "best" or "last".
    """
    question = "mnist_core.transfer.export:export", run_id, key, checkpoint
    content: bytes = lab.ask(*question, kind=Question.LONG)
    return content


@st.fragment
def show_export(run: Run) -> None:
    """Show the choice of format and checkpoint, and the download.

    Args:
        run: The run; while it trains, only a message is shown.
    """
    if run.status.is_active:
        st.info(_("This run is still training. It can be exported when it has ended."))
        return
    no_code = why_no_code(run)
    if no_code and not left_models(lab.store, run):
        st.info(Markdown(" ").join([_("This run has no saved model."), _(no_code)]))
        return
    form = _choose_format(run, no_code)
    checkpoint = "best" if form.is_code else _choose_checkpoint(run)
    if form.is_code:
        st.caption(
            _(
                "The code needs Python with Keras, TensorFlow, NumPy and Matplotlib, but not this "
                "lab; its first lines show how to install them. Its comments are in English."
            )
        )
    else:
        st.caption(_input_and_output(run))
    _show_file(run, form, checkpoint)
    with st.expander(_("How to use the file")):
        name = file_name(run, form, checkpoint)
        st.code(form.usage.format(file=name), "bash" if form.is_code else "python")


def _input_and_output(run: Run) -> Markdown:
    """The input and the output of the exported model."""
    inputs = _(input_words(run)).format(shape=input_shape(run))
    outputs = output_words(run)
    if not outputs:
        return inputs
    quantity = run.config.quantity
    unit = _(quantity.unit) if quantity else ""
    return Markdown(" ").join([inputs, _(outputs).format(unit=unit)])


def _choose_format(run: Run, no_code: str) -> Format:
    with_model = left_models(lab.store, run)
    available = [
        key for key, form in FORMATS.items() if (not no_code if form.is_code else with_model)
    ]
    if no_code:
        st.caption(_(no_code))
    elif not with_model:
        st.caption(_("This run has no saved model. The code trains it again."))
    keys.EXPORT_FORMAT.keep_among(available)
    key = st.pills(
        _("Format"),
        available,
        format_func=lambda key: _(FORMATS[key].label),
        key=keys.EXPORT_FORMAT.prepare(),
        required=True,
        persist_state="session",
    )
    form = FORMATS[key or available[0]]
    st.markdown(_(form.summary))
    return form


def _choose_checkpoint(run: Run) -> str:
    if run.has_models and run.imported is None and len(checkpoints_of(run)) == 1:
        st.caption(_("This run had no validation samples: its network is that of the last epoch."))
        return "last"
    return choose_checkpoint(run, keys.EXPORT_CHECKPOINT)


def _show_file(run: Run, form: Format, checkpoint: str) -> None:
    """Show the download button, which has the file written."""
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
    """The file, written when it is downloaded.

    Streamlit runs this outside the script and reports only that it failed. The panel shows the
    error on its next rerun, in the session that pressed the button.
    """
    try:
        return _file(*wanted)
    except LabError as error:
        failures[wanted] = error
        raise
