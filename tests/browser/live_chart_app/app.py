"""A server with the live chart alone, for its tests: no engine, no other page."""

from pathlib import Path

import streamlit as st

from ui import live_routes

app = st.App(Path(__file__).parent / "page.py", routes=live_routes.routes)
