"""The start page: what this is, one finished experiment as a picture, and experiments to start."""

import streamlit as st

from mnist_core.experiment.presets import PRESETS
from ui.common import errors
from ui.common.i18n import _
from ui.live import chart
from ui.start import keys
from ui.start.cards import offer_all
from ui.start.introduction import finished_example, show_intro, show_picture
from ui.start.reproduction import show_reproduction

#: So many experiments are shown at once; the others are one click away.
OPEN_CARDS = 4


with st.container(key=keys.LAYOUT):
    with st.container(key=keys.INTRO):
        show_intro()
    example = None
    with errors.shown():
        example = finished_example()
    if example:
        show_picture(example)
    else:
        chart.warm_up()

digits, others = (
    [preset for preset in PRESETS.values() if (preset.config.task == "mnist") is wanted]
    for wanted in (True, False)
)
st.header(_("Experiments"), anchor=False)
offer_all(keys.CARDS, digits[:OPEN_CARDS])
with st.expander(_("More experiments with digits")):
    offer_all(keys.MORE_CARDS, digits[OPEN_CARDS:])
with st.expander(_("Other data: clothes, texts and house prices")):
    offer_all(keys.OTHER_CARDS, others)
show_reproduction()
