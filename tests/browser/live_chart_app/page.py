"""A page with one live chart. What is typed into its field becomes the chart's settings."""

import json

import streamlit as st

from ui.common.lab import lab
from ui.live.chart import live_chart

st.session_state["runs"] = st.session_state.get("runs", 0) + 1
typed = st.text_input("Settings", "{}")
given = json.loads(typed)
run_id = given.pop("run", st.query_params.get("run"))
run = lab.store.get(run_id) if run_id else None
with st.container(key="live-chart"):
    live_chart(run, **given)
st.text(f"Settings now: {typed}")
st.write(f"Run {st.session_state['runs']} of the page, status {run.status.value if run else '-'}.")
