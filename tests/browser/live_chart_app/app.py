"""A server with the live chart alone, for its tests: no engine, no other page."""

from pathlib import Path

import streamlit as st

from ui.live import routes

app = st.App(Path(__file__).parent / "page.py", routes=routes.routes)
