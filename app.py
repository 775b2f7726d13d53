"""The front door: ``streamlit run app.py``.

One server process holds the pages, the live event stream and the engine. It never loads
TensorFlow: that is for the engine's workers.
"""

import streamlit as st

from ui.app import server

# Streamlit finds the server by this assignment, which it looks for in the text of this file.
app = st.App(server.SCRIPT, routes=server.routes(), lifespan=server.lifespan)
