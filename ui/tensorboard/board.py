"""TensorBoard in a frame, and its start."""

from __future__ import annotations

import streamlit as st

from ui.common import errors
from ui.common.i18n import _
from ui.tensorboard import keys, proxy

#: Seconds between two checks while TensorBoard starts.
CHECK_SECONDS = 0.5
FRAME_HEIGHT = 760


def frame_address(run_ids: list[str], theme: str | None) -> str:
    """The address of TensorBoard's page with these runs only, light or dark."""
    query = "?darkMode=true" if theme == "dark" else ""
    return f"{proxy.address_of(run_ids)}{query}#timeseries"


def show_board(run_ids: list[str]) -> None:
    """Show TensorBoard in a frame, or the button that starts it."""
    now = proxy.state()
    if now.phase == "ready":
        proxy.refresh()
        if not run_ids:
            st.info(_("Choose at least one run."))
            return
        with st.container(key=keys.FRAME):
            st.iframe(frame_address(run_ids, st.context.theme.type), height=FRAME_HEIGHT)
        return
    if now.phase == "starting":
        wait_for_board()
        return
    if now.error:
        errors.show(now.error)
    else:
        st.markdown(
            _(
                "TensorBoard is a widely used tool for inspecting and comparing training runs. It "
                "shows the curves of the runs in this lab, the graph of a training step, the "
                "weights, and the effect of the settings. It starts in a few seconds, and stops "
                "with the lab or after half an hour without use."
            )
        )
    st.button(
        _("Try again") if now.error else _("Start TensorBoard"),
        type="primary",
        key=keys.START,
        icon=":material/play_arrow:",
        on_click=start,
    )


def start() -> None:
    """Start TensorBoard for all sessions."""
    with errors.noted():
        proxy.start()


@st.fragment(run_every=CHECK_SECONDS)
def wait_for_board() -> None:
    """Show that TensorBoard is starting, and rerun the page when it has started."""
    if proxy.state().phase != "starting":
        st.rerun()
    st.info(
        _("TensorBoard is starting. This takes a few seconds."),
        icon=":material/hourglass_empty:",
    )
