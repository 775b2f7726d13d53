"""The script that each browser session runs: the frame around every page.

It stands one folder away from ``pages/``: beside that folder, Streamlit would serve the files in
it by themselves to the first visitor of a deep link.
"""

from pathlib import Path


def main() -> None:
    """Draw the page that the address names, in its frame."""
    import streamlit as st

    from ui.common import errors, waiting
    from ui.common.i18n import _
    from ui.common.lab import lab
    from ui.common.navigation import all_pages, close_drawer_after_choice, unknown_address

    # Before the navigation: a page's own icon would be fetched from a host of fonts.
    st.set_page_config(page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
    st.html(Path(__file__).with_name("layout.css"))
    page = st.navigation(all_pages(), position="top")
    name = _("MNIST Lab")
    # The first page is the one without an address of its own.
    st.set_page_config(page_title=f"{page.title} · {name}" if page.url_path else name)
    close_drawer_after_choice(page)
    if asked := unknown_address(page):
        words = _("There is no page “{name}” here. This is the start page.")
        st.warning(words.format(name=asked[:40]), icon=":material/wrong_location:")
    if page.url_path != "runs":  # whose list looks for itself, again and again
        waiting.warn_of_trouble()
    with errors.shown():
        page.run()
    lab.page_served()


# Streamlit calls this script the main one, so a worker process that is started after a page was
# shown runs it too, under another name. It is not to draw pages, nor even to load Streamlit.
if __name__ == "__main__":
    main()
