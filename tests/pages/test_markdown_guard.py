"""The check that all page tests stand on does refuse what it is to refuse."""

from __future__ import annotations

import pytest
import streamlit as st

from ui.common.i18n import Markdown, escaped

PICTURE = "![a](http://host.example/a.png)"


@pytest.mark.parametrize(
    "show",
    [
        lambda text: st.markdown(text),
        lambda text: st.button("", help=text),
        lambda text: st.metric(Markdown("a"), text),
        lambda text: st.tabs([text]),
        lambda text: st.container().caption(text),
        lambda text: st.pills(Markdown("a"), [1, 2], format_func=lambda _option: text),
        lambda text: st.html(escaped(text)),
        lambda text: st.selectbox(Markdown("a"), [1], format_func=lambda _option: escaped(text)),
    ],
)
def test_a_text_that_is_not_marked_is_refused(show) -> None:
    with pytest.raises(TypeError, match="Markdown"):
        show(PICTURE)
    show(Markdown("own") if "escaped" not in show.__code__.co_names else "own")
