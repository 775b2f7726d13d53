"""The Start page: an introduction, the learning curves of an example, and the experiments."""

import streamlit as st

from mnist_core.experiment.presets import PRESETS
from ui.common import errors
from ui.common.i18n import _
from ui.live import chart
from ui.start import keys
from ui.start.cards import show_cards
from ui.start.introduction import finished_example, show_example, show_intro
from ui.start.reproduction import show_reproduction

#: Number of experiments outside the expander.
OPEN_CARDS = 4


with st.container(key=keys.LAYOUT):
    with st.container(key=keys.INTRO):
        show_intro()
    example = None
    with errors.shown():
        example = finished_example()
    if example:
        show_example(example)
    else:
        chart.warm_up()

digits, others = (
    [preset for preset in PRESETS.values() if (preset.config.task == "mnist") is is_mnist]
    for is_mnist in (True, False)
)
st.header(_("Experiments"), anchor=False)
show_cards(keys.CARDS, digits[:OPEN_CARDS])
with st.expander(_("More experiments with digits")):
    show_cards(keys.MORE_CARDS, digits[OPEN_CARDS:])
with st.expander(_("Other data: clothes, texts and tables")):
    show_cards(keys.OTHER_CARDS, others)
show_reproduction()
