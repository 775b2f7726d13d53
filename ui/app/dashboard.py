"""The main script, which each browser session runs: navigation, messages and the current page.

It must not lie beside ``pages/``: there, Streamlit would serve the page files without this script
to the first visitor of a deep link.
"""

from pathlib import Path


def main() -> None:
    """Draw the navigation and the page that the address names."""
    import streamlit as st

    from ui.common import errors, waiting
    from ui.common.i18n import _
    from ui.common.lab import lab
    from ui.common.navigation import all_pages, close_drawer_after_choice, unknown_address

    # Before the navigation: the browser would fetch a page's material icon from a font host.
    st.set_page_config(page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
    st.html(Path(__file__).with_name("layout.css"))
    page = st.navigation(all_pages(), position="top")
    name = _("MNIST Lab")
    # The start page has an empty path.
    st.set_page_config(page_title=f"{page.title} · {name}" if page.url_path else name)
    close_drawer_after_choice(page)
    if asked := unknown_address(page):
        words = _("The page “{name}” does not exist. This is the start page.")
        st.warning(words.format(name=asked[:40]), icon=":material/wrong_location:")
    if page.url_path != "runs":  # its list shows the warning, and updates it
        waiting.warn_of_trouble()
    with errors.shown():
        page.run()
    lab.page_served()


# This is the main module for Streamlit, so worker processes that start later import it, under
# another name. They must not draw pages or load Streamlit.
if __name__ == "__main__":
    main()
