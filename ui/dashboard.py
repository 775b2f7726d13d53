"""The script that each browser session runs: the frame around every page.

It stands one folder away from ``pages/``: beside that folder, Streamlit would serve the files in
it by themselves to the first visitor of a deep link.
"""

from pathlib import Path


def main() -> None:
    """Draw the page that the address names, in its frame."""
    import streamlit as st

    from ui import problems, services
    from ui.navigation import (
        ask_page,
        data_page,
        draw_page,
        evaluate_page,
        folds_page,
        models_page,
        runs_page,
        start_page,
        tensorboard_page,
        train_page,
    )
    from ui.text import _

    st.set_page_config(page_title=_("MNIST Lab"), layout="wide")
    st.html(Path(__file__).with_name("layout.css"))
    page = st.navigation(
        [
            start_page(),
            data_page(),
            train_page(),
            folds_page(),
            draw_page(),
            ask_page(),
            evaluate_page(),
            models_page(),
            tensorboard_page(),
            runs_page(),
        ],
        position="top",
    )
    with problems.shown():
        page.run()
    # Last, as Streamlit loads Pillow for it, for which the first visitor would wait.
    st.set_page_config(page_icon=Path(__file__).with_name("icon.svg"))
    services.page_served()


# Streamlit calls this script the main one, so a worker process that is started after a page was
# shown runs it too, under another name. It is not to draw pages, nor even to load Streamlit.
if __name__ == "__main__":
    main()
