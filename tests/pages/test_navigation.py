"""The table of pages: one line and one file are a page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import DASHBOARD, Open, said
from tests.waiting import PATIENCE
from ui.common import navigation

SOURCE = """
import streamlit as st
from ui.common.i18n import _
from ui.common.navigation import link

st.title(_("Weights"), anchor=False)
link("weights", run="1")
"""


def test_a_file_and_a_line_are_a_page(
    lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "weights.py"
    script.write_text(SOURCE, "utf-8")
    line = navigation.PageEntry("Weights", ":material/star:", str(script))
    monkeypatch.setitem(navigation.PAGES, "weights", line)
    app = AppTest.from_file(str(DASHBOARD), default_timeout=PATIENCE).run()
    app.switch_page(os.path.relpath(script, DASHBOARD.parent)).run()
    assert not app.exception
    assert said(app).splitlines()[0] == "Weights"
    (link,) = (one.proto for one in app.get("page_link"))
    assert (link.page, link.label, link.icon) == ("weights", "Weights", ":material/star:")
    assert link.query_string == "run=1"


def test_every_file_in_pages_is_in_the_table() -> None:
    files = sorted(path.name for path in navigation.FOLDER.glob("*.py"))
    assert sorted(entry.file for entry in navigation.PAGES.values()) == files


@pytest.mark.parametrize("page", [Path(entry.file).stem for entry in navigation.PAGES.values()])
def test_each_page_opens(open_page: Open, page: str) -> None:
    app = open_page(page)
    assert not app.exception
    assert app.title
