"""Entry point of the web app: ``streamlit run app.py``.

One server process runs the pages, the live event stream and the engine. Only the engine's worker
processes load TensorFlow.
"""

import streamlit as st

from ui.app import server

# Streamlit searches the text of this file for this assignment.
app = st.App(server.SCRIPT, routes=server.routes(), lifespan=server.lifespan)
