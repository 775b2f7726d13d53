"""The import of a model file, or of a run that a lab has saved."""

from __future__ import annotations

import math
from collections.abc import Callable

import streamlit as st

from mnist_core.errors import LabError, UnknownRunError
from mnist_core.i18n import mark
from mnist_core.runs import Run
from mnist_core.runs.model_files import left_models
from mnist_core.transfer import uploads
from mnist_core.transfer.keras_import import plan
from mnist_core.transfer.keras_import.findings import AUTO, findings
from ui.common import errors, idempotency
from ui.common.formatting import percent
from ui.common.i18n import Markdown, _
from ui.common.lab import lab
from ui.common.navigation import link, link_to_try
from ui.common.setting_labels import CHOICE_LABELS
from ui.common.waiting import workers_answer
from ui.models import disk_space, keys

SCALINGS = {AUTO: mark("Detect"), **CHOICE_LABELS["pixel_scaling"]}


def show_import() -> None:
    """Show both imports, and the run that was imported last."""
    st.header(_("Import a model"), anchor=False)
    show_imported()
    workers_answer(_("The workers are starting; a file can be imported in a few seconds."))
    with st.container(key=keys.IMPORTS):
        left, right = st.columns(2, gap="large")
        with left:
            show_model_upload()
        with right:
            show_run_upload()


def show_model_upload() -> None:
    """Show the import of a model that was trained elsewhere."""
    st.markdown(
        _(
            '**A model that was trained elsewhere**, saved with `model.save("model.keras")` or '
            "as `.h5`. Here it can be evaluated, tested with drawings and exported."
        )
    )
    file = st.file_uploader(
        _("Model file"),
        type=["keras", "h5"],
        key=keys.UPLOAD.key,
        max_upload_size=plan.MOST_BYTES // 1_000_000,
        help=_(
            "Sequential and functional models of Keras's usual layers, for 28 × 28 pixels and ten "
            "digits, up to 100 MB. No code in the file is run: the network is rebuilt from its "
            "description, and a file that contains code is refused."
        ),
    )
    scaling = st.segmented_control(
        _("Pixel range"),
        list(SCALINGS),
        format_func=lambda key: _(SCALINGS[key]),
        key=keys.SCALING.prepare(),
        required=True,
        help=_(
            "The range of the pixels that the model was trained with. “Detect” compares its "
            "accuracy on training images with both ranges, and shows the result. Or choose the "
            "range: 0 to 1 if a program divided the pixels by 255, 0 to 255 if a Rescaling layer "
            "in the network does so."
        ),
    )
    asked = st.button(
        _("Import the model"),
        key=keys.TAKE,
        disabled=file is None,
        type="primary",
        on_click=clear_imported,
    )
    if asked and file is not None and scaling:
        import_once(
            (file.file_id, scaling),
            lambda: lab.import_model(file, file.name, scaling),
        )


def show_run_upload() -> None:
    """Show the import of a saved run."""
    st.markdown(
        _(
            "**A saved run**, the .zip file from “Download everything”, here or on another "
            "machine. Its checksums are verified, and it is imported as a new run."
        )
    )
    file = st.file_uploader(
        _("Saved run"),
        type=["zip"],
        key=keys.RESTORE.key,
        max_upload_size=uploads.MOST_BYTES // 1_000_000,
    )
    asked = st.button(
        _("Import a saved run"),
        key=keys.RESTORE_TAKE,
        disabled=file is None,
        on_click=clear_imported,
    )
    if asked and file is not None:
        import_once((file.file_id, "run"), lambda: lab.restore(file, file.name))


def clear_imported() -> None:
    """Remove the message of an earlier import."""
    keys.IMPORTED.set(None)


def import_once(identity: tuple[str, str], import_file: Callable[[], Run]) -> None:
    """Import a file, once, and select the new run.

    Args:
        identity: The file and the settings of the import.
        import_file: Imports the file.
    """
    try:
        with st.spinner(_("The file is being checked …"), show_time=True):
            run_id = idempotency.once(
                identity,
                lambda: import_file().id,
                seconds=math.inf,
                holds=lambda run_id: run_id in lab.store.versions([run_id]),
            )
    except LabError as error:
        errors.show(error)
        return
    if run_id == keys.IMPORTED.get():
        return
    keys.IMPORTED.set(run_id)
    disk_space.sizes.clear()
    st.query_params["run"] = run_id  # its own choice of a run is drawn already
    st.rerun()


def imported_run() -> Run | None:
    """The run that was imported last, if it still exists."""
    run_id = keys.IMPORTED.get()
    try:
        return lab.store.get(run_id) if run_id else None
    except UnknownRunError:
        return None


def show_imported() -> None:
    """Show the run that was imported last, its accuracy, and links to it."""
    run = imported_run()
    if run is None:
        return
    words = _("**{name}** has been imported.")
    if run.test_metric is not None:
        words = _(
            "**{name}** has been imported. It classifies {accuracy} of the test images correctly."
        )
    st.success(
        words.format(name=run.name, accuracy=percent(run.test_metric)),
        icon=":material/check:",
    )
    for finding in findings(run):
        (st.warning if finding.is_warning else st.info)(Markdown(" ").join(finding.sentences(_)))
    if not left_models(lab.store, run):
        return
    with st.container(horizontal=True):
        link("evaluate", _("Evaluate the model"), run=run.id)
        link_to_try(run)
